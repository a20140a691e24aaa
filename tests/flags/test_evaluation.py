"""Which condition turns a flag on, and the reason that people are given."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flags.evaluation import Spec, Visitor, position, share, state, user_id, verdict

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
GERMAN = {"property": "country", "comparator": "=", "value": "de"}
PAID = {"property": "plan", "comparator": "in", "value": ["pro", "team"]}
ROLLOUT = {"start_at": NOON - DAY, "end_at": NOON + DAY}


def told(at=NOON, *, sent=None, key=None, chance=0.9, **fields):
    visitor = Visitor(properties=sent or {}, key=key, chance=chance)
    return verdict(Spec(name="new", **fields), visitor=visitor, at=at)


@pytest.mark.parametrize(
    ("fields", "on", "reason"),
    [
        ({}, False, "off, and without rules"),
        ({"boolean": True}, True, "always on"),
        ({"user": [GERMAN]}, False, "no rule fits"),
        ({"user": [GERMAN], "boolean": True}, True, "always on"),
    ],
)
def test_without_a_fitting_rule_the_boolean_decides(fields, on, reason):
    assert told(**fields) == (on, reason)


def test_any_rule_that_fits_is_enough_and_is_the_reason():
    fields = {"user": [GERMAN, PAID], **ROLLOUT}
    assert told(sent={"plan": "pro"}, **fields) == (True, 'plan = "pro", one of 2')
    assert told(sent={"country": "de"}, **fields) == (True, 'country = "de"')
    assert told(sent={"country": "fr"}, **fields).on is False


@pytest.mark.parametrize(
    ("at", "on", "reason"),
    [
        (NOON - DAY - SECOND, False, "rollout: starts at 2026-03-03 12:00:00 UTC"),
        (NOON - DAY, False, "rollout: starts at 2026-03-03 12:00:00 UTC"),
        (NOON + DAY, True, "rollout: over, on for all"),
        (NOON + DAY + SECOND, True, "rollout: over, on for all"),
    ],
)
def test_before_a_rollout_it_is_off_and_after_it_on(at, on, reason):
    assert told(at, key=1, chance=0.0, **ROLLOUT) == (on, reason)
    assert told(at, chance=0.999, **ROLLOUT) == (on, reason)


def test_an_empty_rollout_starts_before_it_ends():
    at_once = {"start_at": NOON, "end_at": NOON}
    assert told(NOON, **at_once).on is False
    assert told(NOON + SECOND, **at_once).on is True


def test_in_a_rollout_the_users_place_decides():
    fields = ROLLOUT | {"start_at": NOON - DAY / 3}
    below = next(key for key in range(100) if position("new", key=key) <= 0.25)
    above = next(key for key in range(100) if position("new", key=key) > 0.25)
    at = f"{100 * position('new', key=above):.2f} %"
    reason = f"rollout: 25.00 % of users, this one is at {at}"
    assert told(key=below, **fields).on is True
    assert told(key=above, **fields) == (False, reason)


def test_without_a_user_id_the_chance_of_the_request_decides():
    reason = "rollout: 50.00 % of requests, this one, without a user id, drew 50.00 %"
    assert told(chance=0.5, **ROLLOUT) == (True, reason)
    assert told(chance=0.51, **ROLLOUT).on is False


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ({}, None),
        ({"user_id": None}, None),
        ({"user_id": 42}, "42"),
        ({"user_id": "42"}, "42"),
        ({"user_id": ""}, ""),
        ({"user_id": 1.5}, 1.5),
        ({"user_id": True}, True),
    ],
)
def test_an_integer_user_id_is_its_digits(sent, found):
    assert user_id(sent) == found


@pytest.mark.parametrize(
    ("fields", "at", "text"),
    [
        ({}, NOON, "off"),
        ({"boolean": True, **ROLLOUT}, NOON, "on"),
        (ROLLOUT, NOON - DAY, "off"),
        (ROLLOUT, NOON - DAY / 2, "on for 25.00 % of users"),
        (ROLLOUT, NOON + DAY, "on"),
    ],
)
def test_the_state_is_what_users_without_a_fitting_rule_get(fields, at, text):
    assert state(Spec(name="new", **fields), at=at) == text


MOMENTS = st.datetimes(timezones=st.just(UTC))
VALUES: st.SearchStrategy[object] = st.sampled_from(
    ["de", "42", 42, 42.0, 1, True, None, []]
)
RULES = st.builds(
    lambda name, value: (
        {"property": name, "comparator": "in", "value": value}
        if isinstance(value, list)
        else {"property": name, "comparator": "=", "value": value}
    ),
    st.sampled_from("ab"),
    st.sampled_from(["de", "42", 42, 1, ["de"], [42, 1]]),
)
USERS = st.dictionaries(st.sampled_from("abc"), VALUES)


def same(sent, wanted, *, exactly):
    """Returns whether two JSON values are the same, slowly and by type."""
    if isinstance(sent, str) and isinstance(wanted, str):
        return sent == wanted
    numbers = {int} if exactly else {int, float}
    return type(sent) in numbers and type(wanted) is int and sent - wanted == 0


def model(spec, user, where, at):
    """Returns what the documentation says of a flag, word by word."""
    on = spec.boolean
    for rule in spec.user:
        several = rule["comparator"] == "in"
        for wanted in rule["value"] if several else [rule["value"]]:
            for name, sent in user.items():
                fits = same(sent, wanted, exactly=several)
                on = on or (name == rule["property"] and fits)
    if spec.start_at and at > spec.start_at:
        passed = (at - spec.start_at).total_seconds()
        whole = (spec.end_at - spec.start_at).total_seconds()
        on = on or passed >= whole or where <= passed / whole
    return on


@given(
    boolean=st.booleans(),
    rules=st.lists(RULES, max_size=3),
    ends=st.none() | st.tuples(MOMENTS, MOMENTS).map(sorted),
    user=USERS,
    key=st.none() | st.integers(-(2**63), 2**63 - 1),
    at=MOMENTS,
)
def test_a_flag_is_on_as_the_documentation_says(boolean, rules, ends, user, key, at):
    start_at, end_at = ends or (None, None)
    spec = Spec("new", boolean, rules, start_at, end_at)
    visitor = Visitor(properties=user, key=key, chance=0.37)
    where = 0.37 if key is None else position("new", key=key)
    assert verdict(spec, visitor=visitor, at=at).on == model(spec, user, where, at)


@given(st.tuples(MOMENTS, MOMENTS).map(sorted), MOMENTS, MOMENTS)
def test_the_share_never_falls_and_stays_between_0_and_1(ends, one, other):
    spec = Spec("new", start_at=ends[0], end_at=ends[1])
    early, late = sorted([one, other])
    assert 0 <= share(spec, at=early) <= share(spec, at=late) <= 1
