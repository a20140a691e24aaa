"""Spans of time, and the cells they are cut into."""

import math
import operator
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import accumulate, groupby, islice, pairwise, repeat
from zoneinfo import ZoneInfo

from timegrid import times

FIVE_MINUTES = 300
HOUR = 3600
DAY = 86400
RESOLUTIONS = (FIVE_MINUTES, HOUR, DAY)  # of stored buckets, in seconds
MAX_CELLS = 10_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A year short of what a datetime can hold: cells reach beyond their span.
FIRST_AT = datetime(2, 1, 1, tzinfo=UTC)
LAST_AT = datetime(9999, 1, 1, tzinfo=UTC)

_MONDAY_AT = datetime(1970, 1, 5, tzinfo=UTC)


class SpanError(ValueError):
    """A time, or a span of time, that nothing can be stored or read for."""


class TooManyCells(ValueError):  # noqa: N818 (a refusal, named by its reason)
    """More cells than one answer may hold."""


class Granularity(StrEnum):
    """The size of a cell."""

    FIVE_MINUTES = "5m"
    HOUR = "1h"
    DAY = "1d"
    WEEK = "1w"
    MONTH = "1mo"


_SIZES = {
    Granularity.FIVE_MINUTES: timedelta(minutes=5),
    Granularity.HOUR: timedelta(hours=1),
    Granularity.DAY: timedelta(days=1),
    Granularity.WEEK: timedelta(weeks=1),
    Granularity.MONTH: timedelta(days=365.2425 / 12),  # the mean month
}
_LADDER = (
    (timedelta(hours=2), Granularity.FIVE_MINUTES),
    (timedelta(hours=48), Granularity.HOUR),
    (timedelta(days=92), Granularity.DAY),  # the longest quarter
    (timedelta(days=731), Granularity.WEEK),  # the longest two years
)


@dataclass(frozen=True)
class Span:
    """The half-open time `[start_at, end_at)`, of aware UTC datetimes.

    Raises SpanError when it ends before it starts, or leaves the years 2 to 9998.
    """

    start_at: datetime
    end_at: datetime

    def __post_init__(self) -> None:
        if self.start_at > self.end_at:
            raise SpanError(f"The end, {self.end_at}, is before the start.")
        if self.start_at < FIRST_AT or self.end_at > LAST_AT:
            raise SpanError("Only times in the years 2 to 9998 can be asked for.")


class Extent(Span):
    """The time that cells cover, which may reach beyond what can be asked for."""

    def __post_init__(self) -> None:
        pass


def moment(timestamp: float | Decimal) -> datetime:
    """The aware UTC datetime of seconds since 1970, cut to the microsecond.

    Raises SpanError outside the years 2 to 9998, and for NaN.
    """
    if not FIRST_AT.timestamp() <= timestamp <= LAST_AT.timestamp():
        raise SpanError(f"{timestamp} is not a timestamp in the years 2 to 9998.")
    return times.from_seconds(timestamp)


def floor(at: datetime, *, resolution: int) -> datetime:
    """The start of the stored bucket, `resolution` seconds long, that holds `at`."""
    step = timedelta(seconds=resolution)
    return EPOCH + (at - EPOCH) // step * step


def widened(spans: Sequence[Span], *, resolution: int) -> list[Span]:
    """The spans of whole stored buckets that touch these spans, disjoint.

    `spans` are sorted by their starts; they may overlap.
    """
    step = timedelta(seconds=resolution)
    wider: list[Span] = []
    for span in spans:
        start_at = floor(span.start_at, resolution=resolution)
        end_at = floor(span.end_at + step - timedelta.resolution, resolution=resolution)
        if wider and start_at <= wider[-1].end_at:
            last = wider.pop()
            start_at, end_at = last.start_at, max(last.end_at, end_at)
        wider.append(Span(start_at, end_at))
    return wider


def batches(spans: Sequence[Span], *, days: int, most: int) -> Iterator[list[Span]]:
    """Yields sorted spans, cut where needed, in lists of at most `most` spans.

    Each list lies within as many days, counted from 1970.
    """
    length = days * DAY
    pieces = (piece for span in spans for piece in cut_at(span, resolution=length))
    windows = groupby(pieces, lambda piece: floor(piece.start_at, resolution=length))
    for _, window in windows:
        while batch := list(islice(window, most)):
            yield batch


def cut_at(span: Span, *, resolution: int) -> Iterator[Span]:
    """Yields the pieces of a span between multiples of so many seconds."""
    start_at, step = span.start_at, timedelta(seconds=resolution)
    while start_at < span.end_at:
        end_at = min(floor(start_at, resolution=resolution) + step, span.end_at)
        yield Span(start_at, end_at)
        start_at = end_at


def around_hours(start_at: datetime, end_at: datetime) -> list[list[datetime]]:
    """The ends of up to three adjoining spans: the middle one is of whole hours.

    Both times are multiples of five minutes; where they are the same, there is none.
    """
    step = timedelta(seconds=HOUR) - timedelta.resolution
    hours = floor(start_at + step, resolution=HOUR), floor(end_at, resolution=HOUR)
    inner = [at for at in hours if start_at < at < end_at]
    ends = sorted({start_at, *inner, end_at})
    return [list(pair) for pair in pairwise(ends)]


def granularity_for(span: Span, *, zone: ZoneInfo) -> Granularity:
    """The size of cell at which a span of this length reads well.

    A local day is a day, also where the clock is put back and it has 25 hours.
    """
    start, end = span.start_at.astimezone(zone), span.end_at.astimezone(zone)
    # Between datetimes of one zone, Python reckons by the local clock.
    length = min(end - start, span.end_at - span.start_at)
    fitting = (granularity for longest, granularity in _LADDER if length <= longest)
    return next(fitting, Granularity.MONTH)


def edges(
    span: Span, *, granularity: Granularity, zone: ZoneInfo, most: int = MAX_CELLS
) -> list[datetime]:
    """The n + 1 edges, aware UTC, of the fewest adjoining cells that cover a span.

    Cells begin where the clock of `zone` shows a full hour, midnight, Monday's
    midnight or the first of a month; 5-minute cells are the same in every zone.
    When the clock is put back, a repeated hour is a cell again, a repeated midnight
    is not. A wall that the clock skips stands where the old offset puts it (PEP 495).
    Every edge is a multiple of five minutes: the one below, for offsets in odd
    seconds (local mean times, the last until 1972). Raises TooManyCells above `most`.
    """
    expected = round((span.end_at - span.start_at) / _SIZES[granularity])
    if expected > most * 1.05:  # more than clocks and months can be off the mean
        raise _too_many(expected, most)
    cell_edges = cut(span, granularity=granularity, zone=zone)
    if len(cell_edges) - 1 > most:
        raise _too_many(len(cell_edges) - 1, most)
    return cell_edges


def cut(span: Span, *, granularity: Granularity, zone: ZoneInfo) -> list[datetime]:
    """The `edges` of a span that is known to be short: their number is not checked."""
    if granularity is Granularity.FIVE_MINUTES or (
        zone.key == "UTC" and granularity is not Granularity.MONTH
    ):
        return _even_edges(span, _SIZES[granularity])
    return _wall_edges(span, granularity, zone)


def timestamps(edges: Sequence[datetime]) -> list[float]:
    """Where the cells start, in seconds since 1970: one less than there are edges."""
    return [edge.timestamp() for edge in edges[:-1]]


def resolution_for(edges: Sequence[datetime]) -> int:
    """The coarsest stored resolution, in seconds, whose buckets tile every cell.

    Raises ValueError for an edge that is no multiple of five minutes.
    """
    return resolution_of([int(edge.timestamp()) for edge in edges])


def resolution_of(seconds: Sequence[int]) -> int:
    """As `resolution_for`, of edges in seconds since 1970."""
    common = math.gcd(*seconds)
    for resolution in reversed(RESOLUTIONS):
        if common % resolution == 0:
            return resolution
    raise ValueError("Stored buckets do not end at these edges.")


def _even_edges(span: Span, size: timedelta) -> list[datetime]:
    first = _MONDAY_AT + (span.start_at - _MONDAY_AT) // size * size
    return _steps(first, size, max(1, -((first - span.end_at) // size)))


def _wall_edges(span: Span, granularity: Granularity, zone: ZoneInfo) -> list[datetime]:
    walls = _walls(span, granularity, zone)
    if granularity is Granularity.HOUR:
        # A repeated hour comes later at its second reading, a skipped one earlier.
        again = [(wall, wall.replace(fold=1)) for wall in walls]
        walls += [b for a, b in again if b.timestamp() > a.timestamp()]
    reached = sorted({_instant(wall) for wall in walls})
    first = bisect_right(reached, span.start_at) - 1
    last = max(bisect_left(reached, span.end_at), first + 1)
    return reached[first : last + 1]


def _walls(span: Span, granularity: Granularity, zone: ZoneInfo) -> list[datetime]:
    """Where cells begin by the local clock, from before the span to after it."""
    # Between datetimes of one zone, Python reckons by the local clock.
    start, end = span.start_at.astimezone(zone), span.end_at.astimezone(zone)
    if granularity is Granularity.MONTH:
        months = range(start.year * 12 + start.month - 2, end.year * 12 + end.month + 2)
        return [datetime(m // 12, m % 12 + 1, 1, tzinfo=zone) for m in months]
    size, monday = _SIZES[granularity], _MONDAY_AT.replace(tzinfo=zone)
    first = monday + ((start - monday) // size - 1) * size
    return _steps(first, size, (end - first) // size + 2)


def _steps(first: datetime, size: timedelta, number: int) -> list[datetime]:
    return list(accumulate(repeat(size, number), operator.add, initial=first))


def _instant(wall: datetime) -> datetime:
    at = wall.astimezone(UTC)
    return floor(at, resolution=FIVE_MINUTES) if at.second or at.minute % 5 else at


def _too_many(number: int, most: int) -> TooManyCells:
    return TooManyCells(
        f"The span would be cut into {number:,} cells, and at most {most:,} are "
        "answered: choose a coarser granularity or a shorter span."
    )
