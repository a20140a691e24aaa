"""`GET` and `POST /v0/featureSpecs`."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.kimball.flags import SPECS, make, rule, specs
from tests.published import original

DAY = timedelta(days=1)
START, END = "2030-01-01T00:00:00Z", "2030-02-01T12:30:15Z"
RULES = [
    rule("plan", "=", "pro"),
    rule("age", "=", 42),
    rule("age", "in", [1, 2]),
    rule("plan", "in", ["a", "b"]),
    rule("plan", "in", []),
]


def refused(namespace, spec):
    """Returns the error of a spec, which must not be stored."""
    before = specs(namespace)
    answer = namespace.post(SPECS, spec)
    assert answer.status_code == 400
    assert specs(namespace) == before
    return answer.json()["error"]


def wrong(value, kind):
    return {"what": "Incorrect type", "type_expected": kind, "value": value}


def moment(text):
    return datetime.fromisoformat(text)


def test_a_spec_is_told_with_its_defaults_and_no_more(namespace):
    make(namespace, "dark")
    assert specs(namespace) == {"dark": {"name": "dark", "boolean": False, "user": []}}


def test_a_spec_is_told_as_it_was_given(namespace):
    make(namespace, "dark", boolean=True, user=RULES)
    expected = {"name": "dark", "boolean": True, "user": RULES}
    assert specs(namespace) == {"dark": expected}


def test_the_dates_of_a_rollout_are_told_in_utc_with_a_small_z(namespace):
    make(namespace, "dark", rollout_start=START, rollout_end=END)
    one = specs(namespace)["dark"]
    assert one["rollout_start"] == START.replace("Z", "z")
    assert one["rollout_end"] == END.replace("Z", "z")


@pytest.mark.parametrize(
    "start",
    [
        "2030-01-01T00:00:00z",
        "2030-01-01T02:00:00+02:00",
        "2029-12-31T19:00:00-05:00",
        "2030-01-01 00:00:00Z",
        "2030-01-01T00:00:00.000Z",
    ],
)
def test_a_date_may_have_every_form_of_rfc_3339(namespace, start):
    make(namespace, "dark", rollout_start=start, rollout_end=END)
    assert moment(specs(namespace)["dark"]["rollout_start"].upper()) == moment(START)


def test_what_is_told_can_be_sent_again(namespace, other):
    make(namespace, "dark", user=RULES, rollout_start=START, rollout_end=END)
    told = specs(namespace)["dark"]
    make(other, **told)
    assert specs(other) == {"dark": told}


def test_a_spec_is_replaced_as_a_whole(namespace):
    full = {"user": RULES, "rollout_start": START, "rollout_end": END}
    make(namespace, "dark", boolean=True, **full)
    make(namespace, "light", boolean=True)
    make(namespace, "dark", user=RULES[:1])
    assert specs(namespace) == {
        "dark": {"name": "dark", "boolean": False, "user": RULES[:1]},
        "light": {"name": "light", "boolean": True, "user": []},
    }


def test_flags_belong_to_their_namespace(namespace, other):
    make(namespace, "dark", boolean=True)
    make(other, "dark")
    assert specs(namespace)["dark"]["boolean"] is True
    assert specs(other)["dark"]["boolean"] is False


def test_unknown_properties_are_ignored(namespace):
    make(namespace, "dark", colour=None, user=[{**RULES[0], "why": [1]}])
    expected = {"name": "dark", "boolean": False, "user": RULES[:1]}
    assert specs(namespace) == {"dark": expected}


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        ({}, {"what": "Missing required element", "key": "name"}),
        ({"boolean": True}, {"what": "Missing required element", "key": "name"}),
        ({"name": 4}, wrong(4, "string")),
        ({"name": None}, wrong(None, "string")),
        ({"name": "dark", "boolean": "true"}, wrong("true", "boolean")),
        ({"name": "dark", "boolean": None}, wrong(None, "boolean")),
        ({"name": "dark", "user": "ann"}, wrong("ann", "array")),
        ({"name": "dark", "user": None}, wrong(None, "array")),
        ({"name": "dark", "rollout_start": 5}, wrong(5, "string")),
        ({"name": "dark", "rollout_end": None}, wrong(None, "string")),
        ({"name": "dark", "namespace": 5}, wrong(5, "string")),
        # Types before what is missing, in alphabetical order.
        ({"boolean": 1}, wrong(1, "boolean")),
        ({"name": 4, "boolean": 1}, wrong(1, "boolean")),
    ],
)
def test_what_is_wrong_is_told(namespace, spec, error):
    assert original(refused(namespace, spec)) == error


@pytest.mark.parametrize("name", ["rollout_start", "rollout_end"])
@pytest.mark.parametrize(
    "text", ["", "2020", "soon", "2030-01-01", "2030-13-01T00:00:00Z", "2030-01-01T00"]
)
def test_a_date_that_is_none_is_shown(namespace, name, text):
    what = "Date doesn't appear to be the right format"
    error = refused(namespace, {"name": "dark", name: text})
    assert original(error) == {"what": what, "value": text}
    assert error["field"] == name


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (rule("age", ">", 5), ["invalid_enum", ">", ["="]]),
        (rule("age", ">", 5), ["invalid_enum", ">", ["in"]]),
        (rule(5, "=", "a"), ["incorrect_type", 5, "string"]),
        (rule("age", "=", value=True), ["incorrect_type", True, "string"]),
        (rule("age", "=", None), ["incorrect_type", None, "string"]),
        (rule("age", "=", ["a"]), ["incorrect_type", ["a"], "string"]),
        (rule("age", "in", "a"), ["incorrect_type", "a", "array"]),
        (rule("age", "in", ["a", 1]), None),
        (rule("age", "in", [1.5]), None),
        (rule("age", "=", 1.5), None),
        ({"comparator": "=", "value": "a"}, ["missing_required_key", "property"]),
        ({"property": "age", "comparator": "="}, ["missing_required_key", "value"]),
        ({"property": "age", "value": "a"}, None),
        ("age", ["incorrect_type", "age", "object"]),
        (None, ["incorrect_type", None, "object"]),
    ],
)
def test_a_rule_that_fits_nothing_is_told_why(namespace, bad, why):
    error = refused(namespace, {"name": "dark", "user": [RULES[0], bad]})
    assert original(error).keys() == {"what", "object", "why"}
    assert (error["index"], error["field"]) == (1, "user")
    assert error["what"] == "The object did not match anyOf"
    assert error["object"] == bad
    assert why is None or why in error["why"]
    assert error["why"]
    assert all(isinstance(one, list) for one in error["why"])


def test_the_whys_of_a_rule_come_last_alternative_first(namespace):
    error = refused(namespace, {"name": "dark", "user": [rule("age", ">", 5)]})
    told = list(dict.fromkeys(expected for _, _, [expected] in error["why"]))
    assert told == ["in", "="]


@pytest.mark.parametrize(
    ("rollout", "description"),
    [
        ({"rollout_start": START}, "Rollout start must have an end"),
        (
            {"rollout_start": END, "rollout_end": START},
            "Rollout start cannot be after the end",
        ),
        # It would start now.
        (
            {"rollout_end": "2020-01-01T00:00:00Z"},
            "Rollout start cannot be after the end",
        ),
    ],
)
def test_a_rollout_that_cannot_be_is_refused(namespace, rollout, description):
    error = refused(namespace, {"name": "dark", **rollout})
    assert error == {"what": "Invalid feature", "description": description}


def test_a_rollout_without_a_start_starts_now(namespace):
    before = datetime.now(UTC).replace(microsecond=0)
    make(namespace, "dark", rollout_end=(before + DAY).isoformat())
    told = specs(namespace)["dark"]["rollout_start"]
    assert before <= moment(told.upper()) <= datetime.now(UTC)


@pytest.mark.parametrize("name", ["", "a\0b", "a\nb", "x" * 201])
def test_a_name_has_1_to_200_printable_characters(namespace, name):
    assert refused(namespace, {"name": name})["what"]


def test_a_backend_reads_specs_but_does_not_write_them(backend, shop):
    make(shop, "of the manager")
    answer = backend.post(SPECS, json={"name": "of the backend"})
    assert answer.status_code == 403
    assert answer.json()["error"]["what"]
    told = backend.get(SPECS).json()["featureSpecs"]
    names = {one["name"] for one in told}
    assert "of the manager" in names
    assert "of the backend" not in names
