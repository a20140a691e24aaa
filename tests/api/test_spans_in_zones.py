from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timegrid import buckets
from timegrid.buckets import Granularity, Span

HOUR = timedelta(hours=1)
GRID = timedelta(minutes=5)
ZONES = sorted(available_timezones() - {"localtime"})
# Clocks put forward and back: by an hour, at midnight, by half an hour, by two hours,
# off the hour, over a whole day, to another standard time.
CHANGES = [
    *(("Europe/Berlin", date(2024, 3, 31)), ("Europe/Berlin", date(2024, 10, 27))),
    *(("America/New_York", date(2024, 3, 10)), ("America/New_York", date(2024, 11, 3))),
    *(("America/Havana", date(2024, 3, 10)), ("America/Havana", date(2024, 11, 3))),
    *(("Asia/Beirut", date(2024, 3, 31)), ("Asia/Beirut", date(2024, 10, 27))),
    *(("Australia/Lord_Howe", date(2024, 4, 7)), ("Africa/Cairo", date(2024, 4, 26))),
    *(("Australia/Lord_Howe", date(2024, 10, 6)), ("Asia/Kathmandu", date(1986, 1, 1))),
    *(
        ("Antarctica/Troll", date(2024, 3, 31)),
        ("Antarctica/Troll", date(2024, 10, 27)),
    ),
    *(("Pacific/Chatham", date(2024, 4, 7)), ("Pacific/Chatham", date(2024, 9, 29))),
    *(("Pacific/Apia", date(2011, 12, 30)), ("Pacific/Kwajalein", date(1993, 8, 21))),
    *(("Asia/Pyongyang", date(2015, 8, 15)), ("Asia/Pyongyang", date(2018, 5, 5))),
    *(("America/Caracas", date(2007, 12, 9)), ("America/Caracas", date(2016, 5, 1))),
    *(("America/St_Johns", date(2010, 3, 14)), ("America/St_Johns", date(2010, 11, 7))),
    *(("Asia/Singapore", date(1982, 1, 1)), ("America/Sao_Paulo", date(2018, 11, 4))),
]
NESTED = [("5m", "1h"), ("1h", "1d"), ("1d", "1w"), ("1d", "1mo")]


def cells(span, granularity, zone):
    return buckets.edges(
        span, granularity=Granularity(granularity), zone=ZoneInfo(zone)
    )


@st.composite
def spans(draw, first=datetime(2, 1, 1), longest=timedelta(days=30)):
    start_at = draw(st.datetimes(first, datetime(9998, 1, 1), timezones=st.just(UTC)))
    return Span(start_at, start_at + draw(st.timedeltas(timedelta(0), longest)))


def zones_and_spans(**limits):
    """Any zone at any time, and known changes of clocks within a few days of them."""
    near = st.tuples(
        st.sampled_from(CHANGES),
        st.timedeltas(timedelta(days=-2), timedelta(days=2)),
        st.timedeltas(timedelta(0), timedelta(days=3)),
    ).map(lambda drawn: (drawn[0][0], span_near(*drawn)))
    return st.tuples(st.sampled_from(ZONES), spans(**limits)) | near


def span_near(change, before, length):
    zone, day = change
    start_at = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    start_at = start_at.astimezone(UTC) + before
    return Span(start_at, start_at + length)


@given(zones_and_spans(), st.sampled_from(Granularity))
def test_cells_adjoin_and_are_the_fewest_that_hold_the_span(where, granularity):
    zone, span = where
    edges = cells(span, granularity, zone)
    assert edges == sorted(set(edges))
    assert edges[0] <= span.start_at < edges[1]
    assert span.end_at <= edges[-1]
    assert len(edges) == 2 or edges[-2] < span.end_at


@given(zones_and_spans(), st.sampled_from(Granularity))
def test_stored_buckets_tile_the_cells_of_every_zone(where, granularity):
    zone, span = where
    edges = cells(span, granularity, zone)
    assert {edge.timestamp() % 300 for edge in edges} == {0}
    resolution = buckets.resolution_for(edges)
    assert {edge.timestamp() % resolution for edge in edges} == {0}
    assert {edge.tzinfo for edge in edges} == {UTC}


@given(zones_and_spans(longest=timedelta(days=10)), st.sampled_from(NESTED))
def test_coarse_cells_are_whole_numbers_of_finer_ones(where, pair):
    """5m ⊇ 1h ⊇ 1d ⊇ 1w and 1d ⊇ 1mo: in every zone, in every year."""
    zone, span = where
    fine, coarse = pair
    outer = cells(span, coarse, zone)
    inner = cells(Span(outer[0], outer[-1]), fine, zone)
    assert set(outer) <= set(inner)
    assert (inner[0], inner[-1]) == (outer[0], outer[-1])


@given(zones_and_spans(), st.sampled_from(Granularity), st.data())
def test_cutting_a_span_at_an_edge_changes_no_cell(where, granularity, data):
    zone, span = where
    edges = cells(span, granularity, zone)
    cut = data.draw(st.integers(1, len(edges) - 1))
    left = cells(Span(edges[0], edges[cut]), granularity, zone)
    assert left == edges[: cut + 1]
    if cut < len(edges) - 1:
        assert cells(Span(edges[cut], edges[-1]), granularity, zone) == edges[cut:]


def shown(at, zone):
    return at.astimezone(ZoneInfo(zone))


def is_hour(at, zone):
    """Whether the clock shows a full hour, or leaves one out to go on later."""
    here, before = shown(at, zone), shown(at - timedelta(microseconds=1), zone)
    leap = here.utcoffset() - before.utcoffset()
    return here.minute == 0 or (leap > timedelta(0) and (here - leap).minute == 0)


def hours(grid, zone):
    return [at for at in grid if is_hour(at, zone)]


def first_of(period):
    """Where the clock comes to a new day, week or month for the first time."""

    def starts(grid, zone):
        found, latest = [], period(shown(grid[0] - GRID, zone))
        for at in grid:
            if period(shown(at, zone)) > latest:
                found.append(at)
                latest = period(shown(at, zone))
        return found

    return starts


@pytest.mark.parametrize(
    ("granularity", "starts"),
    [
        ("1h", hours),
        ("1d", first_of(lambda at: at.date())),
        ("1w", first_of(lambda at: at.isocalendar()[:2])),
        ("1mo", first_of(lambda at: (at.year, at.month))),
    ],
)
@settings(max_examples=40)
@given(data=st.data())
def test_cells_begin_where_the_local_clock_says(granularity, starts, data):
    recent = spans(first=datetime(1973, 1, 1), longest=timedelta(days=3))
    zone, span = data.draw(
        st.tuples(st.sampled_from(ZONES), recent)
        | zones_and_spans(longest=timedelta(days=3)).filter(
            lambda where: where[1].start_at.year >= 1973
        )
    )
    edges = cells(span, granularity, zone)
    inside = [edge for edge in edges if span.start_at <= edge < span.end_at]
    # From two days before, for what a clock that is put back has shown already.
    first_at = buckets.floor(span.start_at, resolution=300) - 576 * GRID
    steps = (span.end_at - first_at) // GRID + 1
    grid = [first_at + step * GRID for step in range(steps)]
    expected = [at for at in starts(grid, zone) if span.start_at <= at < span.end_at]
    assert inside == expected


def day_of(zone, day):
    start_at = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(zone))
    return Span(*cells(Span(start_at, start_at), "1d", zone))


@pytest.mark.parametrize(
    ("zone", "day", "length", "number"),
    [
        ("Europe/Berlin", date(2024, 3, 31), 23, 23),
        ("Europe/Berlin", date(2024, 10, 27), 25, 25),
        ("Europe/Berlin", date(2024, 7, 1), 24, 24),
        ("America/New_York", date(2024, 3, 10), 23, 23),
        ("America/New_York", date(2024, 11, 3), 25, 25),
        ("America/Havana", date(2024, 3, 10), 23, 23),
        ("America/Havana", date(2024, 11, 3), 25, 25),
        ("Antarctica/Troll", date(2024, 3, 31), 22, 22),
        ("Antarctica/Troll", date(2024, 10, 27), 26, 26),
        ("Asia/Kathmandu", date(2024, 7, 1), 24, 24),
        ("Asia/Kathmandu", date(1986, 1, 1), 23.75, 24),
        ("Australia/Lord_Howe", date(2024, 10, 6), 23.5, 24),
        ("Australia/Lord_Howe", date(2024, 4, 7), 24.5, 24),
    ],
)
def test_a_day_is_as_long_as_its_clock_makes_it(zone, day, length, number):
    span = day_of(zone, day)
    assert (span.end_at - span.start_at) / HOUR == length
    assert len(cells(span, "1h", zone)) - 1 == number


def test_an_hour_that_is_repeated_is_two_cells():
    edges = cells(day_of("Europe/Berlin", date(2024, 10, 27)), "1h", "Europe/Berlin")
    assert [shown(edge, "Europe/Berlin").hour for edge in edges[:5]] == [0, 1, 2, 2, 3]
    assert {later - earlier for earlier, later in pairwise(edges)} == {HOUR}


def test_half_an_hour_that_is_repeated_or_skipped_belongs_to_its_hour():
    lord_howe = "Australia/Lord_Howe"
    for day, lengths in (
        (date(2024, 4, 7), [1, 1.5, 1]),
        (date(2024, 10, 6), [1, 1, 0.5]),
    ):
        edges = cells(day_of(lord_howe, day), "1h", lord_howe)[:4]
        assert [(b - a) / HOUR for a, b in pairwise(edges)] == lengths


@pytest.mark.parametrize(("granularity", "days"), [("1d", [1, 2]), ("1mo", [1, 1])])
def test_a_repeated_midnight_begins_its_day_only_once(granularity, days):
    # One minute into November this clock went back to 23:01 of the last of October.
    again = datetime(2009, 10, 31, 23, 30, fold=1, tzinfo=ZoneInfo("America/St_Johns"))
    at = again.astimezone(UTC)
    edges = cells(Span(at, at), granularity, "America/St_Johns")
    assert edges[0] == datetime(2009, 11, 1, 2, 30, tzinfo=UTC)
    assert [shown(edge, "America/St_Johns").day for edge in edges] == days


def test_a_day_that_a_zone_skips_has_no_cell():
    noon = datetime(2011, 12, 29, 12, tzinfo=ZoneInfo("Pacific/Apia")).astimezone(UTC)
    edges = cells(Span(noon, noon + 24 * HOUR), "1d", "Pacific/Apia")
    assert [shown(edge, "Pacific/Apia").day for edge in edges] == [29, 31, 1]


def test_offsets_in_odd_seconds_are_cut_at_the_five_minutes_below():
    at = datetime(1930, 1, 15, tzinfo=UTC)
    edges = cells(Span(at, at), "1d", "Africa/Monrovia")
    midnight = datetime(1930, 1, 14, tzinfo=ZoneInfo("Africa/Monrovia")).astimezone(UTC)
    assert midnight.second == 30
    assert edges[0] == midnight.replace(minute=40, second=0)


@pytest.mark.parametrize("zone", ["UTC", "Etc/GMT+12", "Pacific/Kiritimati"])
@pytest.mark.parametrize("granularity", Granularity)
def test_the_first_and_the_last_moment_can_be_cut(granularity, zone):
    for at in (buckets.FIRST_AT, buckets.LAST_AT):
        edges = cells(Span(at, at), granularity, zone)
        assert edges[0] <= at < edges[1]


@pytest.mark.parametrize(
    ("granularity", "end_at"),
    [
        # 10,000 hours with one that is repeated and one that is skipped, and days.
        ("1h", datetime(2024, 8, 20, 16, tzinfo=ZoneInfo("Europe/Berlin"))),
        ("1d", datetime(2050, 11, 16, tzinfo=ZoneInfo("Europe/Berlin"))),
    ],
)
def test_ten_thousand_cells_of_a_zone_are_allowed_and_no_more(granularity, end_at):
    start_at = datetime(2023, 7, 1, tzinfo=end_at.tzinfo).astimezone(UTC)
    span = Span(start_at, end_at.astimezone(UTC))
    assert len(cells(span, granularity, "Europe/Berlin")) == 10_001
    longer = Span(start_at, span.end_at + GRID)
    with pytest.raises(buckets.TooManyCells, match="10,001"):
        cells(longer, granularity, "Europe/Berlin")
