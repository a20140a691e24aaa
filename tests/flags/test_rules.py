"""A user rule has one of four forms; what misses them all is told form by form."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flags import rules
from tests.flags.builders import BAD

GOOD: list[dict[str, Any]] = [
    {"property": "country", "comparator": "=", "value": "de"},
    {"property": "age", "comparator": "=", "value": 42},
    {"property": "age", "comparator": "in", "value": [1, 2]},
    {"property": "country", "comparator": "in", "value": ["de", "fr"]},
    {"property": "country", "comparator": "in", "value": []},
    {"property": "a", "comparator": "=", "value": "", "unknown": None},
]


JSON = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
SHAPED = st.fixed_dictionaries(
    {},
    optional={
        "property": JSON,
        "comparator": st.sampled_from(["=", "in", "<", 5, None]),
        "value": JSON | st.lists(JSON, max_size=3),
    },
)


@pytest.mark.parametrize("rule", GOOD)
def test_what_has_a_form_misses_none(rule):
    assert rules.misses(rule) is None


@pytest.mark.parametrize(("rule", "why"), BAD)
def test_what_has_no_form_misses_all_four_the_last_first(rule, why):
    assert rules.misses(rule) == why


@given(SHAPED | JSON)
def test_people_get_an_advice_exactly_where_the_api_refuses(rule):
    assert (rules.advice(rule) is None) == (rules.misses(rule) is None)


@pytest.mark.parametrize(
    ("changed", "excess"),
    [
        ({"property": ""}, "rule 2: property must be 1 to 200 characters"),
        ({"property": "x" * 201}, "rule 2: property must be 1 to 200 characters"),
        ({"property": "a\nb"}, "rule 2: property must be 1 to 200 characters"),
        ({"value": "x" * 201}, "rule 2: a value must be at most 200 characters"),
        ({"value": "a\0b"}, "rule 2: a value must be at most 200 characters"),
        (
            {"comparator": "in", "value": list(range(1001))},
            "rule 2: value holds 1,001 values, at most 1,000 are possible",
        ),
        ({"comparator": "in", "value": ["a", "b\n"]}, "rule 2: a value must"),
    ],
)
def test_what_exceeds_our_limits_is_told_with_its_rule(changed, excess):
    assert str(rules.excess([GOOD[0], GOOD[0] | changed])).startswith(excess)


@pytest.mark.parametrize(
    "changed",
    [
        {"property": "x" * 200, "value": "x" * 200},
        {"value": ""},
        {"comparator": "in", "value": ["a"] * 1000},
        {"comparator": "in", "value": []},
    ],
)
def test_what_meets_our_limits_is_taken(changed):
    assert rules.excess([GOOD[0] | changed] * 100) is None


def test_a_flag_has_at_most_100_rules():
    assert "101 rules" in str(rules.excess([GOOD[0]] * 101))


@pytest.mark.parametrize(
    ("value", "sent", "fits"),
    [
        ("42", "42", True),
        ("42", 42, False),
        (42, "42", False),
        (42, 42, True),
        (42, 42.0, True),
        (42, 42.5, False),
        (1, True, False),
        (0, False, False),
        ("", None, False),
        ("a", ["a"], False),
        ("a", {"a": 1}, False),
        (["42"], "42", True),
        (["42"], 42, False),
        ([1, 42], 42, True),
        ([1, 42], 42.0, False),
        ([1, 42], True, False),
        ([], 42, False),
    ],
)
def test_a_rule_compares_values_with_their_types(value, sent, fits):
    comparator = "in" if isinstance(value, list) else "="
    rule = {"property": "p", "comparator": comparator, "value": value}
    assert rules.fits(rule, user={"p": sent}) is fits


def test_a_property_is_read_at_the_top_alone():
    rule = {"property": "address.country", "comparator": "=", "value": "de"}
    assert not rules.fits(rule, user={"address": {"country": "de"}})
    assert rules.fits(rule, user={"address.country": "de"})


def test_keys_that_mean_nothing_are_not_known():
    rule = GOOD[0] | {"comment": "for Berlin"}
    assert rules.known([rule]) == [GOOD[0]]
