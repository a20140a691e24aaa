"""The body of `POST /v0/analytics`: three forms, and what is said about every other."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import orjson
import pytest

from events import intake
from events.event_body import BodyError

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
ONE = {"event_name": "view", "user_id": "ann"}
ONE_OF = "Object does not match any of the oneOf specifications"
TEXTS = ["event_name", "user_id", "namespace", "event_id", "item_id", "order_id"]
TEXTS += ["session_id"]


def decoded(value):
    raw = value if isinstance(value, bytes) else orjson.dumps(value)
    return intake.decode(raw, received_at=NOW).events


def refused(value):
    """Returns the error of a body that must be refused."""
    with pytest.raises(BodyError) as caught:
        decoded(value)
    return caught.value.error


def test_one_event_a_batch_and_a_bare_list_say_the_same():
    [single] = decoded(ONE)
    assert decoded({"events": [ONE]}) == decoded([ONE])
    assert (single.event_name, single.user_id) == ("view", "ann")
    assert single.namespace is single.value is single.datetime is None


def test_a_batch_keeps_its_order():
    names = [f"event {number}" for number in (3, 1, 2)]
    events = decoded([{**ONE, "event_name": name} for name in names])
    assert [event.event_name for event in events] == names


def test_a_batch_without_events_is_accepted():
    assert decoded([]) == decoded({"events": []}) == []


def test_every_field_arrives():
    [event] = decoded(
        {**dict.fromkeys(TEXTS, "x"), "ensure_goal": True, "value": 5}
        | {"datetime": "2026-03-04T13:59:59+02:00"}
    )
    assert {getattr(event, name) for name in TEXTS} == {"x"}
    assert event.ensure_goal is True
    assert event.value == 5
    assert event.datetime == NOW - timedelta(seconds=1)


def test_unknown_properties_are_ignored():
    [event] = decoded({**ONE, "colour": {"deep": [1]}})
    assert msgspec.structs.asdict(event) == msgspec.structs.asdict(decoded(ONE)[0])


def test_of_a_repeated_key_the_last_one_counts():
    [event] = decoded(b'{"event_name":"a","event_name":"b","user_id":"c"}')
    assert event.event_name == "b"


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("text", ["x" * 200, "é" * 200, " ", "日本", "😀"])
def test_a_text_holds_up_to_200_characters(name, text):
    [event] = decoded({**ONE, name: text})
    assert getattr(event, name) == text


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("text", ["", "x" * 201, "a\0b", "a\nb", "\x7f", "\x9f"])
def test_a_text_out_of_bounds_is_named_with_its_index(name, text):
    error = refused([ONE, {**ONE, name: text}])
    assert (error["index"], error["field"]) == (1, name)
    assert error["expected"] in error["what"]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("0", 0),
        ("-7", -7),
        ("19.99", "19.99"),
        ("1e12", 10**12),
        ("-1000000000000", -(10**12)),
        ("0.1234567", "0.123457"),
        ("1e-400", 0),
        ("1e-99999999999999999999", 0),
    ],
)
def test_a_value_is_exact_to_6_decimals(sent, kept):
    [event] = decoded(f'{{"event_name":"a","user_id":"b","value":{sent}}}'.encode())
    assert event.value == Decimal(kept)
    assert event.value.as_tuple().exponent == -6


@pytest.mark.parametrize(
    "sent",
    [
        "1000000000000.000001",
        "-1e13",
        "9" * 30,
        "9" * 400,
        "1e999",
        "-1e999",
        "1e1000000",
        "1e99999999999999999999",
    ],
)
def test_a_value_beyond_1e12_is_named(sent):
    error = refused(f'{{"event_name":"a","user_id":"b","value":{sent}}}'.encode())
    assert (error["index"], error["field"]) == (0, "value")


@pytest.mark.parametrize("offset", [timedelta(days=-5), timedelta(minutes=5)])
def test_the_window_reaches_from_5_days_ago_to_5_minutes_ahead(offset):
    [event] = decoded({**ONE, "datetime": (NOW + offset).isoformat()})
    assert event.datetime == NOW + offset


@pytest.mark.parametrize("offset", [timedelta(days=-5), timedelta(minutes=5)])
def test_a_time_outside_of_the_window_is_told_the_window(offset):
    beyond = NOW + offset * 1.0001
    error = refused([ONE, ONE, {**ONE, "datetime": beyond.isoformat()}])
    window = "a time in 2026-02-27T12:00:00+00:00 to 2026-03-04T12:05:00+00:00"
    assert error == {
        "what": f"Invalid event: datetime must be {window}",
        "index": 2,
        "field": "datetime",
        "expected": window,
        "value": beyond.isoformat(),
    }


@pytest.mark.parametrize("sent", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59Z"])
def test_the_ends_of_time_are_outside_of_the_window(sent):
    assert refused({**ONE, "datetime": sent})["field"] == "datetime"


@pytest.mark.parametrize(
    "sent",
    [
        "2026-03-03T23:59:59.999999Z",
        "2026-03-03T23:59:59.9999999Z",
        "2026-03-03T23:59:59.99999\\u00399999Z",
        "2026-03-03t23:59:60z",
    ],
)
def test_a_time_is_cut_to_the_microsecond(sent):
    """Also where JSON escapes a digit; a leap second is in the second before."""
    text = f'{{"event_name":"a","user_id":"b","datetime":"{sent}"}}'
    [event] = decoded(text.encode())
    assert event.datetime.isoformat() == "2026-03-03T23:59:59.999999+00:00"


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "now",
        "2026-03-04",
        "2026-03-04T12:00:00",
        "2026-13-04T12:00:00Z",
        "2026-02-30T12:00:00Z",
        "20260304T120000Z",
        "2026-03-04T12:00:00 Europe/Paris",
    ],
)
def test_a_time_that_is_none_or_has_no_offset_is_an_invalid_date(sent):
    event = {**ONE, "datetime": sent}
    assert refused(event)["why"][0] == ["invalid_date", sent]


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ({}, ["missing_required_key", "event_name"]),
        ({"event_name": "a"}, ["missing_required_key", "user_id"]),
        ({**ONE, "user_id": 5}, ["incorrect_type", 5, "string"]),
        ({**ONE, "event_name": None}, ["incorrect_type", None, "string"]),
        ({**ONE, "event_name": ["a"]}, ["incorrect_type", ["a"], "string"]),
        ({**ONE, "namespace": None}, ["incorrect_type", None, "string"]),
        ({**ONE, "value": "5"}, ["incorrect_type", "5", "number"]),
        ({**ONE, "value": True}, ["incorrect_type", True, "number"]),
        ({**ONE, "value": None}, ["incorrect_type", None, "number"]),
        ({**ONE, "ensure_goal": 1}, ["incorrect_type", 1, "boolean"]),
        ({**ONE, "datetime": 0}, ["incorrect_type", 0, "string"]),
        ({"value": "5", "user_id": 5}, ["incorrect_type", 5, "string"]),
        (5, ["incorrect_type", 5, "object"]),
        (None, ["incorrect_type", None, "object"]),
    ],
)
def test_an_event_of_the_wrong_type_is_told_in_each_form_how(event, why):
    assert refused(event)["what"] == ONE_OF
    assert refused(event)["why"][0] == why
    error = refused({"events": [ONE, event]})
    assert (error["what"], error["index"]) == (ONE_OF, 1)
    assert error["object"] == {"events": [ONE, event]}
    assert error["why"] == [
        ["missing_required_key", "event_name"],
        why,
        ["incorrect_type", {"events": [ONE, event]}, "array"],
    ]
    assert refused([ONE, event])["why"][2] == why


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (
            {**ONE, "user_id": 5},
            {"field": "user_id", "expected": "a string", "value": 5},
        ),
        ({**ONE, "ensure_goal": 1}, {"field": "ensure_goal", "value": 1}),
        ({**ONE, "datetime": "now"}, {"field": "datetime", "value": "now"}),
        ({**ONE, "event_id": "a\nb"}, {"field": "event_id", "value": "a\nb"}),
        ({**ONE, "value": 1e13}, {"field": "value"}),
        ({"event_name": "a"}, {"field": "user_id", "expected": "a string"}),
        (5, {"expected": "an object", "value": 5}),
    ],
)
@pytest.mark.parametrize("form", [list, lambda events: {"events": events}])
def test_a_refusal_names_index_and_field_and_what_was_expected(event, told, form):
    error = refused(form([*[ONE] * 317, event, ONE, {}]))
    assert error["index"] == 317
    assert error["what"]
    assert error["expected"]
    assert told.items() <= error.items()


def test_what_is_no_list_of_events_is_named():
    error = refused({"events": 5})
    assert (error["field"], error["expected"]) == ("events", "a list")
    assert "index" not in error


def test_an_object_that_is_neither_event_nor_batch_is_told_what_each_misses():
    assert refused({"a": 1})["why"] == [
        ["missing_required_key", "event_name"],
        ["missing_required_key", "events"],
        ["incorrect_type", {"a": 1}, "array"],
    ]
    assert refused({"events": 5})["why"][1] == ["incorrect_type", 5, "array"]


def test_a_body_that_is_an_event_and_a_batch_is_refused():
    sent = {**ONE, "events": [ONE]}
    error = refused(sent)
    assert error["what"] == "Object matches more than oneOf specifications"
    assert (error["object"], error["field"]) == (sent, "events")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"  ",
        b"{",
        b"{} x",
        b"{'a': 1}",
        b'{"a": NaN}',
        b'\xef\xbb\xbf{"event_name":"a","user_id":"b"}',
        '{"event_name":"a","user_id":"b"}'.encode("utf-16"),
        b'{"event_name":"\xff","user_id":"b"}',
        b'{"event_name":"\\ud800","user_id":"b"}',
        b'{"event_name":"\\udc00","user_id":"b"}',
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"event_name":"a","user_id":"b","value":' + b"[" * 252 + b"]" * 252 + b"}",
    ],
)
def test_what_is_no_json_is_shown_up_to_1000_characters(raw):
    error = refused(raw)
    assert error["what"] == "The object is not valid JSON"
    assert error["object"] == raw[:1000].decode(errors="replace")
