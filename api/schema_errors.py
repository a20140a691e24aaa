"""What a JSON object under /v0 must look like, and how a violation is told.

`problem` turns a Failure into the object of a top-level error.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from timegrid import times

Why = list[Any]  # such as ["missing_required_key", "user_id"], as it is published
PRINTABLE = r"\A[^\x00-\x1f\x7f-\x9f]*\Z"
TEXT = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,200}")
TEXT_EXPECTED = "1 to 200 characters, none of them a control character"


def is_text(value: str) -> bool:
    """Says whether `value` can be a name or an id."""
    return TEXT.fullmatch(value) is not None


def is_moment(value: str) -> bool:
    """Says whether `value` is RFC 3339 text with an offset."""
    try:
        times.moment(value)
    except ValueError:
        return False
    return True


def is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


TYPES: dict[str, Callable[[object], bool]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": is_integer,
    "number": lambda value: is_integer(value) or isinstance(value, float),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


EXPECTED = {
    "string": "a string",
    "date-time": times.EXPECTED,
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "array": "a list",
    "object": "an object",
}


class Failure(NamedTuple):
    """What is wrong with an object: in which field, and what was expected there."""

    why: Why
    field: str | None
    expected: str


def failure(
    value: object, *, properties: Mapping[str, str], required: Sequence[str]
) -> Failure | None:
    """Returns the first thing wrong with `value` as an object, None if nothing is.

    Properties are checked in alphabetical order for their type ("date-time" is a
    string with a meaning), then required keys in the order given; others are ignored.
    """
    if not isinstance(value, dict):
        why = ["incorrect_type", value, "object"]
        return Failure(why, None, EXPECTED["object"])
    for name in sorted(properties.keys() & value.keys()):
        if found := type_failure(value[name], kind=properties[name]):
            return Failure(found, name, EXPECTED[properties[name]])
    missing = [name for name in required if name not in value]
    if not missing:
        return None
    expected = EXPECTED[properties.get(missing[0], "string")]
    return Failure(["missing_required_key", missing[0]], missing[0], expected)


def type_failure(value: object, *, kind: str) -> Why | None:
    """Returns how `value` is not of that kind, None if it is."""
    written = "string" if kind == "date-time" else kind
    if not TYPES[written](value):
        return ["incorrect_type", value, written]
    if kind == "date-time" and not is_moment(str(value)):
        return ["invalid_date", value]
    return None


def problem(failure: Failure) -> dict[str, Any]:
    """Returns the error object that tells a failure of the whole body."""
    field = {} if failure.field is None else {"field": failure.field}
    return {**published(failure.why), **field, "expected": failure.expected}


def published(why: Why) -> dict[str, Any]:
    match why:
        case ["missing_required_key", key]:
            return {"what": "Missing required element", "key": key}
        case ["invalid_date", value]:
            what = "Date doesn't appear to be the right format"
            return {"what": what, "value": value}
        case [_, value, kind]:
            return {"what": "Incorrect type", "type_expected": kind, "value": value}
    raise ValueError(why)
