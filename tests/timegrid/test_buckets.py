import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timegrid import buckets
from timegrid.buckets import Granularity, Span

UTC_ZONE = ZoneInfo("UTC")
T0 = datetime(2024, 5, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECONDS = {"5m": 300, "1h": 3600, "1d": 86400, "1w": 604800}
MOMENTS = st.datetimes(datetime(2, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC))


def cells(span, granularity, zone=UTC_ZONE):
    return buckets.edges(span, granularity=Granularity(granularity), zone=zone)


def test_the_example_of_the_spec_is_six_days():
    span = Span(buckets.moment(1616962929.0), buckets.moment(1617400199))
    assert buckets.granularity_for(span, zone=UTC_ZONE) is Granularity.DAY
    edges = cells(span, "1d")
    starts = [1616889600.0, 1616976000.0, 1617062400.0, 1617148800.0, 1617235200.0]
    assert buckets.timestamps(edges) == [*starts, 1617321600.0]
    assert edges[-1] == buckets.moment(1617408000) >= span.end_at
    assert buckets.resolution_for(edges) == buckets.DAY


@pytest.mark.parametrize(
    ("longest", "granularity", "beyond"),
    [
        (timedelta(0), "5m", "5m"),
        (timedelta(hours=2), "5m", "1h"),
        (timedelta(hours=48), "1h", "1d"),
        (timedelta(days=92), "1d", "1w"),
        (timedelta(days=731), "1w", "1mo"),
        (timedelta(days=20_000), "1mo", "1mo"),
    ],
)
def test_longer_spans_get_coarser_cells(longest, granularity, beyond):
    assert buckets.granularity_for(Span(T0, T0 + longest), zone=UTC_ZONE) == granularity
    longer = Span(T0, T0 + longest + MICROSECOND)
    assert buckets.granularity_for(longer, zone=UTC_ZONE) == beyond


@pytest.mark.parametrize("year", [2022, 2023, 2024])
def test_two_calendar_years_are_weeks_with_their_leap_day(year):
    start_at, end_at = (
        datetime(year, 2, 1, tzinfo=UTC),
        datetime(year + 2, 2, 1, tzinfo=UTC),
    )
    assert buckets.granularity_for(Span(start_at, end_at), zone=UTC_ZONE) == "1w"


@pytest.mark.parametrize(
    ("zone", "start", "days", "granularity"),
    [
        ("Europe/Berlin", datetime(2026, 10, 24), 2, "1h"),  # 49 hours
        ("Europe/Berlin", datetime(2026, 3, 28), 2, "1h"),  # 47 hours
        ("Europe/Berlin", datetime(2026, 8, 1), 92, "1d"),  # and an hour
        ("Australia/Lord_Howe", datetime(2026, 4, 4), 2, "1h"),  # 48 and a half
        ("America/Santiago", datetime(2026, 4, 4), 2, "1h"),
        ("Africa/Cairo", datetime(2026, 10, 29), 2, "1h"),
    ],
)
def test_days_by_the_local_clock_are_days_however_long(zone, start, days, granularity):
    clock = ZoneInfo(zone)
    start = start.replace(tzinfo=clock)
    end = start + timedelta(days=days)
    span = Span(start.astimezone(UTC), end.astimezone(UTC))
    assert buckets.granularity_for(span, zone=clock) == granularity
    number = days * {"1h": 24, "1d": 1}[granularity]
    assert abs(len(cells(span, granularity, clock)) - 1 - number) <= 1


def test_48_hours_are_48_hours_also_where_the_clock_shows_49():
    start_at = datetime(2026, 3, 28, 12, tzinfo=UTC)
    span = Span(start_at, start_at + timedelta(hours=48))
    assert buckets.granularity_for(span, zone=ZoneInfo("Europe/Berlin")) == "1h"


@given(MOMENTS, st.sampled_from(sorted(SECONDS)), st.integers(0, 2000), st.floats(0, 1))
def test_utc_cells_are_an_even_grid(at, granularity, number, fraction):
    size = timedelta(seconds=SECONDS[granularity])
    last_at = at + min((number + fraction) * size, buckets.LAST_AT - at)
    edges = cells(Span(at, last_at), granularity)
    assert {later - earlier for earlier, later in pairwise(edges)} == {size}
    assert edges[0] <= at < edges[1]
    assert edges[-1] - size < max(last_at, at + MICROSECOND) <= edges[-1]


def test_weeks_begin_on_monday_and_months_on_the_first():
    span = Span(T0, T0 + timedelta(days=400))
    assert {edge.isoweekday() for edge in cells(span, "1w")} == {1}
    months = cells(span, "1mo")
    assert months[0] == T0
    assert months[-1] == datetime(2025, 7, 1, tzinfo=UTC)
    assert [edge.day for edge in months] == [1] * 15


@pytest.mark.parametrize("granularity", Granularity)
def test_an_empty_span_has_one_cell(granularity):
    monday = datetime(2024, 7, 1, tzinfo=UTC)
    for at in (monday, monday + MICROSECOND):
        edges = cells(Span(at, at), granularity)
        assert len(edges) == 2
        assert edges[0] == monday <= at < edges[1]


@pytest.mark.parametrize("zone", [UTC_ZONE, ZoneInfo("Etc/UTC")], ids=str)
@pytest.mark.parametrize("granularity", sorted(SECONDS))
def test_ten_thousand_cells_are_allowed_and_one_more_is_refused(granularity, zone):
    monday = datetime(1975, 1, 6, tzinfo=UTC)
    end_at = monday + 10_000 * timedelta(seconds=SECONDS[granularity])
    assert len(cells(Span(monday, end_at), granularity, zone)) == 10_001
    with pytest.raises(buckets.TooManyCells, match=r"10,001 cells.* 10,000 .*coarser"):
        cells(Span(monday, end_at + MICROSECOND), granularity, zone)


def test_ten_thousand_months_are_allowed_and_one_more_is_refused():
    start_at, end_at = (
        datetime(1000, 5, 1, tzinfo=UTC),
        datetime(1833, 9, 1, tzinfo=UTC),
    )
    assert len(cells(Span(start_at, end_at), "1mo")) == 10_001
    with pytest.raises(buckets.TooManyCells, match="10,001"):
        cells(Span(start_at, end_at + MICROSECOND), "1mo")


@pytest.mark.parametrize("zone", [UTC_ZONE, ZoneInfo("Asia/Tokyo")], ids=str)
@pytest.mark.parametrize("granularity", Granularity)
def test_all_of_time_is_refused_before_it_is_built(granularity, zone):
    span = Span(buckets.FIRST_AT, buckets.LAST_AT)
    with pytest.raises(buckets.TooManyCells) as refusal:
        cells(span, granularity, zone)
    size = SECONDS.get(granularity, 365.2425 * 86400 / 12)
    number = (span.end_at - span.start_at).total_seconds() / size
    said = int(str(refusal.value).split(" into ")[1].split()[0].replace(",", ""))
    assert said == pytest.approx(number, abs=2)


def test_a_span_does_not_end_before_it_starts():
    with pytest.raises(buckets.SpanError, match="before"):
        Span(T0, T0 - MICROSECOND)


@pytest.mark.parametrize(
    ("start_at", "end_at"),
    [
        (buckets.FIRST_AT - MICROSECOND, T0),
        (T0, buckets.LAST_AT + MICROSECOND),
        (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)),
    ],
)
def test_a_span_keeps_to_the_years_that_can_be_cut(start_at, end_at):
    with pytest.raises(buckets.SpanError, match="years 2 to 9998"):
        Span(start_at, end_at)


@pytest.mark.parametrize(
    "timestamp",
    [-1.5e11, -6.3e10, 2.6e11, 1e300, -1e300, math.inf, -math.inf, math.nan],
)
def test_a_timestamp_outside_those_years_is_a_span_error(timestamp):
    with pytest.raises(buckets.SpanError, match="years 2 to 9998"):
        buckets.moment(timestamp)


def test_a_timestamp_keeps_its_microseconds():
    at = datetime(2024, 5, 1, 0, 0, 0, 250_000, tzinfo=UTC)
    assert buckets.moment(1714521600.25) == at
    assert buckets.moment(-0.5) == buckets.EPOCH - timedelta(seconds=0.5)
    assert buckets.moment(3.5e9).year == 2080


@given(MOMENTS, st.sampled_from([buckets.FIVE_MINUTES, buckets.HOUR, buckets.DAY]))
def test_floor_is_the_bucket_that_holds_the_moment(at, resolution):
    start_at = buckets.floor(at, resolution=resolution)
    assert start_at <= at < start_at + timedelta(seconds=resolution)
    assert start_at.timestamp() % resolution == 0
    assert buckets.floor(start_at, resolution=resolution) == start_at


@pytest.mark.parametrize(
    ("granularity", "zone", "resolution"),
    [
        ("5m", "UTC", 300),
        ("1h", "UTC", 3600),
        ("1d", "UTC", 86400),
        ("1w", "UTC", 86400),
        ("1mo", "UTC", 86400),
        ("5m", "Europe/Berlin", 300),
        ("1h", "Europe/Berlin", 3600),
        ("1d", "Europe/Berlin", 3600),
        ("1mo", "America/New_York", 3600),
        ("1w", "Atlantic/Reykjavik", 86400),
        ("1h", "Asia/Kolkata", 300),
        ("1d", "Asia/Kathmandu", 300),
        ("1w", "Australia/Lord_Howe", 300),
    ],
)
def test_reading_takes_the_coarsest_buckets_that_tile_the_cells(
    granularity, zone, resolution
):
    span = Span(T0 + timedelta(minutes=20), T0 + timedelta(hours=47))
    edges = cells(span, granularity, ZoneInfo(zone))
    assert buckets.resolution_for(edges) == resolution


def test_edges_between_buckets_are_refused():
    with pytest.raises(ValueError, match="do not end"):
        buckets.resolution_for([T0, T0 + timedelta(minutes=7)])


def test_spans_that_overlap_or_adjoin_are_widened_to_one_that_holds_them_all():
    def minutes(start: int, end: int) -> Span:
        return Span(T0 + timedelta(minutes=start), T0 + timedelta(minutes=end))

    spans = [minutes(0, 60), minutes(5, 10), minutes(60, 61), minutes(70, 71)]
    found = buckets.widened(spans, resolution=300)
    assert found == [minutes(0, 65), minutes(70, 75)]


@given(
    st.lists(st.tuples(st.integers(0, 9_000), st.integers(1, 9_000)), max_size=20),
    st.integers(1, 3),
    st.integers(1, 4),
)
def test_parts_are_the_same_time_in_short_lists_of_a_few_days(edges, days, most):
    fives = timedelta(minutes=5)
    spans = buckets.widened(
        [Span(T0 + a * fives, T0 + (a + b) * fives) for a, b in sorted(edges)],
        resolution=300,
    )
    parts = list(buckets.batches(spans, days=days, most=most))
    pieces = [piece for part in parts for piece in part]
    assert buckets.widened(pieces, resolution=300) == spans
    for part in parts:
        assert 1 <= len(part) <= most
        assert part[-1].end_at - part[0].start_at <= timedelta(days=days)
