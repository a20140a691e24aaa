"""JSON in: strict, bounded in size and depth."""

import re
from collections.abc import Mapping
from typing import IO, Any

import orjson
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from api import decoding

MAX_DEPTH = 32
# PostgreSQL has no NUL in text; JSON can only write it as an (unescaped) escape.
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
EXACT = decoding.exact_decoder(object)


def depth(value: object) -> int:
    """Returns how deep lists and objects are nested, without recursion."""
    level, layer = 0, [value]
    while layer := [inner for outer in layer for inner in children(outer)]:
        level += 1
    return level


def children(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


class JSONParser(BaseParser):
    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Returns the decoded body; an empty body is an empty object.

        Reads `request.body`, not the stream, because only that checks the size first.
        Raises ParseError and RequestDataTooBig.
        """
        body: bytes = (parser_context or {})["request"].body
        if not body.strip():
            return {}
        if NUL.search(body):
            raise ParseError("the body contains a NUL character")
        try:
            value = self.decoded(body)
        except (ValueError, RecursionError) as error:
            raise ParseError(f"the body is not valid JSON: {error}") from None
        if depth(value) > MAX_DEPTH:
            raise ParseError(f"the body is nested deeper than {MAX_DEPTH} levels")
        return value

    def decoded(self, body: bytes) -> Any:
        """Returns any JSON value. Raises ValueError and RecursionError."""
        return orjson.loads(body)


class ExactJSONParser(JSONParser):
    """Keeps what a float would round: a number that is no integer is a Decimal."""

    def decoded(self, body: bytes) -> Any:
        """Returns any JSON value. Raises ValueError and RecursionError."""
        return EXACT.decode(body)
