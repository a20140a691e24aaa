"""Buckets are exact sums, whatever the cut, the shard, the resolution or the order."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.models import Kind
from analytics.series import values as series
from events import services as intake
from events.arrivals import Arrival
from tests.analytics.builders import (
    DAY,
    NOON,
    aggregate,
    arrive,
    event,
    metric,
    namespace,
    stored,
)
from timegrid import buckets, periods
from timegrid.buckets import Granularity
from timegrid.periods import Period

pytestmark = pytest.mark.django_db

RESOLUTIONS = (300, 3600, 86400)
PRICES = {"cup": Decimal("9.990001"), "gift": Decimal(0)}
START = NOON - 2 * DAY
MICROSECONDS = 3 * 86_400_000_000

Model = dict[datetime, Decimal]

users = st.sampled_from([-15, 1, 2, 18, 2**63 - 1])  # of three shards
moments = st.integers(0, MICROSECONDS - 1).map(
    lambda offset: START + timedelta(microseconds=offset)
)
values = st.none() | st.decimals(-(10**12), 10**12, places=6)
events = st.builds(
    event,
    st.sampled_from(["purchase", "view", "click"]),
    moments,
    user=users,
    value=values,
    item=st.sampled_from([None, "cup", "gift", "unpriced"]),
)
# Each inner list arrives together; True: an aggregation runs before the next.
pasts = st.lists(st.tuples(st.lists(events, max_size=8), st.booleans()), max_size=5)


@pytest.fixture
def catalogue() -> None:
    metric("purchases", Kind.COUNT, "purchase")
    metric("revenue", Kind.SUM, "purchase")
    metric("viewers", Kind.UNIQUE, "view")
    metric("users", Kind.UNIQUE)


def happen(shop: int, past: Iterable[tuple[list[Arrival], bool]]) -> None:
    intake.put_prices(namespace_id=shop, prices=PRICES, at=NOON)
    for together, ticks in past:
        arrive(shop, together)
        if ticks:
            aggregate(shop)
    aggregate(shop)


def purchases(past: list[Arrival]) -> list[tuple[datetime, Decimal]]:
    return [(one.occurred_at, Decimal(1)) for one in past if is_purchase(one)]


def revenue(past: list[Arrival]) -> list[tuple[datetime, Decimal]]:
    return [
        (
            one.occurred_at,
            PRICES.get(one.item_id or "", Decimal(0))
            if one.value is None
            else one.value,
        )
        for one in past
        if is_purchase(one)
    ]


def is_purchase(one: Arrival) -> bool:
    return one.event_name == "purchase"


def firsts(past: list[Arrival]) -> list[tuple[datetime, Decimal]]:
    first: dict[int, datetime] = {}
    for one in past:
        first.setdefault(one.user_key, one.occurred_at)
    return [(at, Decimal(1)) for at in first.values()]


def viewers(past: list[Arrival]) -> list[tuple[datetime, Decimal]]:
    return firsts([one for one in past if one.event_name == "view"])


MODELS: dict[str, Callable[[list[Arrival]], list[tuple[datetime, Decimal]]]] = {
    "purchases": purchases,
    "revenue": revenue,
    "viewers": viewers,
    "users": firsts,
}


def expected(amounts: list[tuple[datetime, Decimal]], resolution: int) -> Model:
    sums: Model = {}
    for at, amount in amounts:
        start = buckets.floor(at, resolution=resolution)
        sums[start] = sums.get(start, Decimal(0)) + amount
    return {start: value for start, value in sums.items() if value}


def flat(past: Iterable[tuple[list[Arrival], bool]]) -> list[Arrival]:
    return [one for together, _ in past for one in together]


@pytest.mark.usefixtures("catalogue")
@settings(max_examples=12)
@given(past=pasts)
def test_buckets_of_every_resolution_are_exact_sums_of_the_events(past):
    shop = namespace()
    happen(shop, past)
    for name, amounts in MODELS.items():
        for resolution in RESOLUTIONS:
            assert stored(shop, name, resolution) == expected(
                amounts(flat(past)), resolution
            )


@pytest.mark.usefixtures("catalogue")
@settings(max_examples=12)
@given(past=pasts, shuffle=st.randoms(use_true_random=False))
def test_shuffled_arrival_gives_equal_buckets_and_equal_totals_of_unique(past, shuffle):
    shop, other = namespace(), namespace()
    shuffled = flat(past)
    shuffle.shuffle(shuffled)
    happen(shop, past)
    happen(other, [(shuffled[:9], True), (shuffled[9:], True)])
    for name in ("purchases", "revenue"):
        assert stored(shop, name) == stored(other, name)
    for name in ("viewers", "users"):
        total = sum(stored(shop, name).values())
        assert total == sum(stored(other, name).values())


@pytest.mark.usefixtures("catalogue")
@settings(max_examples=12)
@given(
    past=pasts,
    bounds=st.tuples(moments, moments).map(sorted),
    granularity=st.none() | st.sampled_from(Granularity),
    zone=st.sampled_from(["UTC", "Asia/Kathmandu", "America/New_York"]),
)
def test_every_cell_of_every_cut_reads_as_the_sum_of_its_events(
    past, bounds, granularity, zone
):
    shop = namespace()
    happen(shop, past)
    start, end = bounds
    period = Period(start, end, granularity, ZoneInfo(zone))
    table = series.metric_values(namespace_id=shop, names=[], period=period, now=NOON)
    edges = periods.cells(period, first_at=None, now=NOON)
    for column in table.columns:
        amounts = MODELS[column.name](flat(past))
        cells = [between(amounts, *cell) for cell in pairwise(edges)]
        assert column.values == [float(cell) for cell in cells]
        assert column.aggregate == float(sum(cells))


def between(
    amounts: list[tuple[datetime, Decimal]], start: datetime, end: datetime
) -> Decimal:
    return sum((amount for at, amount in amounts if start <= at < end), Decimal(0))
