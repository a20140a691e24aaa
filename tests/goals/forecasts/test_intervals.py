"""Proportions and differences are published with the intervals of the literature."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goals.forecasts.intervals import newcombe, share, wilson

counts = st.integers(0, 10**12)
anything = st.integers(-(10**12), 10**12)
possible = counts.flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
small = st.integers(1, 10**6).flatmap(
    lambda n: st.tuples(st.integers(0, n), st.just(n))
)
times = st.integers(2, 1000)


def of(pair):
    return share(successes=pair[0], trials=pair[1])


@pytest.mark.parametrize(
    ("successes", "trials", "lower", "upper"),
    [  # Newcombe 1998, Statistics in Medicine 17:857-872, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_the_published_intervals(successes, trials, lower, upper):
    found = wilson(successes=successes, trials=trials)
    assert found == pytest.approx((lower, upper), abs=5e-5)


@pytest.mark.parametrize(
    ("first", "second", "lower", "upper"),
    [  # Newcombe 1998, Statistics in Medicine 17:873-890, table II, method 10
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0000),
        ((10, 10), (0, 10), 0.6075, 1.0000),
    ],
)
def test_newcombe_gives_the_published_intervals(first, second, lower, upper):
    found = newcombe(first=of(first), second=of(second))
    assert found.value == pytest.approx(first[0] / first[1] - second[0] / second[1])
    assert (found.lower, found.upper) == pytest.approx((lower, upper), abs=5e-5)


@given(possible)
def test_the_interval_holds_the_share_and_stays_between_0_and_1(pair):
    found = of(pair)
    assert 0 <= found.lower <= found.value <= found.upper <= 1


@given(counts.filter(bool))
def test_none_or_all_reach_exactly_to_the_end_but_never_from_it(users):
    none, everyone = of((0, users)), of((users, users))
    assert none.lower == 0 < none.upper < 1
    assert 0 < everyone.lower < 1 == everyone.upper


@given(possible)
def test_the_share_of_failures_has_the_mirrored_interval(pair):
    successes, trials = pair
    found, mirrored = of(pair), of((trials - successes, trials))
    assert (mirrored.lower, mirrored.upper) == pytest.approx(
        (1 - found.upper, 1 - found.lower), abs=1e-12
    )


@given(small, times)
def test_more_users_with_the_same_share_are_surer(pair, times):
    few, many = of(pair), of((pair[0] * times, pair[1] * times))
    assert many.upper - many.lower < few.upper - few.lower


def test_one_user_tells_little_and_nobody_nothing():
    assert of((1, 1)).lower < 0.21
    assert of((0, 1)).upper > 0.79
    assert of((0, 0)) == (0, 0, 0, 1)


@given(anything, anything)
def test_counts_that_cannot_be_are_taken_for_the_nearest_that_can(successes, trials):
    users = max(trials, 0)
    assert of((successes, trials)) == of((min(max(successes, 0), users), users))


@given(possible, possible)
def test_the_difference_is_in_its_interval_between_minus_1_and_1(first, second):
    found = newcombe(first=of(first), second=of(second))
    assert -1 <= found.lower <= found.value <= found.upper <= 1


@given(possible, possible)
def test_groups_changing_places_turn_the_difference_round(first, second):
    found = newcombe(first=of(first), second=of(second))
    turned = newcombe(first=of(second), second=of(first))
    assert turned == (-found.value, -found.upper, -found.lower)


@given(small, small, times)
def test_more_users_in_a_group_make_the_difference_surer(first, second, times):
    larger = of((first[0] * times, first[1] * times))
    few = newcombe(first=of(first), second=of(second))
    many = newcombe(first=larger, second=of(second))
    assert many.upper - many.lower < few.upper - few.lower


def test_nothing_is_known_of_the_difference_from_an_empty_group():
    some, nobody = of((5, 10)), of((0, 0))
    for first, second in ((some, nobody), (nobody, some), (nobody, nobody)):
        assert list(newcombe(first=first, second=second)) == [0, -1, 1]


def test_whole_arrays_give_what_each_element_gives():
    successes, trials = np.array([[0, 3], [9, 10]]), np.array([10, 20])
    found = share(successes=successes, trials=trials)
    other = share(successes=successes[::-1], trials=trials)
    difference = newcombe(first=found, second=other)
    for place in np.ndindex(2, 2):
        one = of((successes[place], trials[place[1]]))
        opposite = of((successes[1 - place[0], place[1]], trials[place[1]]))
        assert tuple(column[place] for column in found) == one
        assert tuple(column[place] for column in difference) == newcombe(
            first=one, second=opposite
        )
