"""Which spans are looked back on, so that new events in them change later numbers."""

from bisect import bisect_right
from collections.abc import Sequence

from analytics.kinds.rules import LOOKBACK
from timegrid.buckets import LAST_AT, Span


def gaps(spans: Sequence[Span]) -> list[Span]:
    """Returns what lies after each span: as far as kinds look back, or to the next."""
    ends = [*(span.start_at for span in spans[1:]), LAST_AT]
    return [
        Span(span.end_at, min(span.end_at + LOOKBACK, end))
        for span, end in zip(spans, ends, strict=True)
    ]


def looked_back_on(spans: Sequence[Span], *, gaps: Sequence[Span]) -> list[Span]:
    """Returns the spans that are looked back on from `gaps`, those that hold events.

    Both are sorted.
    """
    ends = [gap.end_at for gap in gaps]
    next_gap = (bisect_right(ends, span.end_at) for span in spans)
    return [
        span
        for span, index in zip(spans, next_gap, strict=True)
        if index < len(gaps) and gaps[index].start_at < span.end_at + LOOKBACK
    ]
