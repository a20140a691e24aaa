"""Every kind equals its definition, whatever comes late, twice, shuffled or cut."""

import operator
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.models import Bucket, Kind, Metric
from events import services as intake
from events.arrivals import Arrival
from tests.analytics import shop_model
from tests.analytics.builders import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    aggregate,
    arrive,
    event,
    metric,
    namespace,
)

pytestmark = pytest.mark.django_db

START = NOON - 5 * DAY + HOUR
PRICES = {"cup": Decimal("2.5"), "plate": Decimal("0.000001")}
# While it beats, user 1 never pauses: look-backs that end within a visit matter.
HEARTBEAT = [event("beat", START + 30 * MINUTE * beats) for beats in range(101)]
# Others, in every five minutes of some hours: what becomes dirty is one long span.
CROWD = [
    event("beat", START + 5 * MINUTE * beats, user=16 * beats + 5)
    for beats in [*range(-1, 30), *range(23 * 12, 26 * 12)]
]

Kept = dict[tuple[str, int], shop_model.Sums]  # (metric, resolution) → its buckets


class Step(NamedTuple):
    """An event so and so long after one of the latest five."""

    back: int
    minutes: int
    microseconds: int
    one: Arrival

    def after(self, moments: list[datetime]) -> datetime:
        """Returns its moment, or the start again where that would be too late."""
        pause = timedelta(minutes=self.minutes, microseconds=self.microseconds)
        at = moments[-min(self.back, len(moments))] + pause
        return at if at <= NOON else START


def told(steps: Iterable[Step]) -> list[Arrival]:
    moments, past = [START], []
    for step in steps:
        moments.append(step.after(moments))
        past.append(step.one._replace(occurred_at=moments[-1]))
    return past


events = st.builds(
    event,
    st.sampled_from(["purchase", "purchase", "click", "view"]),
    user=st.sampled_from([1, 1, 1, 1, 18, -15]),  # of three shards
    value=st.sampled_from([None, "3.5", "-1.000001"]),
    item=st.sampled_from(["cup", "cup", "plate", None]),
    order=st.sampled_from([None, "order 1", "order 1", "order 2"]),
    session=st.sampled_from([None, None, "one", "Two"]),
)


def steps(*minutes: int) -> st.SearchStrategy[list[Arrival]]:
    """Returns pasts whose events lie these minutes apart, or just beside."""
    step = st.builds(
        Step,
        back=st.integers(1, 5),
        minutes=st.sampled_from(minutes),
        microseconds=st.sampled_from([0, 0, 1, -1]),
        one=events,
    )
    return st.lists(step, min_size=8, max_size=24).map(told)


sparse = steps(0, 10, 30, 24 * 60, 48 * 60)
backgrounds = st.sampled_from([[], HEARTBEAT, CROWD, HEARTBEAT + CROWD])
pasts = st.builds(operator.add, sparse, backgrounds)
visits = steps(0, 4, 10, 30, 45)  # all of it within a day
seeds = st.integers(0, 9999)
cuts = st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=3)


@pytest.fixture(autouse=True)
def catalogue() -> None:
    metric("purchases", Kind.COUNT, "purchase")
    metric("revenue", Kind.SUM, "purchase")
    metric("orders", Kind.ORDERS, "purchase")
    metric("sessions", Kind.SESSIONS)
    metric("buying_sessions", Kind.SESSIONS_WITH, "purchase")
    metric("clicking_sessions", Kind.SESSIONS_WITH, "click")
    metric("direct_revenue", Kind.ATTRIBUTED_SUM, "purchase", after="click")
    metric("direct_orders", Kind.ATTRIBUTED_ORDERS, "purchase", after="click")
    metric("never", Kind.ATTRIBUTED_ORDERS, "purchase", after="unheard of")


def kept(shop: int) -> Kept:
    found: Kept = defaultdict(dict)
    rows = Bucket.objects.filter(namespace_id=shop).values_list(
        "metric__name", "resolution", "start_at", "value"
    )
    for name, resolution, start_at, value in rows:
        found[name, resolution][start_at] = value
    return dict(found)


def modelled(past: list[Arrival], prices: shop_model.Prices) -> Kept:
    found = {}
    for one in Metric.objects.all():
        amounts = shop_model.values(one, past, prices)
        for resolution in (300, 3600, 86400):
            if sums := shop_model.buckets(amounts, resolution):
                found[one.name, resolution] = sums
    return found


def totals(found: Kept) -> defaultdict[str, Decimal]:
    total: defaultdict[str, Decimal] = defaultdict(Decimal)
    for (name, resolution), sums in found.items():
        if resolution == 300:
            total[name] = sum(sums.values(), Decimal(0))
    return total


def shuffled(past: Iterable[Arrival], seed: int) -> list[Arrival]:
    past = list(past)
    Random(seed).shuffle(past)
    return past


def happen(past: list[Arrival], cuts: Iterable[tuple[int, bool]] = ()) -> int:
    """Returns a new shop in which the past arrived in parts, in this order.

    A part is a number of events, and whether an aggregation runs after it.
    """
    shop = namespace()
    intake.put_prices(namespace_id=shop, prices=PRICES, at=NOON)
    rest = past
    for size, ticks in [*cuts, (len(past), False)]:
        part, rest = rest[:size], rest[size:]
        arrive(shop, part)
        if ticks:
            aggregate(shop)
    aggregate(shop)
    return shop


@settings(max_examples=20)
@given(
    past=pasts,
    seed=seeds,
    cuts=cuts,
    repriced=st.lists(st.sampled_from(["1", "2.5", "0"]), max_size=4),
)
def test_after_every_aggregation_buckets_equal_the_definitions(
    past, seed, cuts, repriced
):
    shop, prices = namespace(), {}
    come: list[Arrival] = []
    rest = shuffled(past, seed)
    for size, ticks in [*cuts, (len(rest), True)]:
        arrive(shop, rest[:size])
        come, rest = come + rest[:size], rest[size:]
        if repriced:
            prices["cup"] = Decimal(repriced.pop())
            intake.put_prices(namespace_id=shop, prices=prices, at=NOON)
        if ticks:
            aggregate(shop)
            assert kept(shop) == modelled(come, prices)


@settings(max_examples=12)
@given(past=pasts, late=st.integers(0, 23))
def test_an_event_that_comes_late_counts_as_if_it_had_come_in_time(past, late):
    late %= len(past)
    arriving = [*past[:late], *past[late + 1 :], past[late]]
    shop = happen(arriving, cuts=[(len(past) - 1, True)])
    assert kept(shop) == modelled(past, PRICES)


@settings(max_examples=8)
@given(past=pasts, seed=seeds, cuts=cuts)
def test_any_order_and_any_cut_give_the_same_buckets(past, seed, cuts):
    assert kept(happen(past)) == kept(happen(shuffled(past, seed), cuts=cuts))


@settings(max_examples=12)
@given(past=sparse, seed=seeds, cuts=cuts)
def test_an_event_sent_again_changes_nothing(past, seed, cuts):
    hashed = [one._replace(event_hash=f"{n:032x}") for n, one in enumerate(past)]
    shop = happen(shuffled(hashed * 2, seed), cuts=cuts)
    assert kept(shop) == modelled(past, PRICES)
    arrive(shop, hashed)
    assert aggregate(shop) is None


@settings(max_examples=8)
@given(past=sparse)
def test_what_each_user_did_adds_up(past):
    whole = totals(kept(happen(past)))
    users = {one.user_key for one in past}
    apart = [[one for one in past if one.user_key == user] for user in users]
    parts = [totals(kept(happen(mine))) for mine in apart]
    for name in ("revenue", "sessions", "buying_sessions", "direct_revenue"):
        assert whole[name] == sum(part[name] for part in parts)


@settings(max_examples=8)
@given(past=sparse)
def test_attributed_revenue_and_the_rest_make_all_revenue(past):
    attributed = shop_model.attributed(past, "purchase", "click")
    rest = [one for one in past if not any(one is line for line in attributed)]
    whole, other = totals(kept(happen(past))), totals(kept(happen(rest)))
    assert whole["revenue"] == whole["direct_revenue"] + other["revenue"]


@settings(max_examples=12)
@given(past=visits)
def test_within_a_day_no_part_exceeds_its_whole(past):
    total = totals(kept(happen(past)))
    assert total["buying_sessions"] <= total["sessions"]
    assert total["buying_sessions"] <= total["purchases"]
    assert total["direct_orders"] <= total["orders"] <= total["purchases"]
    named = {one.order_id for one in past if one.event_name == "purchase"} - {None}
    assert len(named) <= total["orders"]
