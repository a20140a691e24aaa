"""The body of `POST /v0/analytics`: one event, `{"events": […]}` or a bare list.

A body that fits is decoded in one pass of msgspec. Only one that does not is looked
at again, slowly, to say what is wrong in the words of the published API.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Context, Decimal
from typing import Annotated, Any

import msgspec
import orjson
from msgspec import UNSET, Meta, Struct

from access import elements, times

PRINTABLE = r"\A[^\x00-\x1f\x7f-\x9f]*\Z"
Moment = Annotated[datetime, Meta(tz=True)]
Text = Annotated[str, Meta(min_length=1, max_length=200, pattern=PRINTABLE)]

PAST, FUTURE = timedelta(days=5), timedelta(minutes=5)
MAX_VALUE, MICRO = Decimal(10) ** 12, Decimal("0.000001")


# What is absent is None, and yet a null that is sent is refused: msgspec does not check
# defaults against the type.
ABSENT: Any = None


class Event(Struct):
    """One event as it was sent; `value` is checked by `amount`."""

    event_name: Text
    user_id: Text
    namespace: Text = ABSENT
    datetime: Moment = ABSENT
    value: Any = UNSET
    ensure_goal: bool = False
    event_id: Text = ABSENT
    item_id: Text = ABSENT
    order_id: Text = ABSENT
    session_id: Text = ABSENT


class Several(Struct):
    events: list[Event]
    event_name: Any = UNSET
    user_id: Any = UNSET


PROPERTIES = {
    "event_name": "string",
    "user_id": "string",
    "namespace": "string",
    "datetime": "date-time",
    "value": "number",
    "ensure_goal": "boolean",
    "event_id": "string",
    "item_id": "string",
    "order_id": "string",
    "session_id": "string",
}
REQUIRED = ["event_name", "user_id"]
VALUE_EXPECTED = "a number of at most 1e12, stored with 6 decimals"

# An exponent too large for a Decimal becomes NaN or infinity instead of an exception.
NUMBER = Context(prec=50, traps=[]).create_decimal
ONE = msgspec.json.Decoder(Event, float_hook=NUMBER)
SEVERAL = msgspec.json.Decoder(Several, float_hook=NUMBER)
BARE = msgspec.json.Decoder(list[Event], float_hook=NUMBER)


class BodyError(ValueError):
    """The body was refused; `error` says why, in the API's words."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["what"])
        self.error = error


def decode(raw: bytes, *, received_at: datetime) -> list[Event]:
    """Returns the events of a body, in order. Raises BodyError; nothing is partial."""
    try:
        events = fitting(raw)
        window = received_at - PAST, received_at + FUTURE
        for index, event in enumerate(events):
            check(event, index=index, window=window)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise BodyError(reason(raw)) from None
    return events


def fitting(raw: bytes) -> list[Event]:
    if raw.lstrip()[:1] == b"[":
        return BARE.decode(raw)
    try:
        found = SEVERAL.decode(raw)
    except msgspec.ValidationError:
        return [ONE.decode(raw)]
    if UNSET not in (found.event_name, found.user_id) and is_event(raw):
        raise msgspec.ValidationError  # it fits two of the forms
    return found.events


def event(sent: object) -> Event:
    """Returns an event of decoded JSON or text. Raises msgspec's ValidationError."""
    if isinstance(sent, dict) and isinstance(at := sent.get("datetime"), str):
        with suppress(ValueError):  # it stays the text that is refused
            sent = {**sent, "datetime": times.moment(at)}
    return msgspec.convert(sent, Event)


def is_event(raw: bytes) -> bool:
    try:
        ONE.decode(raw)
    except msgspec.ValidationError:
        return False
    return True


def check(event: Event, *, index: int, window: tuple[datetime, datetime]) -> None:
    """Puts the value right. Raises BodyError for what only our own limits forbid."""
    event.value = None if event.value is UNSET else amount(event.value, index=index)
    oldest, newest = window
    if event.datetime is not ABSENT and not oldest <= event.datetime <= newest:
        expected = f"{oldest.isoformat()} to {newest.isoformat()}"
        raise invalid(index, "datetime", f"a time in {expected}")


def amount(value: object, *, index: int) -> Decimal:
    """Returns a value with 6 decimals. Raises BodyError unless it is a number."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        number = Decimal(value)
        if number.is_finite() and -MAX_VALUE <= number <= MAX_VALUE:
            return number.quantize(MICRO)
        raise invalid(index, "value", VALUE_EXPECTED)
    raise msgspec.ValidationError


def invalid(index: int, field: str, expected: str) -> BodyError:
    what = f"Invalid event: {field} must be {expected}"
    return BodyError(
        {"what": what, "index": index, "field": field, "expected": expected}
    )


def reason(raw: bytes) -> dict[str, Any]:
    """Returns the error object for a body that does not fit.

    What is nested too deep to be written again counts as no JSON (RFC 8259, 9).
    """
    try:
        body = orjson.loads(raw)
        orjson.dumps([[[[body]]]])  # as deep as the answer shows it
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        shown = raw[:1000].decode(errors="replace")
        return {"what": "The object is not valid JSON", "object": shown}
    listed = body.get("events") if isinstance(body, dict) else None
    items = body if isinstance(body, list) else listed
    events = items if isinstance(items, list) else [body]
    return limits(events) or shape(body)


def limits(events: list[Any]) -> dict[str, Any] | None:
    """Returns the first breach of our own limits, if every type is right."""
    if any(event_failure(event) for event in events):
        return None
    for index, event in enumerate(events):
        for field in sorted(PROPERTIES.keys() & event.keys()):
            if PROPERTIES[field] == "string" and not elements.is_text(event[field]):
                return invalid(index, field, elements.TEXT_EXPECTED).error
    return None


def shape(body: object) -> dict[str, Any]:
    """Returns the error that lists how each of the three forms is missed."""
    why = [event_failure(body), batch_failure(body), list_failure(body)]
    if why.count(None) > 1:
        what = "Object matches more than oneOf specifications"
        return {"what": what, "object": body}
    what = "Object does not match any of the oneOf specifications"
    return {"what": what, "object": body, "why": [found for found in why if found]}


def event_failure(value: object) -> elements.Failure | None:
    return elements.failure(value, properties=PROPERTIES, required=REQUIRED)


def batch_failure(value: object) -> elements.Failure | None:
    kinds, required = {"events": "array"}, ["events"]
    found = elements.failure(value, properties=kinds, required=required)
    return found or list_failure(value["events"])  # type: ignore[index]  # an object


def list_failure(value: object) -> elements.Failure | None:
    if not isinstance(value, list):
        return ["incorrect_type", value, "array"]
    return next((found for item in value if (found := event_failure(item))), None)
