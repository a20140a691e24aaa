"""With which earlier cells the cells of an answer are compared."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timegrid import buckets, comparisons
from timegrid.buckets import Granularity, Span
from timegrid.comparisons import Comparison, ComparisonError

DAY = timedelta(days=1)
ZONES = sorted(available_timezones() - {"localtime"})
# Clocks are changed in each, by an hour, half an hour, two hours, or at midnight.
CHANGING = [
    *("Europe/Paris", "America/New_York", "America/St_Johns", "Australia/Lord_Howe"),
    *("Antarctica/Troll", "America/Havana", "Africa/Cairo", "Pacific/Chatham"),
]
EVERY = [
    (comparison, granularity)
    for comparison in Comparison
    for granularity in Granularity
    if (comparison, granularity) != (Comparison.WEEK, Granularity.MONTH)
]
MOVED = {Comparison.WEEK: 7 * DAY, Comparison.YEAR: 364 * DAY}
LONGEST = {"5m": DAY, "1h": 3 * DAY, "1d": 40 * DAY, "1w": 99 * DAY, "1mo": 999 * DAY}

moments = st.datetimes(
    datetime(1973, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC)
)
zones = (st.sampled_from(CHANGING) | st.sampled_from(ZONES)).map(ZoneInfo)


def cells(first, last, granularity, zone):
    span = Span(first.astimezone(UTC), last.astimezone(UTC))
    return buckets.edges(span, granularity=Granularity(granularity), zone=zone)


def before(edges, comparison, granularity, zone):
    return comparisons.previous(
        edges,
        comparison=Comparison(comparison),
        granularity=Granularity(granularity),
        zone=zone,
    )


@st.composite
def cuts(draw, comparison, granularity):
    """Draws a zone, the edges of an answer, and the edges they are compared with."""
    zone, at = draw(zones), draw(moments)
    length = draw(st.timedeltas(timedelta(0), LONGEST[granularity]))
    edges = cells(at, at + length, granularity, zone)
    return zone, edges, before(edges, comparison, granularity, zone)


@pytest.mark.parametrize(("comparison", "granularity"), EVERY)
@settings(max_examples=20)
@given(data=st.data())
def test_as_many_adjoining_cells_are_found_that_stored_buckets_tile(
    comparison, granularity, data
):
    _, edges, found = data.draw(cuts(comparison, granularity))
    assert len(found) == len(edges)
    assert found == sorted(found)
    assert found[0] < edges[0]
    assert {at.timestamp() % 300 for at in found} == {0}
    assert {at.tzinfo for at in found} == {UTC}


@pytest.mark.parametrize(("comparison", "granularity"), EVERY)
@settings(max_examples=20)
@given(data=st.data())
def test_they_are_cut_where_an_answer_about_that_time_is_cut(
    comparison, granularity, data
):
    zone, _, found = data.draw(cuts(comparison, granularity))
    if found[0] < found[-1]:
        assert set(found) <= set(cells(found[0], found[-1], granularity, zone))


@pytest.mark.parametrize("granularity", Granularity)
@settings(max_examples=20)
@given(data=st.data())
def test_the_previous_period_is_as_many_cells_right_before(granularity, data):
    zone, edges, found = data.draw(cuts(Comparison.PERIOD, granularity))
    assert found[-1] == edges[0]
    assert found == cells(found[0], edges[0], granularity, zone)


@pytest.mark.parametrize("comparison", [Comparison.WEEK, Comparison.YEAR])
@settings(max_examples=20)
@given(data=st.data())
def test_days_and_hours_meet_the_same_weekday_and_time_of_the_clock(comparison, data):
    granularity = data.draw(st.sampled_from(["5m", "1h", "1d"]))
    zone, edges, found = data.draw(cuts(comparison, granularity))
    grid = st.sampled_from(list(zip(edges, found, strict=True)))
    now, then = (at.astimezone(zone) for at in data.draw(grid))
    changed = {edge.astimezone(zone).utcoffset() for edge in (edges[0], edges[-1])}
    changed |= {edge.astimezone(zone).utcoffset() for edge in (found[0], found[-1])}
    if len(changed) == 1:  # else clocks were changed, which has tests of its own
        assert now.replace(tzinfo=None) - then.replace(tzinfo=None) == MOVED[comparison]


def test_days_compare_with_local_days_though_one_has_23_hours():
    paris = ZoneInfo("Europe/Paris")
    week = cells(
        datetime(2026, 3, 30, tzinfo=paris),
        datetime(2026, 4, 6, tzinfo=paris),
        "1d",
        paris,
    )
    found = before(week, "previous_period", "1d", paris)
    assert [at.astimezone(paris).date() for at in found] == [
        date(2026, 3, 23) + n * DAY for n in range(8)
    ]
    assert [(b - a) / timedelta(hours=1) for a, b in pairwise(found)] == [24] * 6 + [23]
    assert found == before(week, "previous_week", "1d", paris)


@pytest.mark.parametrize(
    ("comparison", "first", "last"),
    [
        ("previous_period", date(2025, 11, 1), date(2026, 2, 1)),
        ("previous_year", date(2025, 2, 1), date(2025, 5, 1)),
    ],
)
def test_months_compare_with_months_whatever_their_length(comparison, first, last):
    zone = ZoneInfo("America/New_York")
    edges = cells(
        datetime(2026, 2, 1, tzinfo=zone),
        datetime(2026, 5, 1, tzinfo=zone),
        "1mo",
        zone,
    )
    found = [at.astimezone(zone) for at in before(edges, comparison, "1mo", zone)]
    assert [at.day for at in found] == [1] * 4
    assert (found[0].date(), found[-1].date()) == (first, last)


@pytest.mark.parametrize("granularity", ["1d", "1w"])
def test_a_year_before_is_52_weeks_in_days_and_in_weeks_alike(granularity):
    zone = ZoneInfo("Asia/Kathmandu")
    monday = datetime(2026, 3, 2, tzinfo=zone)
    edges = cells(monday, monday + 14 * DAY, granularity, zone)
    found = [
        at.astimezone(zone) for at in before(edges, "previous_year", granularity, zone)
    ]
    assert (found[0].date(), found[-1].date()) == (date(2025, 3, 3), date(2025, 3, 17))


def day(zone, year, month, day, granularity="1h"):
    start = datetime(year, month, day, tzinfo=zone)
    return cells(start, start + DAY, granularity, zone)


def shown(found, zone):
    """Returns which hours of the clock each cell begins and ends with."""
    hours = [at.astimezone(zone).hour for at in found]
    return list(pairwise(hours))


def test_an_hour_that_was_skipped_then_is_empty():
    paris = ZoneInfo("Europe/Paris")
    found = before(day(paris, 2026, 4, 5), "previous_week", "1h", paris)
    assert shown(found, paris)[:5] == [(0, 1), (1, 3), (3, 3), (3, 4), (4, 5)]
    assert [(b - a) / timedelta(hours=1) for a, b in pairwise(found)][:4] == [
        1,
        1,
        0,
        1,
    ]
    assert found[-1] - found[0] == timedelta(hours=23)


def test_an_hour_that_is_skipped_now_is_counted_with_the_one_before_it():
    paris = ZoneInfo("Europe/Paris")
    found = before(day(paris, 2026, 3, 29), "previous_week", "1h", paris)
    assert shown(found, paris)[:4] == [(0, 1), (1, 3), (3, 4), (4, 5)]
    assert found[-1] - found[0] == timedelta(hours=24)


def test_of_an_hour_that_is_repeated_now_the_second_reading_is_compared():
    paris = ZoneInfo("Europe/Paris")
    found = before(day(paris, 2026, 10, 25), "previous_week", "1h", paris)
    assert shown(found, paris)[:5] == [(0, 1), (1, 2), (2, 2), (2, 3), (3, 4)]
    assert len(found) == 26


def test_five_minutes_of_an_hour_that_is_repeated_now_are_compared_alike():
    paris = ZoneInfo("Europe/Paris")
    edges = day(paris, 2026, 10, 25, "5m")
    found = before(edges, "previous_week", "5m", paris)
    two, lengths = 2 * 12, [b - a for a, b in pairwise(found)]
    assert set(lengths[two : two + 12]) == {timedelta(0)}
    assert set(lengths[:two] + lengths[two + 12 :]) == {timedelta(minutes=5)}


def test_a_day_that_begins_at_one_is_compared_with_one_that_begins_at_midnight():
    havana = ZoneInfo("America/Havana")
    edges = day(havana, 2024, 3, 10, "1d")
    assert edges[0].astimezone(havana).hour == 1
    found = before(edges, "previous_week", "1d", havana)
    assert found == day(havana, 2024, 3, 3, "1d")
    assert before(found, "previous_period", "1d", havana)[1] == found[0]
    later = day(havana, 2024, 3, 17, "1d")
    assert before(later, "previous_week", "1d", havana) == edges


def test_of_an_hour_that_was_repeated_then_both_readings_are_compared():
    paris = ZoneInfo("Europe/Paris")
    found = before(day(paris, 2026, 11, 1), "previous_week", "1h", paris)
    lengths = [(b - a) / timedelta(hours=1) for a, b in pairwise(found)]
    assert lengths == [1, 1, 2, *[1] * 21]


def test_days_whose_clocks_change_alike_are_compared_reading_by_reading():
    paris = ZoneInfo("Europe/Paris")
    for change, hours in (((2026, 3, 29), 23), ((2026, 10, 25), 25)):
        found = before(day(paris, *change), "previous_year", "1h", paris)
        assert {b - a for a, b in pairwise(found)} == {timedelta(hours=1)}
        assert len(found) == hours + 1


def test_an_answer_that_ends_in_a_time_skipped_then_ends_where_the_clock_went_on():
    paris = ZoneInfo("Europe/Paris")
    first = datetime(2026, 4, 5, 1, 50, tzinfo=paris)
    edges = cells(first, first + timedelta(minutes=25), "5m", paris)
    found = before(edges, "previous_week", "5m", paris)
    went_on = datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert found == [
        went_on - timedelta(minutes=10),
        went_on - timedelta(minutes=5),
        *[went_on] * 4,
    ]


def test_a_day_that_a_zone_skipped_is_empty():
    apia = ZoneInfo("Pacific/Apia")
    first = datetime(2012, 1, 5, tzinfo=apia)
    found = before(
        cells(first, first + 3 * DAY, "1d", apia), "previous_week", "1d", apia
    )
    dates = [at.astimezone(apia).date() for at in found]
    assert dates == [date(2011, 12, 29), *[date(2011, 12, 31)] * 2, date(2012, 1, 1)]


def test_half_an_hour_that_was_skipped_shortens_its_hour():
    lord_howe = ZoneInfo("Australia/Lord_Howe")
    found = before(day(lord_howe, 2026, 10, 11), "previous_week", "1h", lord_howe)
    lengths = [(b - a) / timedelta(hours=1) for a, b in pairwise(found)]
    assert lengths == [1, 1, 0.5, *[1] * 21]


def test_months_are_not_compared_with_a_week_before():
    utc = ZoneInfo("UTC")
    edges = cells(
        datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC), "1mo", utc
    )
    with pytest.raises(
        ComparisonError, match="expected previous_period or previous_year"
    ):
        before(edges, "previous_week", "1mo", utc)


@pytest.mark.parametrize("zone", ["UTC", "Etc/GMT+12", "Pacific/Kiritimati"])
@pytest.mark.parametrize(("comparison", "granularity"), EVERY)
def test_before_the_years_that_can_be_read_nothing_is_compared(
    comparison, granularity, zone
):
    start = buckets.FIRST_AT
    edges = cells(start, start + DAY, granularity, ZoneInfo(zone))
    with pytest.raises(ComparisonError, match="This early"):
        before(edges, comparison, granularity, ZoneInfo(zone))


def test_ten_thousand_cells_have_as_many_before_them():
    paris = ZoneInfo("Europe/Paris")
    first = datetime(2024, 1, 1, tzinfo=UTC)
    for granularity, size in (("5m", DAY / 288), ("1h", DAY / 24)):
        edges = cells(first, first + 10_000 * size, granularity, paris)
        assert len(before(edges, "previous_period", granularity, paris)) == 10_001


def test_no_cell_is_compared_with_none():
    at = datetime(2026, 3, 4, tzinfo=UTC)
    for comparison, granularity in EVERY:
        assert len(before([at], comparison, granularity, ZoneInfo("UTC"))) == 1


@pytest.mark.parametrize(
    "zone", ["Europe/Amsterdam", "Africa/Monrovia", "Asia/Kolkata"]
)
@pytest.mark.parametrize("year", [1910, 1930, 1936])
@pytest.mark.parametrize("granularity", ["1d", "1mo"])
def test_where_clocks_are_off_in_odd_seconds_days_are_still_those_days(
    zone, year, granularity
):
    clock = ZoneInfo(zone)
    first = datetime(year, 1, 1, tzinfo=clock)
    edges = cells(first, first + 85 * DAY, granularity, clock)
    found = before(edges, "previous_year", granularity, clock)
    for now, then in zip(edges, found, strict=True):
        today, earlier = local_day(now, clock), local_day(then, clock)
        if granularity == "1d":
            assert today - earlier == 364 * DAY
        else:
            assert earlier == today.replace(year=today.year - 1)


def local_day(edge: datetime, clock: ZoneInfo) -> date:
    """The day that begins there, or up to five minutes later."""
    return (edge + timedelta(minutes=4, seconds=59)).astimezone(clock).date()
