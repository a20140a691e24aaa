"""A user's place in a rollout: the same for good, another one for every flag."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flags.evaluation import Spec, Visitor, position, verdict

START = datetime(2026, 3, 4, 12, tzinfo=UTC)
DAYS = timedelta(days=10)
USERS = range(-10_000, 10_000)
KEYS = st.integers(-(2**63), 2**63 - 1)
# With 15 degrees of freedom, one of ten million fair samples is further off.
CHI_SQUARE_15 = 62.0


def on(key, at, name="new"):
    spec = Spec(name, start_at=START, end_at=START + DAYS)
    visitor = Visitor(properties={}, key=key, chance=0.5)
    return verdict(spec, visitor=visitor, at=at).on


@pytest.mark.parametrize(
    ("name", "key", "found"),
    [
        ("new", 0, 0.30718638793502095),
        ("new", 1, 0.286859913549793),
        ("new", -1, 0.9840255275103839),
        ("other", 1, 0.28752626609942145),
        ("größer 🙂", 2**63 - 1, 0.11343320379267574),
        ("", -(2**63), 0.9362428779423201),
    ],
)
def test_places_are_the_same_on_every_machine_and_in_every_release(name, key, found):
    assert position(name, key=key) == found


@given(st.text(max_size=200), KEYS)
def test_a_place_is_at_least_0_and_below_1(name, key):
    assert 0 <= position(name, key=key) < 1


@given(KEYS, st.floats(-0.5, 1.5), st.floats(-0.5, 1.5))
def test_who_is_on_stays_on_while_time_passes(key, one, other):
    early, late = sorted([one, other])
    assert on(key, START + early * DAYS) <= on(key, START + late * DAYS)


@pytest.mark.parametrize("part", [0.01, 0.25, 0.5, 0.9])
def test_the_share_of_users_is_the_elapsed_share(part):
    found = sum(on(key, START + part * DAYS) for key in USERS)
    expected = part * len(USERS)
    assert abs(found - expected) < 5 * (expected * (1 - part)) ** 0.5


def chi_square(counts, cells):
    expected = len(USERS) / cells
    return sum((counts[cell] - expected) ** 2 / expected for cell in range(cells))


def test_places_are_uniform():
    counts = Counter(int(16 * position("new", key=key)) for key in USERS)
    assert chi_square(counts, 16) < CHI_SQUARE_15


@pytest.mark.parametrize("pair", [("new", "other"), ("flag 1", "flag 2")])
def test_a_users_places_in_two_flags_are_independent(pair):
    one, other = pair
    counts = Counter(
        4 * int(4 * position(one, key=key)) + int(4 * position(other, key=key))
        for key in USERS
    )
    assert chi_square(counts, 16) < CHI_SQUARE_15


def test_neighbouring_users_have_independent_places():
    counts = Counter(
        4 * int(4 * position("new", key=key)) + int(4 * position("new", key=key + 1))
        for key in USERS
    )
    assert chi_square(counts, 16) < CHI_SQUARE_15
