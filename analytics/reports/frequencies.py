"""Days, weeks and months that have ended, by the clock of a zone."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from timegrid import buckets
from timegrid.buckets import Granularity, Span

# A period of each frequency is one cell of a granularity; its file has smaller ones.
PERIODS = {
    "daily": Granularity.DAY,
    "weekly": Granularity.WEEK,
    "monthly": Granularity.MONTH,
}
CELLS = {
    "daily": Granularity.HOUR,
    "weekly": Granularity.DAY,
    "monthly": Granularity.DAY,
}


def current(frequency: str, *, zone: ZoneInfo, at: datetime) -> Span:
    """Returns the day, week (from Monday) or month of the local clock that holds `at`.

    `at` and the span are aware UTC; a day may have 23 or 25 hours.
    """
    edges = buckets.cut(Span(at, at), granularity=PERIODS[frequency], zone=zone)
    return Span(edges[0], edges[1])


def last(frequency: str, *, zone: ZoneInfo, at: datetime) -> Span:
    """Returns the last whole period that has ended by `at`, the end being its."""
    under_way = current(frequency, zone=zone, at=at)
    return current(frequency, zone=zone, at=under_way.start_at - timedelta.resolution)


def label(frequency: str, *, zone: ZoneInfo, start_at: datetime) -> str:
    """Returns what people call a period: its day, its Monday's week, or its month."""
    first = start_at.astimezone(zone)
    if frequency == "monthly":
        return f"{first:%B %Y}"
    day = f"{first.day} {first:%B %Y}"
    return f"week of {day}" if frequency == "weekly" else day
