"""The part of the data that is asked for, with defaults for what is left out."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from events import buckets
from events.buckets import Granularity, Span


@dataclass(frozen=True, slots=True)
class Period:
    """What part of the data is asked for; None stands for the default."""

    start: datetime | None
    end: datetime | None
    granularity: Granularity | None
    zone: ZoneInfo


def cells(
    period: Period, *, first_at: datetime | None, now: datetime
) -> list[datetime]:
    """Returns the edges of the answer's cells; one edge, no cell, without any data.

    The default start is where the data begin, `first_at`; the default end is now.
    """
    end = period.end or max(now, period.start or now)
    start = period.start or (first_at and min(first_at, end))
    if start is None:
        return [buckets.floor(end, resolution=buckets.FIVE_MINUTES)]
    span = Span(start, end)
    granularity = period.granularity or buckets.granularity_for(span)
    return buckets.edges(span, granularity=granularity, zone=period.zone)
