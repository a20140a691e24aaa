"""Events one a line, under the rules of the HTTP intake.

JSON lines are decoded many at once, and their texts not looked at one by one; only
where that finds something odd are they looked at again, slowly, to say what is wrong.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

import msgspec
import orjson
from msgspec import UNSET, Meta

from access import elements, times
from events import body
from events.body import ABSENT, Event

EARLIEST_AT = datetime(1970, 1, 1, tzinfo=UTC)
REQUIRED = ("event_name", "user_id", "datetime")
EXPECTED = {
    "string": "a text",
    "date-time": times.EXPECTED,
    "number": body.VALUE_EXPECTED,
    "boolean": "true or false",
}
OBJECT_EXPECTED = "a JSON object with the fields of one event"
# JSON holds these control characters as they are, and others only escaped.
CONTROL = re.compile(rb"\x7f|\xc2[\x80-\x9f]")
Short = Annotated[str, Meta(min_length=1, max_length=200)]


class LineError(ValueError):
    """A line was refused. The message names the field, never what it holds."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line


class FaultError(ValueError):
    """An event breaks a rule: `field: what was expected`."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: expected {expected}")


class Plain(Event, gc=False):
    """An event whose texts are known to hold no control character."""

    event_name: Short
    user_id: Short
    namespace: Short = ABSENT
    event_id: Short = ABSENT
    item_id: Short = ABSENT
    order_id: Short = ABSENT
    session_id: Short = ABSENT


ANY = msgspec.json.Decoder(float_hook=body.NUMBER)
PLAIN = msgspec.json.Decoder(Plain, float_hook=body.NUMBER)
MISFITS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, FaultError)


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
        moments = [one.datetime for one in events]
        if ABSENT in moments:
            raise FaultError("datetime", EXPECTED["date-time"])
        if (
            moments
            and not EARLIEST_AT <= min(moments) <= max(moments) <= self.latest_at
        ):
            until = self.latest_at.isoformat(timespec="seconds")
            raise FaultError("datetime", f"a time from 1970 to {until}")
        if not {one.namespace for one in events} <= {ABSENT, self.namespace}:
            raise FaultError("namespace", f"{self.namespace}, as it is imported into")
        for one in events:
            one.value = None if one.value is UNSET else amount(one.value)
        return events


def amount(value: object) -> Decimal:
    try:
        return body.amount(value, index=0)
    except body.BodyError:
        raise FaultError("value", body.VALUE_EXPECTED) from None


def from_json(block: bytes, *, first: int, rules: Rules) -> list[Event]:
    """Returns the events of whole lines, the first of which has the number `first`.

    Empty lines are skipped. Raises LineError.
    """
    if is_plain(block):
        try:
            found = PLAIN.decode_lines(block)
            if len(found) == block.count(b"\n"):
                return rules.accept(list(found))
        except MISFITS:
            pass
    lines = enumerate(block.split(b"\n"), start=first)
    return [one_of_json(raw, line, rules) for line, raw in lines if raw.strip()]


def is_plain(block: bytes) -> bool:
    """Says whether its texts surely hold no control character, and times are exact."""
    if b"\\" in block or b"\x7f" in block or not times.is_plain(block):
        return False
    return b"\xc2" not in block or not CONTROL.search(block)


def one_of_json(raw: bytes, line: int, rules: Rules) -> Event:
    try:
        return rules.accept([body.event(ANY.decode(raw))])[0]
    except FaultError as fault:
        raise LineError(line, str(fault)) from None
    except MISFITS:
        raise LineError(line, problem(json_value(raw))) from None


def json_value(raw: bytes) -> object:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None


def problem(value: object) -> str:
    """Returns the first thing that is wrong with an object that is no event."""
    if not isinstance(value, dict):
        return f"expected {OBJECT_EXPECTED}"
    for field, kind in body.PROPERTIES.items():
        if field not in value and field in REQUIRED:
            return str(FaultError(field, EXPECTED[kind]))
        if field in value and elements.type_failure(value[field], kind=kind):
            return str(FaultError(field, EXPECTED[kind]))
        if kind == "string" and not elements.is_text(value.get(field, "-")):
            return str(FaultError(field, elements.TEXT_EXPECTED))
    return f"expected {OBJECT_EXPECTED}"
