"""What comes before a goal is told with its bounds, and adds up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goals.counters.bounds import bounds
from goals.counters.hashing import LAYOUT
from goals.forecasts.funnels import funnel, single_bounds, totals

RUNS = 20_000
names = st.frozensets(st.sampled_from("abcdef"))
combinations = st.lists(st.tuples(names, st.integers(0, 10**6)))
crooked = st.integers(-5, 10**9)  # counts are lower bounds: they need not agree


def one(*, users, goal, event, both):
    return funnel(
        users=users,
        goal_users=goal,
        event_users=np.array([event]),
        both=np.array([both]),
    )


def test_an_event_is_told_by_share_conversion_rest_and_difference():
    found = one(users=1000, goal=100, event=200, both=80)
    assert (found.share.value, found.share.users) == (0.8, 100)
    assert (found.conversion.value, found.conversion.users) == (0.4, 200)
    assert (found.rest.value, found.rest.users) == (20 / 820, 820)
    assert found.difference.value == pytest.approx(0.4 - 20 / 820)
    assert 0.3 < found.difference.lower < 0.375 < found.difference.upper < 0.5


def test_an_event_that_changes_nothing_has_a_difference_around_zero():
    found = one(users=1000, goal=100, event=500, both=50)
    assert found.difference.lower < 0 < found.difference.upper
    assert found.difference.value == pytest.approx(0, abs=0.01)


def test_a_difference_holds_however_many_did_the_event_after_the_goal():
    found = one(users=1000, goal=100, event=200, both=80)
    for after in (0, 7, 20):
        truth = 80 / (200 - after) - 20 / (800 + after)
        assert found.difference.lower < truth < found.difference.upper


def test_a_rest_that_may_be_nobody_proves_nothing():
    """Nearly everybody did the event: the few others may have done it afterwards."""
    found = one(users=1000, goal=52, event=998, both=50)
    assert (found.rest.value, found.rest.users) == (0.5, 4)
    assert found.difference.lower < -0.9


def test_users_who_did_the_event_after_the_goal_lower_its_conversion():
    before = one(users=1000, goal=100, event=200, both=80)
    after = one(users=1000, goal=100, event=210, both=80)  # ten of the goal's 20 others
    assert after.conversion.value < before.conversion.value
    assert after.share == before.share


def test_with_an_event_that_everybody_did_there_is_nothing_to_compare():
    found = one(users=100, goal=40, event=100, both=40)
    assert (found.rest.value, found.rest.users) == (0, 0)
    assert found.difference == (0, -1, 1)


def test_where_most_of_the_rest_may_have_done_it_afterwards_nothing_is_told():
    """All did the event at some time: who reached the goal before that is no rest."""
    found = one(users=100, goal=40, event=100, both=30)
    assert (found.rest.value, found.rest.users) == (0, 0)
    assert found.difference == (0, -1, 1)


@given(crooked, crooked, crooked, crooked)
def test_any_counts_give_shares_in_range(users, goal, event, both):
    found = one(users=users, goal=goal, event=event, both=both)
    for part in (found.share, found.conversion, found.rest):
        assert 0 <= part.lower <= part.value <= part.upper <= 1
    assert -1 <= found.difference.lower <= found.difference.value
    assert found.difference.value <= found.difference.upper <= 1


def test_a_combination_is_excluded_before_it_is_included():
    shop = [
        (("login", "sign up"), 5),
        (("login", "search", "sign up"), 3),
        (("search",), 2),
        ((), 1),
    ]
    for include, exclude, expected in (
        ({"login"}, {"search"}, (5, 1, 5, 4)),
        ({"login", "search"}, set(), (10, 1, 0, 4)),
        ({"search"}, {"search"}, (0, 6, 5, 4)),
        (set(), set(), (0, 11, 0, 4)),
        ({"unheard of"}, {"unseen"}, (0, 11, 0, 4)),
    ):
        found = totals(combinations=shop, unknown=4, include=include, exclude=exclude)
        assert found == expected  # included, ignored, excluded, unknown


@given(combinations, st.integers(0, 10**6), names, names)
def test_the_four_totals_sum_to_the_goals_count(found, unknown, include, exclude):
    parts = totals(
        combinations=found, unknown=unknown, include=include, exclude=exclude
    )
    assert sum(parts) == sum(users for _, users in found) + unknown
    assert parts.unknown == unknown


@given(combinations, names, names)
def test_including_more_only_takes_from_the_ignored(found, include, more):
    few = totals(combinations=found, unknown=0, include=include, exclude={"a"})
    many = totals(combinations=found, unknown=0, include=include | more, exclude={"a"})
    assert many.included >= few.included
    assert many.excluded == few.excluded


def single(both, *, goal, upper, rate):
    return single_bounds(
        both=np.asarray(both), goal_users=goal, goal_upper=upper, rate=np.asarray(rate)
    )


@pytest.mark.parametrize(
    ("both", "goal", "upper", "rate", "expected"),
    [
        (80, 100, 100, 0, (80, 80)),  # filters without error
        (80, 100, 103, 0, (80, 83)),  # three users of the goal may have been missed
        (80, 100, 100, 1e-5, (80, 80)),  # a phantom in a thousand times
        (0, 100, 100, 0.5, (0, 0)),  # what was not counted is no phantom
        (2, 10_000, 10_000, 1e-3, (0, 2)),  # ten phantoms expected
        (5_000, 105_000, 105_000, 1e-3, (4_869, 5_000)),  # 100.1 + 3 * 10.01 phantoms
        (100, 100, 100, 1, (0, 100)),  # everybody looks as if they had done it
    ],
)
def test_singles_are_as_sure_as_the_filters(both, goal, upper, rate, expected):
    assert single(both, goal=goal, upper=upper, rate=rate) == expected


@given(
    st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 99), st.floats(0, 1)
)
def test_bounds_of_singles_hold_the_count_itself(both, goal, missed, rate):
    found = single(both, goal=goal, upper=goal + missed, rate=rate)
    assert 0 <= found.lower <= both <= found.upper == both + missed


@pytest.mark.parametrize("rate", [1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("goal", [1, 20, 1000, 300_000])
@pytest.mark.parametrize("done", [0, 0.5, 0.99, 1])
def test_bounds_of_singles_hold_in_99_of_100_runs(rate, goal, done):
    random = np.random.default_rng([goal, int(100 * done), int(1 / rate)])
    truth = random.binomial(goal, done, RUNS)
    counted = truth + random.binomial(goal - truth, rate)
    found = single(counted, goal=goal, upper=goal, rate=rate)
    assert (found.lower <= truth).mean() >= 0.99
    assert (truth <= found.upper).all()


def test_bounds_of_singles_hold_when_the_goals_own_filter_misses_users():
    shards, keys = 16, LAYOUT.capacity // 10
    goal = bounds(user_count=np.full(shards, keys), bits_set=np.zeros(shards, np.int64))
    random = np.random.default_rng(3)
    missed = random.binomial(int(goal.upper - goal.count), 0.5, RUNS)
    truth = random.binomial(int(goal.count) + missed, 0.3)
    unseen = random.hypergeometric(truth, goal.count + missed - truth, missed)
    counted = truth - unseen
    counted += random.binomial(int(goal.count) - counted, 1e-5)
    found = single(counted, goal=int(goal.count), upper=int(goal.upper), rate=1e-5)
    held = (found.lower <= truth) & (truth <= found.upper)
    assert held.mean() >= 0.99
    assert (found.upper - found.lower).max() < 200  # of 640,000
