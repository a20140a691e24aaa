"""Answers are the same numbers cut differently, whatever the granularity and zone."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analytics.models import Kind
from analytics.series import values as series
from tests.analytics.builders import DAY, HOUR, fill, metric, namespace
from timegrid import buckets, periods
from timegrid.buckets import Granularity
from timegrid.comparisons import Comparison
from timegrid.periods import Period

pytestmark = pytest.mark.django_db

ZONES = [
    *("UTC", "Europe/Paris", "Asia/Kathmandu", "Australia/Lord_Howe"),
    *("America/St_Johns", "Antarctica/Troll", "Pacific/Kiritimati"),
]
# Days on which some of these clocks are changed, and turns of a year and a month.
LONG_AFTER = datetime(2026, 8, 1, tzinfo=UTC)  # every cell has ended
TURNS = [
    datetime(*day, tzinfo=UTC)
    for day in [
        *((2025, 3, 30), (2025, 10, 26), (2025, 4, 5), (2025, 10, 4)),
        *((2025, 3, 9), (2025, 11, 2), (2024, 12, 31), (2024, 2, 29)),
    ]
]
cuts = st.tuples(st.sampled_from(Granularity), st.sampled_from(ZONES))
# Quarters: floats add them up exactly.
amounts = st.integers(-(10**9), 10**9).map(lambda n: Decimal(n) / 4)


@pytest.fixture(autouse=True)
def revenue() -> None:
    metric("revenue", Kind.SUM, "purchase")


@st.composite
def pasts(draw, reach=timedelta(0)):
    """Draws a span of up to 20 days, and amounts up to `reach` before and after it."""
    first_at = draw(st.sampled_from(TURNS)) - draw(st.timedeltas(-2 * DAY, 5 * DAY))
    last_at = first_at + draw(st.timedeltas(timedelta(0), 20 * DAY))
    moments = st.datetimes(
        (first_at - reach).replace(tzinfo=None),
        (last_at + reach).replace(tzinfo=None),
        timezones=st.just(UTC),
    )
    sums = draw(st.dictionaries(moments, amounts, max_size=12))
    return first_at, last_at + timedelta(seconds=1), sums


def stored(sums):
    shop = namespace()
    by_bucket: dict[datetime, Decimal] = {}
    for at, amount in sums.items():
        start_at = buckets.floor(at, resolution=300)
        by_bucket[start_at] = by_bucket.get(start_at, Decimal(0)) + amount
    fill(shop, "revenue", by_bucket)
    return shop


def answered(shop, period):
    table = series.metric_values(
        namespace_id=shop, names=[], period=period, now=LONG_AFTER
    )
    [column] = table.columns
    return table, column


@settings(max_examples=15)
@given(past=pasts(), one=cuts, other=cuts)
def test_any_two_cuts_of_a_span_have_the_same_total(past, one, other):
    first_at, last_at, sums = past
    shop = stored(sums)
    totals = set()
    for granularity, zone in (one, other):
        period = Period(first_at, last_at, granularity, ZoneInfo(zone))
        _, column = answered(shop, period)
        totals |= {column.aggregate, sum(column.values)}
    assert totals == {float(sum(sums.values()))}


@settings(max_examples=15)
@given(past=pasts(reach=40 * DAY), cut=cuts)
def test_every_cell_is_the_sum_of_its_five_minutes(past, cut):
    first_at, last_at, sums = past
    shop, (granularity, zone) = stored(sums), cut
    period = Period(first_at, last_at, granularity, ZoneInfo(zone))
    edges = periods.cells(period, first_at=None, now=last_at)
    assume(edges[-1] - edges[0] < buckets.MAX_CELLS * timedelta(minutes=5))
    _, column = answered(shop, period)
    whole = Period(edges[0], edges[-1], Granularity.FIVE_MINUTES, ZoneInfo("UTC"))
    fine, of_five_minutes = answered(shop, whole)
    cells = dict(zip(fine.start_timestamps, of_five_minutes.values, strict=True))
    assert column.values == [
        sum(cells[at] for at in range(int(a.timestamp()), int(b.timestamp()), 300))
        for a, b in pairwise(edges)
    ]
    assert column.aggregate == of_five_minutes.aggregate


@settings(max_examples=15)
@given(
    past=pasts(reach=40 * DAY),
    cut=cuts,
    compare=st.sampled_from(Comparison),
)
def test_what_is_compared_with_is_what_was_counted_then(past, cut, compare):
    first_at, last_at, sums = past
    granularity, zone = cut
    assume((compare, granularity) != (Comparison.WEEK, Granularity.MONTH))
    back = 364 * DAY if compare is Comparison.YEAR else timedelta(0)
    shop = stored({at - back: amount for at, amount in sums.items()})
    period = Period(first_at, last_at, granularity, ZoneInfo(zone), compare)
    _, before = periods.compared(period, first_at=None, now=last_at)
    table, column = answered(shop, period)
    assert table.previous
    [previous] = table.previous.columns
    assert len(previous.values) == len(column.values)
    moments = [(at - back, amount) for at, amount in sums.items()]
    assert previous.values == [
        float(sum(amount for at, amount in moments if start <= at < end))
        if start < end
        else None
        for start, end in pairwise(before)
    ]
    assert previous.aggregate == sum(value or 0 for value in previous.values)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Paris", "2025-03-30", 23),
        ("Europe/Paris", "2025-10-26", 25),
        ("America/St_Johns", "2025-03-09", 23),
        ("Australia/Lord_Howe", "2025-10-05", 23.5),
        ("Australia/Lord_Howe", "2025-04-06", 24.5),
        ("Asia/Kathmandu", "2025-03-30", 24),
    ],
)
def test_a_local_day_counts_every_five_minutes_that_it_has(zone, day, hours):
    midnight = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))
    midnight = midnight.astimezone(UTC)
    ticks = [midnight + n * timedelta(minutes=5) for n in range(-288, 3 * 288)]
    shop = stored(dict.fromkeys(ticks, Decimal(1)))
    for granularity in (Granularity.FIVE_MINUTES, Granularity.HOUR, Granularity.DAY):
        last_at = midnight + hours * HOUR
        period = Period(midnight, last_at, granularity, ZoneInfo(zone))
        _, column = answered(shop, period)
        assert column.aggregate == sum(column.values) == hours * 12
