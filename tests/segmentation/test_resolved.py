"""A cut in SQL: every event is in the leaf to which its user's groups lead."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db import sql
from segmentation import tree
from segmentation.resolved import ResolvedSegmentation
from segmentation.tree import Group
from tests.conftest import T0
from tests.segmentation.builders import LEAF, draw, split

pytestmark = pytest.mark.django_db
NAMES = ["a", "b", "c", "d"]
MOMENTS = st.integers(-10, 10).map(lambda n: T0 + n * timedelta(hours=1))
EVENTS = st.lists(
    st.tuples(st.integers(-(2**63), 2**63 - 1), MOMENTS), min_size=1, max_size=30
)
LEAF_OF = """
SELECT user_key, occurred_at, {case}
FROM unnest(%(keys)s::bigint[], %(times)s::timestamptz[]) AS e (user_key, occurred_at)
"""


def trees(names):
    """Returns a strategy of trees that use each of these tests once on a path."""
    if not names:
        return st.just(LEAF)
    below = st.deferred(lambda: trees(names[1:]))
    return below | st.builds(split, st.just(names[0]), below, below, below)


@st.composite
def draws(draw_from, name):
    start_at = draw_from(MOMENTS)
    long = draw_from(st.none() | st.integers(1, 20))
    share_a = draw_from(st.integers(1, 9_999))
    share_b = draw_from(st.integers(1, 10_000 - share_a))
    return draw(
        name=name,
        salt=draw_from(st.text(st.characters(exclude_categories=["C"]), min_size=1)),
        share_a=Decimal(share_a) / 100,
        share_b=Decimal(share_b) / 100,
        start_at=start_at,
        end_at=long and start_at + timedelta(hours=long),
    )


@st.composite
def cuts(draw_from):
    """Some of the tests exist, some do not."""
    whole = draw_from(trees(draw_from(st.permutations(NAMES))))
    known = draw_from(st.sets(st.sampled_from(NAMES)))
    segments = tuple(100 + leaf.position for leaf in tree.leaves(whole))
    return ResolvedSegmentation(
        id="id",
        name="name",
        tree=whole,
        created_at=T0,
        segments=segments,
        allocations={name: draw_from(draws(name)) for name in known},
    )


def walked(cut, key, at):
    """Returns the number of the leaf, by going down the tree, group by group."""
    node, steps = cut.tree, []
    while not tree.is_leaf(node):
        name = node["split"]["ab_test_id"]
        known = cut.allocations.get(name)
        group = known.group(key, at=at) if known else Group.NEITHER
        node = tree.branches(node)[group]
        steps.append((name, group))
    [leaf] = [one for one in cut.leaves if list(one.steps) == steps]
    return cut.segments[leaf.position]


def numbers(cut, events):
    case = cut.case(lambda segment, leaf: str(segment))
    keys, times = map(list, zip(*events, strict=True))
    return sql.fetch(LEAF_OF.format(case=case), keys=keys, times=times)


@settings(max_examples=60)
@given(cut=cuts(), events=EVENTS)
def test_sql_finds_the_leaf_that_python_walks_to(cut, events):
    for key, at, found in numbers(cut, events):
        assert found == walked(cut, key, at)


def test_each_group_leads_to_its_own_leaf():
    cut = ResolvedSegmentation(
        "id", "n", split("a"), T0, (7, 8, 9), {"a": draw(name="a")}
    )
    found = numbers(cut, [(key, T0) for key in range(40)])
    assert {number for *_, number in found} == {7, 8}
    before = T0 - timedelta(microseconds=1)
    assert {one for *_, one in numbers(cut, [(key, before) for key in range(40)])} == {
        9
    }


def test_a_cut_without_a_test_has_one_leaf():
    cut = ResolvedSegmentation("id", "n", LEAF, T0, (5,), {})
    assert numbers(cut, [(1, T0)]) == [(1, T0, 5)]
