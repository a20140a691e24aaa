"""Buckets by segment: the leaves of every segmentation sum to the whole, exactly."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.models import WHOLE, Bucket, Kind, Metric
from events import keys
from events import services as intake
from segmentation import queries as segmentation
from segmentation.checks import fault
from segmentation.tree import Group
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
from tests.analytics.kinds.segmented import ab_test, leaf, segmented, split

pytestmark = pytest.mark.django_db

START = NOON - 2 * DAY
USERS = range(-20, 20)
PRICES = {"cup": Decimal("2.5")}
KINDS = [
    ("purchases", Kind.COUNT, "purchase", ""),
    ("revenue", Kind.SUM, "purchase", ""),
    ("orders", Kind.ORDERS, "purchase", ""),
    ("new_users", Kind.UNIQUE, "", ""),
    ("new_buyers", Kind.UNIQUE, "purchase", ""),
    ("sessions", Kind.SESSIONS, "", ""),
    ("buying_sessions", Kind.SESSIONS_WITH, "purchase", ""),
    ("direct_revenue", Kind.ATTRIBUTED_SUM, "purchase", "click"),
    ("direct_orders", Kind.ATTRIBUTED_ORDERS, "purchase", "click"),
]
# What the model knows: of all kinds but the first seen, which is by arrival.
KNOWN = {name for name, kind, *_ in KINDS if kind != Kind.UNIQUE}

events = st.builds(
    event,
    st.sampled_from(["purchase", "purchase", "click", "view"]),
    at=st.integers(0, 36 * 60).map(lambda minutes: START + minutes * MINUTE),
    user=st.sampled_from(USERS),
    value=st.sampled_from([None, "3.5", "-1.000001"]),
    item=st.sampled_from(["cup", "cup", None]),
    order=st.sampled_from([None, "order 1", "order 2"]),
    session=st.sampled_from([None, None, "one", "Two"]),
)
pasts = st.lists(events, min_size=5, max_size=40)
tests: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    share_a=st.sampled_from([1, 30, 50]),
    share_b=st.sampled_from([5, 50]),
    start_at=st.sampled_from([START, START + 7 * HOUR + MINUTE]),
    end_at=st.sampled_from([None, START + 20 * HOUR + timedelta(seconds=7)]),
)
trees = st.recursive(
    st.just(leaf()),
    lambda below: st.builds(
        split, st.sampled_from(["one", "two", "gone"]), below, below, below
    ),
    max_leaves=6,
).filter(lambda tree: fault(tree) is None)


@pytest.fixture(autouse=True)
def catalogue():
    for name, kind, event_name, after in KINDS:
        metric(name, kind, event_name, after=after)


def kept(shop, column="value"):
    """Returns segment → (metric, resolution, start) → value, or parts."""
    found: defaultdict[int, dict[Any, Any]] = defaultdict(dict)
    rows = Bucket.objects.filter(namespace=shop).values_list(
        "segment", "metric__name", "resolution", "start_at", column
    )
    for segment, *key, value in rows:
        found[segment][tuple(key)] = value
    return found


def summed(found, numbers):
    total: defaultdict[Any, Decimal] = defaultdict(Decimal)
    for number in numbers:
        for key, value in found[number].items():
            total[key] += value
    return {key: value for key, value in total.items() if value}


def happen(past, *, shop=None):
    shop = shop or namespace()
    intake.put_prices(namespace_id=shop, prices=PRICES, at=NOON)
    half = len(past) // 2
    for part in (past[:half], past[half:]):
        arrive(shop, part)
        aggregate(shop)
    return shop


@settings(max_examples=12)
@given(past=pasts, one=tests, two=tests, tree=trees)
def test_leaves_sum_to_the_whole_and_parts_to_their_leaf(past, one, two, tree):
    shop = namespace()
    ab_test(shop, "one", **one)
    ab_test(shop, "two", **two)
    for sent in (tree, split("one", leaf(), leaf(), leaf())):
        segmented(shop, sent)
    happen(past, shop=shop)
    found = kept(shop)
    for cut in segmentation.resolved_segmentations(namespace_id=shop):
        assert summed(found, cut.segments) == found[WHOLE]
        for number, place in zip(cut.segments, cut.leaves, strict=True):
            for key, parts in kept(shop, "shard_values")[number].items():
                told = sum(parts) if place.is_tested else parts
                assert told == (found[number][key] if place.is_tested else None)


@settings(max_examples=8)
@given(past=pasts)
def test_a_leaf_has_what_its_users_alone_would_have(past):
    apart = [
        one._replace(order_id=one.order_id and f"{one.order_id} of {one.user_key}")
        for one in past
    ]
    shop = namespace()
    ab_test(shop, "one", share_a=40, share_b=40, start_at=START - DAY)
    cut = segmented(shop, split("one", leaf(), leaf(), leaf()))
    found = kept(happen(apart, shop=shop))
    for number, place in zip(cut.segments, cut.leaves, strict=True):
        [(_, group)] = place.steps
        mine = [one for one in apart if drawn(cut, one) == group]
        told = {key: value for key, value in found[number].items() if key[0] in KNOWN}
        assert told == modelled(mine)


def drawn(cut, one):
    return cut.allocations["one"].group(one.user_key, at=one.occurred_at)


def modelled(past):
    found = {}
    for one in Metric.objects.filter(name__in=KNOWN):
        amounts = shop_model.values(one, past, PRICES)
        for resolution in (300, 3600, 86400):
            for start_at, value in shop_model.buckets(amounts, resolution).items():
                found[one.name, resolution, start_at] = value
    return found


@pytest.mark.parametrize(
    ("resolution", "start_at"),
    [(300, START), (3600, START), (86400, START - 12 * HOUR)],
    ids=["5m", "1h", "1d"],
)
def test_a_part_has_the_users_of_its_shard(resolution, start_at):
    shop = namespace()
    ab_test(shop, "one", share_a=50, share_b=50, start_at=START)
    cut = segmented(shop, split("one", leaf(), leaf(), leaf()))
    happen([event("purchase", START, user=user) for user in USERS], shop=shop)
    found = kept(shop, "shard_values")
    in_a, in_b = (
        found[number]["purchases", resolution, start_at] for number in cut.segments[:2]
    )
    shards = [keys.shard_number(user) for user in USERS]
    expected = [shards.count(shard) for shard in range(keys.SHARDS)]
    assert [a + b for a, b in zip(in_a, in_b, strict=True)] == expected


def test_from_its_start_to_its_end_a_test_has_its_groups_to_the_second():
    shop = namespace()
    second = timedelta(seconds=1)
    ab_test(shop, "one", share_a=50, share_b=50, start_at=START, end_at=START + HOUR)
    cut = segmented(shop, split("one", leaf(), leaf(), leaf()))
    edges = [START - second, START, START + HOUR - second, START + HOUR]
    past = [event("view", at, user=user) for at in edges for user in USERS]
    metric("views", Kind.COUNT, "view")
    found = kept(happen(past, shop=shop))
    views = [
        sum(value for key, value in found[number].items() if key[:2] == ("views", 300))
        for number in cut.segments
    ]
    in_a = [cut.allocations["one"].group(user, at=START) == Group.A for user in USERS]
    assert views == [2 * sum(in_a), 2 * (len(in_a) - sum(in_a)), 2 * len(USERS)]


def test_an_order_of_two_users_is_one_users_order():
    shop = namespace()
    ab_test(shop, "one", share_a=50, share_b=50, start_at=START - DAY)
    cut = segmented(shop, split("one", leaf(), leaf(), leaf()))
    past = [event("purchase", START, user=user, order="shared") for user in USERS]
    found = kept(happen(past, shop=shop))
    key = ("orders", 300, START)
    counts = [found[number].get(key, 0) for number in cut.segments]
    assert sorted(counts) == [0, 0, 1]
    assert counts[cut.allocations["one"].group(min(USERS), at=START)] == 1


def test_a_namespace_without_segmentations_stores_the_whole_alone():
    shop = happen([event("purchase", START)])
    assert set(kept(shop)) == {WHOLE}
