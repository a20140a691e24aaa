"""`POST /v0/featureSpecs`: what is wrong is told in the published words."""

import json

import pytest

from flags.models import Flag
from tests.flags.builders import BAD
from tests.published import original

pytestmark = pytest.mark.django_db
URL = "/v0/featureSpecs"
DATE = "Date doesn't appear to be the right format"
RULE = {"property": "country", "comparator": "=", "value": "de"}
END = "2099-01-01T00:00:00Z"


@pytest.fixture
def refused(manager, shop):
    """Sends a body, whatever it is, and returns the error."""

    def post(sent, kind="application/json"):
        raw = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
        answer = manager.generic("POST", URL, raw, content_type=kind)
        assert answer.status_code == 400
        assert not Flag.objects.exists()
        return answer.json()["error"]

    return post


def incorrect(value, kind):
    return {"what": "Incorrect type", "type_expected": kind, "value": value}


@pytest.mark.parametrize("raw", [b"", b"{", b"{'name': 'a'}", b'{"name": NaN}', b"\0"])
def test_what_is_not_json_is_told_as_it_was_sent(refused, raw):
    what = "The object is not valid JSON"
    assert refused(raw) == {"what": what, "object": raw.decode()}


@pytest.mark.parametrize("kind", ["", "text/plain", "application/xml"])
def test_another_content_type_is_refused_by_name(refused, kind):
    assert refused({"name": "new"}, kind) == {
        "what": "The content-type is invalid",
        "type": kind,
        "expected_types": ["application/json"],
    }


@pytest.mark.parametrize("body", [None, 5, "name", [], [{"name": "new"}]])
def test_a_body_is_an_object(refused, body):
    assert original(refused(body)) == incorrect(body, "object")


def test_a_flag_has_a_name(refused):
    missing = {"what": "Missing required element", "key": "name"}
    assert original(refused({"boolean": True, "user": [RULE]})) == missing
    assert original(refused({"rollout_start": END})) == missing


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("name", 4, "string"),
        ("name", None, "string"),
        ("boolean", "true", "boolean"),
        ("boolean", 1, "boolean"),
        ("boolean", None, "boolean"),
        ("namespace", 5, "string"),
        ("user", {}, "array"),
        ("user", None, "array"),
    ],
)
def test_a_wrong_type_is_told_with_what_was_expected(refused, field, value, kind):
    error = refused({"name": "new", field: value})
    assert original(error) == incorrect(value, kind)
    assert error["field"] == field


@pytest.mark.parametrize("field", ["rollout_start", "rollout_end"])
@pytest.mark.parametrize(
    "value",
    [
        "",
        "2020",
        "2020-01-01",
        "2020-01-01T00:00:00",
        "2020-13-01T00:00:00Z",
        "2020-02-30T00:00:00Z",
        "2020-01-01T24:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
    ],
)
def test_a_date_that_is_none_is_told(refused, field, value):
    ends = {"rollout_start": END, "rollout_end": END}
    sent = {"name": "new", **ends, field: value}
    assert original(refused(sent)) == {"what": DATE, "value": value}


@pytest.mark.parametrize("value", [5, None, True, ["2020-01-01T00:00:00Z"]])
def test_a_date_is_text(refused, value):
    error = refused({"name": "new", "rollout_end": value})
    assert (error["what"], error["value"]) == ("Incorrect type", value)


def test_properties_are_looked_at_in_the_order_of_the_alphabet(refused):
    sent = {
        "user": 5,
        "rollout_start": "then",
        "rollout_end": "later",
        "namespace": 4,
        "name": 3,
        "boolean": 2,
    }
    found = []
    while sent:
        error = refused(sent)
        found.append(error["value"])
        del sent[next(name for name in sent if sent[name] == error["value"])]
        if not sent:
            assert refused(sent)["what"] == "Missing required element"
    assert found == [2, 3, 4, "later", "then", 5]


@pytest.mark.parametrize(("rule", "why"), BAD)
def test_a_rule_without_a_form_is_told_with_all_reasons(refused, rule, why):
    what = "The object did not match anyOf"
    expected = {"what": what, "object": rule, "why": why}
    error = refused({"name": "new", "user": [RULE, rule]})
    assert original(error) == expected
    assert (error["index"], error["field"]) == (1, "user")
    assert (
        original(refused({"user": [rule, 5]})) == expected
    )  # before the name is missed


def test_a_rollout_that_starts_must_end(refused):
    sent = {"name": "new", "rollout_start": "2020-01-01T00:00:00Z"}
    description = "Rollout start must have an end"
    assert refused(sent) == {"what": "Invalid feature", "description": description}


@pytest.mark.parametrize(
    "ends",
    [
        {
            "rollout_start": "2026-03-01T00:00:01Z",
            "rollout_end": "2026-03-01T00:00:00Z",
        },
        {"rollout_start": END, "rollout_end": "2099-01-01T00:30:00+01:00"},
        {"rollout_end": "2020-01-01T00:00:00Z"},
    ],
)
def test_a_rollout_cannot_start_after_its_end(refused, ends):
    description = "Rollout start cannot be after the end"
    expected = {"what": "Invalid feature", "description": description}
    assert refused({"name": "new", **ends}) == expected


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"user": [RULE] * 101}, "user"),
        ({"user": [RULE | {"value": "a\0b"}]}, "user"),
        ({"user": [RULE | {"property": ""}]}, "user"),
        (
            {"user": [RULE | {"comparator": "in", "value": list(range(1001))}]},
            "user",
        ),
    ],
)
def test_what_exceeds_our_limits_names_its_field(refused, fields, field):
    error = refused({"name": "new", **fields})
    assert (error["what"], error["field"]) == ("Invalid feature", field)
    assert error["description"]


@pytest.mark.parametrize("name", ["", "a\tb", "a\0b", "x" * 201])
def test_an_impossible_namespace_is_refused_for_root(root, name):
    sent = {"name": "new", "namespace": name}
    answer = root.post(URL, sent, format="json")
    assert answer.status_code == 400
    assert "namespace" in answer.json()["error"]["query"]


@pytest.mark.parametrize("depth", [100, 250, 300, 990, 1000, 1020, 100_000])
@pytest.mark.parametrize("around", [b"%b", b'{"name":%b}', b'{"user":[%b]}'])
def test_no_depth_breaks_the_answer(refused, depth, around):
    assert refused(around % (b"[" * depth + b"]" * depth))["what"]


def test_a_body_above_5_mb_is_413(manager):
    raw = b" " * 5_000_001
    answer = manager.post(URL, raw, content_type="application/json")
    assert answer.status_code == 413
