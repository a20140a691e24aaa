"""The part of the data that is asked for, with defaults for what is left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from timegrid import buckets, comparisons
from timegrid.buckets import Granularity, Span
from timegrid.comparisons import Comparison


@dataclass(frozen=True, slots=True)
class Period:
    """What part of the data is asked for; None stands for the default."""

    start: datetime | None
    end: datetime | None
    granularity: Granularity | None
    zone: ZoneInfo
    compare: Comparison | None = None
    complete: bool = False  # whether to say of each cell if all is counted in it


def cells(
    period: Period,
    *,
    first_at: datetime | None,
    now: datetime,
    most: int = buckets.MAX_CELLS,
) -> list[datetime]:
    """Returns the edges of the answer's cells; one edge, no cell, without any data.

    The default start is where the data begin, `first_at`; the default end is now.
    Raises TooManyCells above `most`.
    """
    return _cut(period, first_at, now, most)[0]


def compared(
    period: Period, *, first_at: datetime | None, now: datetime
) -> list[list[datetime]]:
    """Returns the edges of `cells`, then, if asked for, of those to compare them with.

    Raises ComparisonError.
    """
    edges, granularity = _cut(period, first_at, now)
    if period.compare is None:
        return [edges]
    previous = comparisons.previous(
        edges, comparison=period.compare, granularity=granularity, zone=period.zone
    )
    return [edges, previous]


def complete(
    edges: Sequence[datetime],
    *,
    start: datetime | None,
    end: datetime,
    cut_at: datetime | None = None,
) -> list[bool]:
    """Says of each cell whether it lies within what was recorded and asked for.

    Without a start there is nothing yet. A cell of no length is never complete, and
    neither is the one in which something is left out from `cut_at` on.
    """
    return [
        start is not None
        and start <= start_at < end_at <= end
        and not (cut_at and start_at <= cut_at < end_at)
        for start_at, end_at in pairwise(edges)
    ]


def _cut(
    period: Period,
    first_at: datetime | None,
    now: datetime,
    most: int = buckets.MAX_CELLS,
) -> tuple[list[datetime], Granularity]:
    end = period.end or max(now, period.start or now)
    start = period.start or (first_at and min(first_at, end))
    if start is None:
        edge = buckets.floor(end, resolution=buckets.FIVE_MINUTES)
        return [edge], period.granularity or Granularity.FIVE_MINUTES
    span = Span(start, end)
    granularity = period.granularity or buckets.granularity_for(span, zone=period.zone)
    edges = buckets.edges(span, granularity=granularity, zone=period.zone, most=most)
    return edges, granularity
