"""Counts are published with bounds that hold, and add up over shards."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goals.bounds import bounds, estimate, false_positive_rate
from goals.hashing import CAPACITY, FIRST_KEY, HASHES, PAGE_BITS, SLICES

LAST_BITS = SLICES[-1] * PAGE_BITS
shards = st.lists(st.integers(0, CAPACITY), min_size=16, max_size=16)


def one(keys, bits_set=0):
    keys, bits_set = np.broadcast_arrays(keys, bits_set)
    return bounds(keys=keys, bits_set=bits_set)


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
    assert found.upper - found.count <= most + 3 * most**0.5 + 1


def test_small_counts_are_exact():
    assert one([50] * 16).upper == 800


def test_a_full_counter_of_twenty_million_users_is_sure_to_a_few_hundred():
    found = one([CAPACITY] * 16)
    assert found.count > 20_000_000
    assert 200 < found.upper - found.count < 500


def test_no_user_has_no_bounds_to_speak_of():
    found = one([0] * 16)
    assert (found.count, found.lower, found.upper) == (0, 0, 0)


@given(st.integers(1, 16), st.integers(0, CAPACITY))
def test_expected_errors_of_shards_add_up(count, keys):
    alone, together = one([keys]), one([keys] * count)
    assert together.count == count * alone.count
    assert together.upper - together.count <= count * (alone.upper - alone.count + 1)


def test_the_error_rate_grows_with_the_users_up_to_the_design():
    keys = np.arange(0, CAPACITY, 1000)
    rates = false_positive_rate(keys=keys, bits_set=np.zeros_like(keys))
    assert (np.diff(rates) >= 0).all()
    assert rates[0] == 0
    assert 8e-6 < rates[-1] < 1e-5


@pytest.mark.parametrize("times", [1.1, 2, 5, 10])
def test_saturated_the_count_is_estimated_from_the_bits(times):
    users = int(1_180_000 * times)
    keys = CAPACITY + 1000  # far fewer looked new
    found = one([keys], [bits_after(users)])
    truth = FIRST_KEY[-2] + users
    assert found.saturated
    assert found.count == pytest.approx(truth, rel=0.001)
    assert keys <= found.lower <= found.count <= found.upper
    assert found.lower <= truth <= found.upper


def test_saturation_of_one_shard_is_told_of_the_counter():
    keys = np.array([[10] * 16, [10] * 15 + [CAPACITY + 1]])
    found = bounds(keys=keys, bits_set=np.full_like(keys, bits_after(1_180_001)))
    assert found.saturated.tolist() == [False, True]
    assert found.count.shape == (2,)


def test_an_estimate_is_never_below_what_looked_new():
    keys = np.array([CAPACITY + 5])
    assert estimate(keys=keys, bits_set=np.array([0])) == keys
    assert one(keys, bits_after(1_180_005)).lower == keys


def test_a_counter_just_full_needs_no_estimate():
    found = one([CAPACITY], [bits_after(1_200_000)])
    assert found.count == CAPACITY
    assert not found.saturated


def test_with_every_bit_set_the_estimate_stays_finite():
    found = one([CAPACITY + 1], [LAST_BITS])
    assert 30 * 1_180_000 < found.count < 31 * 1_180_000
