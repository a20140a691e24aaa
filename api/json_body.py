"""What a request under /v0 brings, or the reason why it cannot be taken."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.utils.http import parse_header_parameters
from rest_framework.request import Request

from api import decoding, schema_errors, unknown_fields
from api.errors import Refused
from api.schema_errors import Failure
from api.unknown_fields import UnknownFieldError, Vocabulary

SHOWN = 1000  # bytes of a body that is told back to who sent it


def require_json(content_type: str) -> None:
    """Raises Refused for anything but JSON in UTF-8; other parameters say nothing."""
    kind, parameters = parse_header_parameters(content_type)
    expected: dict[str, Any] = {"expected_types": ["application/json"]}
    if kind == "application/json":
        charset = parameters.get("charset", "utf-8").lower()
        if charset in {"utf-8", "utf8"}:
            return
        expected |= {"charset": charset[:100], "expected_charset": "utf-8"}
    what, sent = "The content-type is invalid", content_type[:200]
    raise Refused({"what": what, "type": sent, **expected})


class Sent(NamedTuple):
    body: dict[str, Any]
    ignored: list[str]


def json_object(
    request: Request,
    *,
    properties: Mapping[str, str],
    required: Sequence[str],
    vocabulary: Vocabulary,
) -> Sent:
    """Returns the body, an object with properties of these types.

    Raises Refused with the first thing that is wrong: see `elements.failure`, and
    `Vocabulary.unknown`.
    """
    require_json(request.content_type)
    shown = request.body[:SHOWN].decode(errors="replace")
    body = decoded(request.body, shown=shown)
    failure = schema_errors.failure(body, properties=properties, required=required)
    if failure:
        raise Refused(schema_errors.problem(failure))
    try:
        return Sent(body, vocabulary.unknown(body))
    except UnknownFieldError as error:
        raise Refused(unknown_fields.problem(error, of="request")) from None


def decoded(raw: bytes, *, shown: str) -> Any:
    """Returns a JSON value. Raises Refused, which calls what was sent `shown`."""
    try:
        return decoding.showable(raw)
    except ValueError:
        raise not_json(shown) from None


def not_json(shown: str) -> Refused:
    return Refused({"what": "The object is not valid JSON", "object": shown})


def text(sent: Mapping[str, str], field: str) -> str:
    """Returns a name or an id that must be there. Raises Refused."""
    if not sent.get(field):
        why = ["missing_required_key", field]
        raise Refused(
            schema_errors.problem(Failure(why, field, schema_errors.TEXT_EXPECTED))
        )
    if not schema_errors.is_text(sent[field]):
        expected = schema_errors.TEXT_EXPECTED
        what = f"Invalid request: {field} must be {expected}"
        details = {"field": field, "expected": expected, "value": sent[field]}
        raise Refused({"what": what, **details})
    return sent[field]
