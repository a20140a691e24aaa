"""What is said about an event that is none, in the words of the published API."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

from api import schema_errors
from api.schema_errors import Failure
from events import event_body
from events.event_body import PROPERTIES, REQUIRED, VOCABULARY

ONE_OF = "Object does not match any of the oneOf specifications"
NOT_JSON = "The object is not valid JSON"
SHOWN = 1000  # bytes of what is no JSON
COMPARED = 100  # fields of an event that lacks one


def not_json(raw: bytes) -> dict[str, Any]:
    return {"what": NOT_JSON, "object": raw[:SHOWN].decode(errors="replace")}


def of_event(item: Any, *, index: int, sent: Any) -> dict[str, Any]:
    """Returns the error object for an item of the body `sent`, or for all of it."""
    if failure := event_failure(item):
        return one_of(sent, failure, index=index, item=item)
    for field in sorted(PROPERTIES.keys() & item.keys()):
        value = item[field]
        if PROPERTIES[field] == "string" and not schema_errors.is_text(value):
            return event_body.invalid(
                index, field, schema_errors.TEXT_EXPECTED, value
            ).error
    return {"what": ONE_OF, "object": sent, "index": index}


def event_failure(value: object) -> Failure | None:
    return schema_errors.failure(value, properties=PROPERTIES, required=REQUIRED)


def one_of(sent: Any, failure: Failure, *, index: int, item: Any) -> dict[str, Any]:
    """Returns the error that lists how each of the three forms is missed."""
    error = {"what": ONE_OF, "object": sent, "why": whys(sent, failure)}
    if sent is item and isinstance(sent, dict) and "events" in sent:
        return error | {"field": "events", "expected": schema_errors.EXPECTED["array"]}
    error |= {"index": index, "expected": failure.expected}
    if failure.field is None:
        return error | {"value": item}
    shown = {"value": item[failure.field]} if failure.field in item else {}
    return error | {"field": failure.field} | shown | hint(item, failure.field)


def whys(sent: Any, failure: Failure) -> list[schema_errors.Why]:
    """Returns how a body is no event, no batch and no list; one of them is known."""
    refused = event_failure(sent)
    event, batch = refused.why if refused else None, failure.why
    if not isinstance(sent, dict):
        batch = ["incorrect_type", sent, "object"]
    elif "events" not in sent:
        batch = ["missing_required_key", "events"]
    elif not isinstance(sent["events"], list):
        batch = ["incorrect_type", sent["events"], "array"]
    bare = failure.why if isinstance(sent, list) else ["incorrect_type", sent, "array"]
    return [why for why in (event, batch, bare) if why]


def hint(item: Mapping[str, Any], field: str) -> dict[str, str]:
    """Returns what was written for a field, where it is missing."""
    if field in item:
        return {}
    for name in islice(item, COMPARED):
        if VOCABULARY.meant(name) == field:
            return {"hint": f"{name} is unknown: did you mean {field}?"}
    return {}
