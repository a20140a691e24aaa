"""Counts are published with bounds that hold, and add up over shards."""

from math import exp, lgamma, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goals.counters.bounds import bounds, estimate, false_positive_rate
from goals.counters.hashing import HASHES, LAYOUT, PAGE_BITS

LAST_BITS = LAYOUT.slices[-1] * PAGE_BITS
UNEVEN = 1.06  # pages of a full slice, some fuller: its errors, against an even one's
shards = st.lists(st.integers(0, LAYOUT.capacity), min_size=16, max_size=16)


def one(keys, bits_set=0):
    keys, bits_set = np.broadcast_arrays(keys, bits_set)
    return bounds(user_count=keys, bits_set=bits_set)


def bits_after(users):
    """Bits that so many users are expected to set in the last slice."""
    return int(LAST_BITS * -np.expm1(-users * HASHES / LAST_BITS))


@given(shards)
def test_until_saturated_the_count_is_what_looked_new_and_a_lower_bound(keys):
    found = one(keys)
    assert found.count == found.lower == sum(keys)
    assert found.upper >= found.count
    assert not found.saturated


@given(shards)
def test_bounds_are_within_the_designed_error(keys):
    found = one(keys)
    most = 1e-5 * sum(keys)
    assert found.upper - found.count <= most + 3.3 * most**0.5 + 2


@pytest.mark.parametrize("shards", [1, 16])
def test_the_upper_bound_holds_in_999_of_1000_cases_at_any_fill(shards):
    """Also where an error is expected only now and then: a Poisson number of them."""
    users = np.unique(np.geomspace(1, LAYOUT.capacity, 50_000).astype(np.int64))
    rates = UNEVEN * false_positive_rate(
        user_count=users, bits_set=np.zeros_like(users)
    )
    steps = np.diff(users, prepend=0) * (rates + np.append(0, rates[:-1])) / 2
    for keys, mean in list(zip(users, shards * np.cumsum(steps), strict=True))[::50]:
        found = one([keys] * shards)
        missed = range(int(found.upper - found.count) + 1)
        chances = [exp(n * log(mean) - mean - lgamma(n + 1)) for n in missed]
        assert sum(chances) >= 0.999


def test_small_counts_are_exact():
    assert one([50] * 16).upper == 800


def test_a_full_counter_of_twenty_million_users_is_sure_to_a_few_hundred():
    found = one([LAYOUT.capacity] * 16)
    assert found.count > 20_000_000
    assert 200 < found.upper - found.count < 500


def test_no_user_has_no_bounds_to_speak_of():
    found = one([0] * 16)
    assert (found.count, found.lower, found.upper) == (0, 0, 0)


@given(st.integers(1, 16), st.integers(0, LAYOUT.capacity))
def test_expected_errors_of_shards_add_up(count, keys):
    alone, together = one([keys]), one([keys] * count)
    assert together.count == count * alone.count
    assert together.upper - together.count <= count * (alone.upper - alone.count + 1)


def test_the_error_rate_grows_with_the_users_up_to_the_design():
    keys = np.arange(0, LAYOUT.capacity, 1000)
    rates = false_positive_rate(user_count=keys, bits_set=np.zeros_like(keys))
    assert (np.diff(rates) >= 0).all()
    assert rates[0] == 0
    assert 8e-6 < rates[-1] < 1e-5


@pytest.mark.parametrize("times", [1.1, 2, 5, 10])
def test_saturated_the_count_is_estimated_from_the_bits(times):
    users = int(1_180_000 * times)
    keys = LAYOUT.capacity + 1000  # far fewer looked new
    found = one([keys], [bits_after(users)])
    truth = LAYOUT.first_user[-2] + users
    assert found.saturated
    assert found.count == pytest.approx(truth, rel=0.001)
    assert keys <= found.lower <= found.count <= found.upper
    assert found.lower <= truth <= found.upper


def test_saturation_of_one_shard_is_told_of_the_counter():
    keys = np.array([[10] * 16, [10] * 15 + [LAYOUT.capacity + 1]])
    found = bounds(user_count=keys, bits_set=np.full_like(keys, bits_after(1_180_001)))
    assert found.saturated.tolist() == [False, True]
    assert found.count.shape == (2,)


def test_an_estimate_is_never_below_what_looked_new():
    keys = np.array([LAYOUT.capacity + 5])
    assert estimate(user_count=keys, bits_set=np.array([0])) == keys
    assert one(keys, bits_after(1_180_005)).lower == keys


def test_a_counter_just_full_needs_no_estimate():
    found = one([LAYOUT.capacity], [bits_after(1_200_000)])
    assert found.count == LAYOUT.capacity
    assert not found.saturated


def test_with_every_bit_set_the_estimate_stays_finite():
    found = one([LAYOUT.capacity + 1], [LAST_BITS])
    assert 30 * 1_180_000 < found.count < 31 * 1_180_000
