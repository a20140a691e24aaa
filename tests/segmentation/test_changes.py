"""What may be changed of an A/B test, and until when: never the group of an event."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from events.event_body import FUTURE
from segmentation import changes
from segmentation.resolved import ResolvedSegmentation
from tests.conftest import T0
from tests.segmentation.builders import DAY, draw, split

SOON, INSTANT = timedelta(minutes=5), timedelta(microseconds=1)
PLANNED = draw(start_at=T0 + DAY, end_at=T0 + 3 * DAY)
RUNNING = draw(start_at=T0 - DAY, end_at=T0 + DAY)
EARLIER = T0 - 3 * DAY
ENDED = draw(start_at=T0 - 2 * DAY, end_at=T0 - DAY)


def refused(before, now=T0, **fields):
    """Returns the fields at which a change is refused."""
    return changes.refusals(before, replace(before, **fields), now=now).keys()


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({}, set()),
        ({"end_at": None}, set()),
        ({"share_a": Decimal(99), "share_b": Decimal(1)}, set()),
        ({"share_a": Decimal("50.01")}, {"share_b"}),
        ({"share_a": Decimal(0)}, {"share_a"}),
        ({"share_b": Decimal(-1)}, {"share_b"}),
        ({"start_at": T0 - 5 * DAY}, set()),
        ({"start_at": T0 - 5 * DAY - INSTANT}, {"start_at"}),
        ({"start_at": T0 + DAY}, {"end_at"}),
        ({"end_at": T0 + SOON}, set()),
        ({"end_at": T0 + SOON - INSTANT}, {"end_at"}),
        ({"start_at": T0 - 2 * DAY, "end_at": T0 - DAY}, {"end_at"}),
    ],
)
def test_a_new_test_starts_and_ends_where_nothing_is_sealed(fields, wrong):
    assert changes.refusals(None, draw(**fields), now=T0).keys() == wrong


@pytest.mark.parametrize(
    "fields",
    [
        {"salt": "other", "share_a": Decimal(1), "share_b": Decimal(2)},
        {"start_at": T0 - DAY},
        {"end_at": None},
        {"start_at": T0 + 10 * DAY, "end_at": T0 + 11 * DAY},
    ],
)
def test_a_planned_test_can_be_changed(fields):
    assert not refused(PLANNED, **fields)


@pytest.mark.parametrize("before", [PLANNED, RUNNING, ENDED])
def test_nothing_is_refused_that_stays_as_it_is_but_an_id_that_does_not(before):
    assert not refused(before)
    assert refused(before, name="other") == {"name"}


@pytest.mark.parametrize("before", [RUNNING, ENDED])
def test_what_draws_users_is_fixed_from_the_start(before):
    assert refused(
        before, salt="x", share_a=Decimal(1), share_b=Decimal(1), start_at=EARLIER
    ) == {"salt", "share_a", "share_b", "start_at"}
    at_its_start = replace(RUNNING, start_at=T0)
    assert refused(at_its_start, salt="x") == {"salt"}
    assert not refused(at_its_start, now=T0 - INSTANT, salt="x")


def test_the_end_of_a_running_test_is_moved_until_it_is_near():
    assert not refused(RUNNING, end_at=T0 + SOON)
    assert not refused(RUNNING, end_at=None)
    assert not refused(replace(RUNNING, end_at=None), end_at=T0 + SOON)
    assert refused(RUNNING, end_at=T0 + SOON - INSTANT) == {"end_at"}
    near = replace(RUNNING, end_at=T0 + SOON - INSTANT)
    assert refused(near, end_at=T0 + DAY) == {"end_at"}
    assert not refused(near)


def test_the_end_of_an_ended_test_stays():
    assert refused(ENDED, end_at=None) == {"end_at"}
    assert refused(ENDED, end_at=T0 + DAY) == {"end_at"}


MOMENTS = st.integers(-20, 20).map(lambda n: T0 + n * timedelta(minutes=1))
ENDS = st.none() | MOMENTS


@given(
    start_at=MOMENTS,
    ends=st.tuples(ENDS, ENDS),
    now=MOMENTS,
    occurred=st.integers(-30, 5),
    key=st.integers(0, 100),
    shares=st.tuples(st.sampled_from([10, 50]), st.sampled_from([10, 50])),
)
def test_no_allowed_change_moves_an_event_unless_the_definition_tells(
    start_at, ends, now, occurred, key, shares
):
    """An event received until now is in the group it was counted in."""
    before = draw(start_at=start_at, end_at=ends[0])
    after = replace(before, end_at=ends[1], share_a=Decimal(shares[0]))
    assume(not changes.refusals(before, after, now=now))
    at = min(now + timedelta(minutes=occurred), now + FUTURE - INSTANT)
    moved = before.group(key, at=at) != after.group(key, at=at)
    assert not moved or definition(before) != definition(after)


def definition(one):
    """Returns what says whether stored numbers of a cut by this test still hold."""
    cut = ResolvedSegmentation(
        "id", "name", split("test"), T0, (1, 2, 3), {"test": one}
    )
    return cut.definition
