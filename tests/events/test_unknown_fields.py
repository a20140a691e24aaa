"""Fields that nobody knows: ignored and told, unless they are meant for a known one."""

from datetime import UTC, datetime

import orjson
import pytest

from api.unknown_fields import HEADER, MOST
from events import intake
from events.event_body import ALIASES, PROPERTIES, BodyError
from events.models import InboxEvent

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
ONE = {"event_name": "view", "user_id": "ann"}
URL = "/v0/analytics"


def decoded(value):
    return intake.decode(orjson.dumps(value), received_at=NOW)


def refused(value):
    with pytest.raises(BodyError) as caught:
        decoded(value)
    return caught.value.error


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("timestamp", "datetime"),
        ("Time", "datetime"),
        ("$ts", "datetime"),
        ("dateTime", "datetime"),
        ("event-time", "datetime"),
        ("datetme", "datetime"),
        ("valeu", "value"),
        ("Value", "value"),
        ("revenue", "value"),
        ("itemId", "item_id"),
        ("product_id", "item_id"),
        ("transactionId", "order_id"),
        ("oder_id", "order_id"),
        ("sessionID", "session_id"),
        ("messageId", "event_id"),
        ("nameSpace", "namespace"),
        ("currencyCode", "currency"),
        ("ensureGoal", "ensure_goal"),
    ],
)
def test_what_is_plainly_meant_for_a_known_field_is_refused_with_it(name, meant):
    error = refused([ONE, {**ONE, name: "x"}])
    assert (error["index"], error["field"], error["expected"]) == (1, name, meant)
    assert f"did you mean {meant}?" in error["what"]


@pytest.mark.parametrize(
    "name",
    [
        *("colour", "properties", "sdk_version", "event_kind", "item_name", "id"),
        *("events", "_timestamp", "_valeu", "", "user_agent", "price_list", "x" * 5000),
    ],
)
def test_any_other_field_is_ignored_and_told(name):
    sent = [{**ONE, "namespace": "shop", name: {"deep": [1]}}, ONE]
    events, _, ignored = decoded(sent)
    assert len(events) == 2
    assert ignored == {("shop", name): 1}


def test_what_is_meant_for_a_field_that_is_there_is_ignored():
    sent = {**ONE, "value": 5, "price": 3, "user": "ann", "userID": "x"}
    events, _, ignored = decoded(sent)
    assert events[0].value == 5
    assert ignored.keys() == {(None, "price"), (None, "user"), (None, "userID")}


@pytest.mark.parametrize(("name", "meant"), [("user", "user_id"), ("uid", "user_id")])
def test_a_missing_field_is_told_what_was_written_for_it(name, meant):
    error = refused({"event_name": "view", name: "ann"})
    assert error["why"][0] == ["missing_required_key", meant]
    assert error["hint"] == f"{name} is unknown: did you mean {meant}?"


def test_an_alias_stands_for_a_field_and_is_none_itself():
    assert set(ALIASES.values()) <= PROPERTIES.keys()
    assert not ALIASES.keys() & PROPERTIES.keys()


@pytest.mark.django_db
@pytest.mark.parametrize("extra", [{}, {"colour": 1}])
def test_a_namespace_beside_events_is_that_of_those_which_name_none(root, extra):
    sent = {"events": [ONE, {**ONE, "namespace": "b"} | extra], "namespace": "a"}
    assert root.post(URL, sent, format="json").status_code == 204
    rows = InboxEvent.objects.order_by("id").select_related("namespace")
    assert [row.namespace.name for row in rows] == ["a", "b"]
    assert root.post(f"{URL}?namespace=a", sent, format="json").status_code == 204
    assert root.post(f"{URL}?namespace=c", sent, format="json").status_code == 400


@pytest.mark.parametrize(
    ("beside", "field"),
    [
        ({"namespace": 5}, "namespace"),
        ({"namespace": ""}, "namespace"),
        ({"namspace": "a"}, "namspace"),
        ({"ns": "a"}, "ns"),
        ({"datetime": "2026-03-04T11:00:00Z"}, "datetime"),
        ({"user_id": "ann"}, "user_id"),
    ],
)
def test_beside_events_stands_a_namespace_and_no_field_of_an_event(beside, field):
    error = refused({"events": [ONE], **beside})
    assert error["field"] == field
    assert error["expected"]


def test_what_else_stands_beside_events_is_ignored_and_told():
    events, _, ignored = decoded({"events": [ONE], "sent_at": 5, "batch": "x"})
    assert len(events) == 1
    assert ignored == {(None, "sent_at"): 1, (None, "batch"): 1}


@pytest.mark.parametrize("currency", ["USD", "usd", "Usd"])
def test_values_in_dollars_are_taken(currency):
    assert decoded({**ONE, "value": 5, "currency": currency}).events[0].value == 5


@pytest.mark.parametrize("currency", ["EUR", "JPY", "", "US", "dollars", 840, None])
@pytest.mark.parametrize("extra", [{}, {"colour": 1}])
def test_values_in_another_currency_are_refused(currency, extra):
    error = refused([ONE, {**ONE, "value": 5, "currency": currency, **extra}])
    assert (error["index"], error["field"]) == (1, "currency")


def test_more_than_a_thousand_different_fields_are_refused():
    """Each takes time to compare with the known ones."""
    few = [{**ONE, **{f"{n}-{m}": 1 for m in range(MOST // 2)}} for n in range(2)]
    assert len(decoded([*few, *few]).ignored) == MOST
    assert f"{MOST:,}" in refused([*few, {**ONE, "one more": 1}])["what"]
    assert (
        f"{MOST:,}" in refused({**ONE, **{str(n): 1 for n in range(MOST + 1)}})["what"]
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "body"),
    [
        (URL, {**ONE, "namespace": "a"}),
        (URL, {"events": [ONE]}),
        ("/v0/goals", {"goal_name": "buy"}),
        ("/v0/featureSpecs", {"name": "dark"}),
    ],
)
def test_what_is_ignored_is_told_in_a_header(root, path, body):
    assert HEADER not in root.post(path, body, format="json").headers
    names = {"colour": 1, "größe\r\nX-Evil: 1": 2, "z" * 5000: 3}
    answer = root.post(path, {**body, **names}, format="json")
    assert answer.status_code == 204
    told = answer.headers[HEADER].split(", ")
    assert told == ["colour", "gr%C3%B6%C3%9Fe%0D%0AX-Evil%3A%201", "z" * 40]
    many = {**body, **{f"field {n}": 1 for n in range(900)}}
    assert len(root.post(path, many, format="json").headers[HEADER]) < 2000


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "body", "meant"),
    [
        ("/v0/goals", {"goal_name": "buy", "Namespace": "a"}, "namespace"),
        ("/v0/featureSpecs", {"name": "dark", "rolloutEnd": "x"}, "rollout_end"),
        ("/v0/featureSpecs", {"name": "dark", "enabled": True}, "boolean"),
    ],
)
def test_goals_and_flags_are_read_alike(root, path, body, meant):
    answer = root.post(path, body, format="json")
    assert answer.status_code == 400
    assert answer.json()["error"]["expected"] == meant
