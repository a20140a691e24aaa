"""The body of `POST /v0/analytics`: one event, `{"events": […]}` or a bare list.

One that is plainly right is decoded in one pass of msgspec. Any other is looked at
again, event by event up to the first that is wrong: it may hold fields that are to be
ignored, or times that msgspec does not know.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from api import schema_errors, unknown_fields
from api.decoding import exact_decoder, showable
from api.unknown_fields import UnknownFieldError, Vocabulary
from events import event_body, refusals
from events.event_body import ABSENT, PROPERTIES, BodyError, Event, Text
from timegrid import times

Window = tuple[datetime, datetime]
Ignored = Counter[tuple[str | None, str]]  # namespace that an event names, field

MORE_THAN_ONE = "Object matches more than oneOf specifications"


class Received(NamedTuple):
    """What a body holds; `namespace` is that of the events which name none."""

    events: Sequence[Event]
    namespace: str | None
    ignored: Ignored


class KnownEvent(Event, forbid_unknown_fields=True):
    """An event with no field but those."""


class Batch(Struct, forbid_unknown_fields=True):
    """Several events; its namespace is that of those which name none."""

    events: list[KnownEvent]
    namespace: Text = ABSENT


EVENT = exact_decoder(KnownEvent)
BATCH = exact_decoder(Batch)
LIST = exact_decoder(list[KnownEvent])
ANY = exact_decoder(object)
MISFITS = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)

BATCH_FIELDS = Vocabulary(["events", "namespace"], {"ns": "namespace"})


def decode(raw: bytes, *, received_at: datetime) -> Received:
    """Returns the events of a body, in order. Raises BodyError; nothing is partial."""
    window = received_at - event_body.PAST, received_at + event_body.FUTURE
    try:
        if times.is_plain(raw):
            received = at_once(raw)
            for index, event in enumerate(received.events):
                event_body.check(event, index=index, window=window)
            return received
    except MISFITS:
        pass
    return one_by_one(raw, window=window)


def at_once(raw: bytes) -> Received:
    """Returns the events of a body without unknown fields. Raises MISFITS."""
    if raw.lstrip()[:1] == b"[":
        return Received(LIST.decode(raw), ABSENT, Ignored())
    try:
        batch = BATCH.decode(raw)
    except msgspec.ValidationError:
        return Received([EVENT.decode(raw)], ABSENT, Ignored())
    return Received(batch.events, batch.namespace, Ignored())


def one_by_one(raw: bytes, *, window: Window) -> Received:
    """Returns the events of a body, and what is ignored. Raises BodyError."""
    sent = json(raw)
    items, beside = items_and_rest(sent)
    namespace, names = beside_events(beside)
    ignored = Ignored((None, name) for name in names)
    events: list[Event] = []
    unknown = UnknownFields(names)
    for index, item in enumerate(items):
        try:
            event = event_body.event(item)
            event_body.check(event, index=index, window=window)
            names = unknown.of(item)
        except msgspec.ValidationError:
            raise BodyError(refusal(raw, index)) from None
        except UnknownFieldError as error:
            details = unknown_fields.problem(error, of="event")
            raise BodyError(details | {"index": index}) from None
        events.append(event)
        for name in names:
            ignored[event.namespace, name] += 1
    return Received(events, namespace, ignored)


class UnknownFields:
    """The unknown fields of a body's events; most of them have the same ones."""

    def __init__(self, names: Iterable[str]) -> None:
        self._different = set(names)
        self._by_fields: dict[tuple[str, ...], list[str]] = {}

    def of(self, item: Mapping[str, Any]) -> list[str]:
        """Returns those of an event. Raises UnknownFieldError."""
        fields = tuple(item)
        if fields not in self._by_fields:
            names = self._by_fields[fields] = event_body.VOCABULARY.unknown(item)
            self._different.update(names)
            unknown_fields.require_few(self._different)
        return self._by_fields[fields]


def json(raw: bytes) -> Any:
    """Returns what a body holds, its numbers exact. Raises BodyError."""
    try:
        return ANY.decode(raw)
    except MISFITS:
        raise BodyError(refusals.not_json(raw)) from None


def items_and_rest(sent: Any) -> tuple[list[Any], dict[str, Any]]:
    """Returns the events of a decoded body, and the fields beside a list of them.

    Raises BodyError where both are an event.
    """
    if isinstance(sent, list):
        return sent, {}
    if not isinstance(sent, dict) or not isinstance(sent.get("events"), list):
        return [sent], {}
    try:
        event_body.event(sent)
    except msgspec.ValidationError:
        return sent["events"], {k: v for k, v in sent.items() if k != "events"}
    details = {"field": "events", "expected": "either an event or events"}
    raise BodyError({"what": MORE_THAN_ONE, "object": sent, **details})


def beside_events(beside: Mapping[str, Any]) -> tuple[Any, list[str]]:
    """Returns the namespace beside a list of events, and the fields to be ignored.

    Raises BodyError, also for what each event has to say itself.
    """
    kinds = {"namespace": "string"}
    if failure := schema_errors.failure(beside, properties=kinds, required=()):
        raise BodyError(schema_errors.problem(failure))
    namespace = beside.get("namespace", ABSENT)
    if namespace is not ABSENT and not schema_errors.is_text(namespace):
        raise BodyError(
            request_error("namespace", schema_errors.TEXT_EXPECTED, namespace)
        )
    if misplaced := beside.keys() & PROPERTIES.keys() - kinds.keys():
        name = min(misplaced)
        raise BodyError(request_error(name, "in each of the events", beside[name]))
    try:
        return namespace, BATCH_FIELDS.unknown({"events": [], **beside})
    except UnknownFieldError as error:
        raise BodyError(unknown_fields.problem(error, of="request")) from None


def request_error(field: str, expected: str, value: object) -> dict[str, Any]:
    what = f"Invalid request: {field} must be {expected}"
    return {"what": what, "field": field, "expected": expected, "value": value}


def refusal(raw: bytes, index: int) -> dict[str, Any]:
    """Returns the error object for the first event of a body that is none.

    As JSON is written, not as it is kept: with floats.
    """
    try:
        sent = showable(raw)
    except ValueError:
        return refusals.not_json(raw)
    items, _ = items_and_rest(sent)
    return refusals.of_event(items[index], index=index, sent=sent)
