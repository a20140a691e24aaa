"""The earlier cells that the cells of an answer are compared with, one for one."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import accumulate
from zoneinfo import ZoneInfo

from timegrid import buckets
from timegrid.buckets import Granularity, Span


class Comparison(StrEnum):
    """What the numbers of an answer are compared with."""

    PERIOD = "previous_period"
    WEEK = "previous_week"
    YEAR = "previous_year"


_BACK = {Comparison.WEEK: timedelta(weeks=1), Comparison.YEAR: timedelta(weeks=52)}
_LEAP_YEAR = timedelta(days=366)
_SLACK = timedelta(days=5)  # what months, and days that a zone skips, can be off
_GRID = timedelta(seconds=buckets.FIVE_MINUTES)


class ComparisonError(ValueError):
    """There is nothing to compare such cells with."""


def previous(
    edges: Sequence[datetime],
    *,
    comparison: Comparison,
    granularity: Granularity,
    zone: ZoneInfo,
) -> list[datetime]:
    """The edges of as many earlier cells as these edges, of one cut, enclose.

    PERIOD: the cells right before. WEEK and YEAR: where the clock of `zone` showed the
    same 7 days or 52 weeks before, so that weekdays meet; a year before a month is the
    month of that name. These adjoin: a cell reaches to where the next one begins, over
    an hour that today's clock skips and both readings of one that it repeated then. A
    cell without counterpart, for an hour that was skipped then or is repeated now, is
    empty: its two edges are one. Raises ComparisonError for months a week before, and
    where the years end that can be read.
    """
    if comparison is Comparison.WEEK and granularity is Granularity.MONTH:
        raise ComparisonError(
            "Months cannot be compared with a week before: expected previous_period "
            "or previous_year, or a granularity of 1w or finer."
        )
    if comparison is Comparison.PERIOD:
        return _right_before(edges, granularity, zone)
    _earlier(edges[0], _LEAP_YEAR)
    walls = [_wall(at, granularity, zone) for at in edges]
    reached = [_reached(_before(wall, comparison, granularity)) for wall in walls]
    # Where a clock that is put back shows an hour twice, the edges go back with it.
    return list(accumulate(reversed(reached), min))[::-1]


def running(
    edges: Sequence[datetime], previous: Sequence[datetime], *, at: datetime
) -> tuple[int, datetime] | None:
    """The place of the cell that runs at a time, and where as much as has passed of it,
    in whole five minutes, has passed of its counterpart; None where all have ended.

    A counterpart that is shorter ends no later than it does.
    """
    if len(edges) < 2 or at >= edges[-1]:
        return None
    cell = max(0, bisect_right(edges, at) - 1)
    passed = max(buckets.floor(at, resolution=buckets.FIVE_MINUTES), edges[cell])
    end_at = previous[cell] + (passed - edges[cell])
    return cell, min(end_at, previous[cell + 1])


def _right_before(
    edges: Sequence[datetime], granularity: Granularity, zone: ZoneInfo
) -> list[datetime]:
    start_at = _earlier(edges[0], edges[-1] - edges[0])
    before = Span(start_at, edges[0])
    return buckets.cut(before, granularity=granularity, zone=zone)[-len(edges) :]


def _earlier(at: datetime, length: timedelta) -> datetime:
    if at - buckets.FIRST_AT < length + _SLACK:
        raise ComparisonError("This early there is no time before to compare with.")
    return at - length - _SLACK


def _wall(at: datetime, granularity: Granularity, zone: ZoneInfo) -> datetime:
    """What the clock would show where a cell begins, were it not put forward there.

    The edge may be up to five minutes before, where the zone is off in odd minutes.
    """
    shown = at.astimezone(zone)
    if granularity is Granularity.FIVE_MINUTES:
        return shown
    if (shown.utcoffset() or _GRID) % _GRID:
        shown = (at + _GRID - timedelta.resolution).astimezone(zone)
    hour = shown.hour if granularity is Granularity.HOUR else 0
    return shown.replace(hour=hour, minute=0, second=0, microsecond=0)


def _before(
    wall: datetime, comparison: Comparison, granularity: Granularity
) -> datetime:
    if granularity is Granularity.MONTH:
        return wall.replace(year=wall.year - 1)
    earlier = wall - _BACK[comparison]
    return earlier.replace(fold=wall.fold)


def _reached(wall: datetime) -> datetime:
    """When a clock comes to show `wall` or, where it skips it, the next later time."""
    first_at = wall.replace(fold=0).astimezone(UTC)
    second_at = wall.replace(fold=1).astimezone(UTC)
    if first_at <= second_at:
        at = second_at if wall.fold else first_at
        return buckets.floor(at, resolution=buckets.FIVE_MINUTES)
    skipped = range((first_at - second_at) // _GRID)
    # Between datetimes of one zone, Python compares what their clock shows.
    steps = bisect_left(
        skipped, wall, key=lambda n: (second_at + n * _GRID).astimezone(wall.tzinfo)
    )
    return buckets.floor(second_at + steps * _GRID, resolution=buckets.FIVE_MINUTES)
