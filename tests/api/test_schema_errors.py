"""What a JSON object under /v0 must look like, and the words for a violation."""

import pytest

from api import schema_errors

KINDS = {"a": "string", "b": "boolean", "i": "integer", "n": "number", "t": "date-time"}


def failure(value, *required):
    found = schema_errors.failure(value, properties=KINDS, required=required)
    return found and found.why


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"a": "", "b": False, "i": 0, "n": 0, "unknown": None},
        {"i": 10**30, "n": 1.5},
        {"t": "2026-03-04T12:00:00Z"},
        {"t": "2026-03-04t12:00:00.123456+05:30"},
    ],
)
def test_what_fits_has_no_failure(value):
    assert failure(value) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("a", 5),
        ("a", None),
        ("b", 0),
        ("b", "true"),
        ("i", 1.0),
        ("i", True),
        ("n", "1"),
        ("n", False),
        ("t", 5),
    ],
)
def test_a_wrong_type_is_told_with_what_was_expected(name, value):
    expected = "string" if KINDS[name] == "date-time" else KINDS[name]
    assert failure({name: value}) == ["incorrect_type", value, expected]


@pytest.mark.parametrize("value", ["", "x", "2026-03-04", "2026-03-04T12:00:00"])
def test_a_time_without_an_offset_is_an_invalid_date(value):
    assert failure({"t": value}) == ["invalid_date", value]


def test_types_come_before_missing_keys_and_only_the_first_failure_is_told():
    assert failure({"n": "1", "b": 1}, "a") == ["incorrect_type", 1, "boolean"]
    assert failure({"b": True}, "n", "a") == ["missing_required_key", "n"]


@pytest.mark.parametrize("value", [None, 5, "text", [], [{}]])
def test_what_is_no_object_is_told_so(value):
    assert failure(value) == ["incorrect_type", value, "object"]


@pytest.mark.parametrize(
    ("found", "error"),
    [
        (
            ["missing_required_key", "goal"],
            {"what": "Missing required element", "key": "goal"},
        ),
        (
            ["incorrect_type", 5, "string"],
            {"what": "Incorrect type", "type_expected": "string", "value": 5},
        ),
        (
            ["invalid_date", "x"],
            {"what": "Date doesn't appear to be the right format", "value": "x"},
        ),
    ],
)
def test_a_failure_of_the_whole_body_is_told_in_the_published_words(found, error):
    told = {"field": "goal", "expected": "a goal"}
    failure = schema_errors.Failure(found, **told)
    assert schema_errors.problem(failure) == error | told


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"n": "1"}, ("n", "a number")),
        ({}, ("a", "a string")),
        (5, (None, "an object")),
    ],
)
def test_a_failure_names_the_field_and_what_was_expected(value, told):
    found = schema_errors.failure(value, properties=KINDS, required=["a"])
    assert found is not None
    assert (found.field, found.expected) == told
