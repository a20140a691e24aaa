"""Events of files, under the rules of the HTTP intake: what is wrong in which line."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec
import orjson
from msgspec import UNSET, Meta

from api import schema_errors
from events import event_body
from events.event_body import ABSENT, Event
from events.files import time_formats
from events.files.time_formats import TimeError, TimeFormat

EARLIEST_AT = datetime(1970, 1, 1, tzinfo=UTC)
REQUIRED = ("event_name", "user_id", "datetime")
EXPECTED = {
    "string": "a text",
    "date-time": f"{time_formats.EXPECTED[time_formats.ISO]} {time_formats.OTHERWISE}",
    "number": event_body.VALUE_EXPECTED,
    "boolean": "true or false",
}
OBJECT_EXPECTED = "a JSON object with the fields of one event"
Short = Annotated[str, Meta(min_length=1, max_length=200)]
SHOWN = 40  # characters of a value


class LineError(ValueError):
    """A line was refused. The message names the field, and never a user."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line


class FaultError(ValueError):
    """An event breaks a rule: `field: what was expected`, and what came instead."""

    def __init__(self, field: str, expected: str, value: object = UNSET) -> None:
        came = "" if value is UNSET else f", not {shown(value)}"
        super().__init__(f"{field}: expected {expected}{came}")


MISFITS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, FaultError)


class Plain(Event, gc=False):
    """An event whose texts are known to hold no control character."""

    event_name: Short
    user_id: Short
    namespace: Short = ABSENT
    event_id: Short = ABSENT
    item_id: Short = ABSENT
    order_id: Short = ABSENT
    session_id: Short = ABSENT


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for all events of an import: their namespace, and how late."""

    namespace: str
    latest_at: datetime

    def accept(self, events: list[Event]) -> list[Event]:
        """Puts values right. Raises FaultError, and ValidationError for a type.

        Times are compared among themselves first: with those of another offset, it
        takes Python longer than all the rest.
        """
        moments = [event.datetime for event in events]
        if ABSENT in moments:
            raise FaultError("datetime", EXPECTED["date-time"])
        if (
            moments
            and not EARLIEST_AT <= min(moments) <= max(moments) <= self.latest_at
        ):
            until = self.latest_at.isoformat(timespec="seconds")
            raise FaultError("datetime", f"a time from 1970 to {until}")
        if not {event.namespace for event in events} <= {ABSENT, self.namespace}:
            raise FaultError("namespace", f"{self.namespace}, as it is imported into")
        for event in events:
            event.value = None if event.value is UNSET else amount(event.value)
            if event.currency is not ABSENT and not event_body.is_summed(
                event.currency
            ):
                raise FaultError("currency", event_body.CURRENCY_EXPECTED)
        return events


def amount(value: object) -> Decimal:
    try:
        return event_body.amount(value, index=0)
    except event_body.BodyError:
        raise FaultError("value", event_body.VALUE_EXPECTED) from None


def event(
    fields: Mapping[str, Any], line: int, rules: Rules, kind: type[Event] = Event
) -> Event:
    """Returns the event that has these fields. Raises LineError."""
    try:
        return rules.accept([msgspec.convert(fields, kind)])[0]
    except FaultError as error:
        raise LineError(line, str(error)) from None
    except MISFITS:
        raise LineError(line, problem(fields)) from None


def read_time(fields: dict[str, Any], written: TimeFormat, line: int) -> None:
    """Puts the moment that is meant where the time is written. Raises LineError."""
    try:
        fields["datetime"] = written.read(str(fields["datetime"]))
    except TimeError as error:
        raise LineError(line, str(fault(fields, "datetime", str(error)))) from None


def problem(value: object) -> str:
    """Returns the first thing that is wrong with an object that is no event."""
    if not isinstance(value, Mapping):
        return f"expected {OBJECT_EXPECTED}"
    for field, kind in event_body.PROPERTIES.items():
        if field not in value and field in REQUIRED:
            return str(FaultError(field, EXPECTED[kind]))
        if field in value and not fits(value[field], kind=kind):
            return str(fault(value, field, EXPECTED[kind]))
        if kind == "string" and not schema_errors.is_text(value.get(field, "-")):
            return str(FaultError(field, schema_errors.TEXT_EXPECTED))
    return f"expected {OBJECT_EXPECTED}"


def fits(value: object, *, kind: str) -> bool:
    """Says whether a value is of a kind; it may be read already."""
    if isinstance(value, datetime | Decimal):
        return kind in ("date-time", "number")
    return not schema_errors.type_failure(value, kind=kind)


def fault(fields: Mapping[str, Any], field: str, expected: str) -> FaultError:
    """Returns what is wrong with a field; a text, which may be an id, is not shown.

    Neither is a value that stands in a text beside it: somebody mixed the columns up.
    """
    kinds = event_body.PROPERTIES
    texts = [text for name, text in fields.items() if kinds.get(name) == "string"]
    hidden = kinds[field] == "string" or fields[field] in texts
    return FaultError(field, expected, UNSET if hidden else fields[field])


def shown(value: object) -> str:
    """Returns a value for a message, cut short."""
    text = orjson.dumps(value, default=str).decode()
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
