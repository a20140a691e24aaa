"""Predictions and nudges follow from the counts, and say how sure they are."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goals.forecasts.intervals import share
from goals.forecasts.predictions import bayes, nudges, score

crooked = st.integers(-5, 10**9)  # counts are lower bounds: they need not agree
positive = st.integers(1, 10**4)
small = st.tuples(st.integers(1, 50), st.integers(1, 50))


def scored(*, users, goal, events):
    """One goal; `events` are pairs (of the goal and did it before, did it)."""
    both = np.array([[pair[0] for pair in events]], np.int64).reshape(1, len(events))
    return score(
        users=users,
        goal_users=np.array([goal]),
        event_users=np.array([pair[1] for pair in events], np.int64),
        both=both,
    )


def told(sizes):
    """A goal's users, the others, and how many of each did one to three events."""
    goal, rest = sizes
    event = st.tuples(st.integers(1, goal), st.integers(1, rest))
    return st.tuples(*map(st.just, sizes), st.lists(event, min_size=1, max_size=3))


def log_odds(probability):
    return np.log(probability / (1 - probability)).item()


@given(st.lists(positive, min_size=4, max_size=4))
def test_bayes_is_the_formula_of_three_factors(numbers):
    both, goal, event, users = np.cumsum(numbers).tolist()
    three = ((both / goal) * (goal / users)) / (event / users)
    assert bayes(both=np.array(both), event_users=np.array(event)).value == (
        pytest.approx(three)
    )


@pytest.mark.parametrize(
    ("both", "event_users", "value"),
    [(3, 4, 0.75), (0, 4, 0), (1, 1, 1), (7, 4, 1), (0, 0, 0), (2, 0, 0), (3, -1, 0)],
)
def test_bayes_is_a_share_whatever_the_counts(both, event_users, value):
    found = bayes(both=np.array(both), event_users=np.array(event_users))
    assert found.value == value
    assert found.users == max(event_users, 0)
    assert 0 <= found.lower <= value <= found.upper <= 1


def test_bayes_of_one_user_is_not_certain():
    found = bayes(both=np.array(1), event_users=np.array(1))
    assert found.value == found.users == 1
    assert found.lower < 0.21


@pytest.mark.parametrize(
    ("goal", "events", "yes", "no", "likelihood"),
    [
        (100_000, [(1_683, 1_683)], 0.01683, 0, 0.1683),  # the original's own example
        (10, [(5, 8)], 0.5, 0.3, 0.5 / 0.3),
        (10, [(5, 8), (4, 9)], 0.2, 0.15, 0.2 / 0.15),
        (10, [(5, 8), (4, 5)], 0.2, 0.03, 2),  # `no` counts for 0.1 at least
        (10, [(5, 40)], 0.5, 3.5, 0.5 / 3.5),  # `no` is no probability
        (10, [(0, 8)], 0, 0.8, 0),
        (10, [], 1, 1, 1),
        (0, [(0, 8)], 0, 8, 0),
        (10, [(5, 3)], 0.5, 0, 5),  # the event's filter missed two users
        (10, [(12, 20)], 1, 1, 1),  # as did the goal's
    ],
)
def test_yes_no_and_likelihood_are_the_originals(goal, events, yes, no, likelihood):
    found = scored(users=1000, goal=goal, events=events)
    assert found[:3] == pytest.approx((yes, no, likelihood))


def test_products_beyond_the_largest_float_stay_numbers():
    huge = [(0, 10**9)] * 100
    assert scored(users=10**9, goal=1, events=huge).no == np.finfo(np.float64).max
    assert scored(users=10**9, goal=1, events=[*huge, (1, 1)]).no == 0


def test_probability_is_naive_bayes_with_half_a_user_more_in_every_cell():
    found = scored(users=100, goal=20, events=[(15, 30), (4, 50)])
    odds = (20.5 / 80.5) * (15.5 / 21) / (15.5 / 81) * (4.5 / 21) / (46.5 / 81)
    assert found.probability == pytest.approx(odds / (1 + odds))
    assert found.users == 30
    variance = (
        (1 / 20.5 + 1 / 80.5)
        + (1 / 15.5 - 1 / 21 + 1 / 15.5 - 1 / 81)
        + (1 / 4.5 - 1 / 21 + 1 / 46.5 - 1 / 81)
    )
    for end, sign in ((found.lower, -1), (found.upper, 1)):
        expected = math.log(odds) + sign * 1.959964 * math.sqrt(variance)
        assert log_odds(end) == pytest.approx(expected)


def test_without_events_the_probability_is_the_goals_share_of_all_users():
    found = scored(users=1000, goal=250, events=[])
    assert found.probability == pytest.approx(250.5 / 1001)
    assert found.users == 1000
    assert found.lower < 0.25 < found.upper


def test_an_event_of_goal_users_speaks_for_it_and_one_of_others_against_it():
    prior = scored(users=1000, goal=250, events=[]).probability
    assert scored(users=1000, goal=250, events=[(200, 300)]).probability > prior
    assert scored(users=1000, goal=250, events=[(20, 300)]).probability < prior


@given(
    crooked,
    st.lists(crooked, min_size=1, max_size=4),
    st.lists(crooked, max_size=6),
    st.data(),
)
def test_any_counts_give_finite_figures_in_range(users, goals, events, data):
    row = st.lists(crooked, min_size=len(events), max_size=len(events))
    both = [data.draw(row) for _ in goals]
    found = score(
        users=users,
        goal_users=np.array(goals),
        event_users=np.array(events, np.int64),
        both=np.array(both, np.int64).reshape(len(goals), len(events)),
    )
    assert all(np.isfinite(column).all() for column in found)
    assert all((column >= 0).all() for column in found)
    assert (found.yes <= 1).all()
    assert (found.lower <= found.probability).all()
    assert (found.probability <= found.upper).all()
    assert (found.upper <= 1).all()


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), max_size=3))
def test_one_user_is_never_certain(events):
    found = scored(users=1, goal=1, events=events)
    assert found.upper - found.lower > 0.5
    assert found.users <= 1


@given(small.flatmap(told), st.integers(2, 10))
def test_more_users_with_the_same_shares_are_surer(case, times):
    goal, rest, events = case
    widths = []
    for factor in (1, times):
        found = scored(
            users=(goal + rest) * factor,
            goal=goal * factor,
            events=[(b * factor, (b + f) * factor) for b, f in events],
        )
        widths.append(log_odds(found.upper) - log_odds(found.lower))
    assert widths[1] < widths[0]


def test_each_goal_is_scored_by_itself():
    both = np.array([[5, 1], [0, 30], [2, 2]])
    together = score(
        users=100,
        goal_users=np.array([10, 40, 2]),
        event_users=np.array([20, 50]),
        both=both,
    )
    for row, goal in enumerate((10, 40, 2)):
        events = list(zip(both[row].tolist(), (20, 50), strict=True))
        alone = scored(users=100, goal=goal, events=events)
        assert [column[row] for column in together] == pytest.approx(
            [column[0] for column in alone]
        )


def test_nudges_are_the_unknown_events_by_share_then_users_then_name():
    found = nudges(
        names=["done", "d", "c", "b", "a"],
        shares=share(successes=[9, 1, 2, 5, 2], trials=[9, 4, 4, 10, 4]),
        known={"done"},
    )
    assert [(nudge.event_name, nudge.prediction, nudge.users) for nudge in found] == [
        ("b", 0.5, 10),
        ("a", 0.5, 4),
        ("c", 0.5, 4),
        ("d", 0.25, 4),
    ]
    assert found[0].lower < 0.5 < found[0].upper


def test_nudges_are_plain_json():
    [found] = nudges(
        names=["a"], shares=share(successes=[1], trials=[2]), known=frozenset()
    )
    assert json.loads(json.dumps(found._asdict())) == {
        "event_name": "a",
        "prediction": 0.5,
        "users": 2,
        "lower": pytest.approx(0.0945, abs=1e-4),
        "upper": pytest.approx(0.9055, abs=1e-4),
    }


def test_a_user_who_did_everything_gets_no_nudge():
    shares = share(successes=[1, 2], trials=[2, 2])
    assert nudges(names=["a", "b"], shares=shares, known={"a", "b", "c"}) == []
