"""Decoding JSON, the same for every body and file."""

from decimal import Context
from typing import Any, TypeVar

import msgspec
import orjson

Kind = TypeVar("Kind")
# An exponent too large for a Decimal becomes infinity instead of an exception.
NUMBER = Context(prec=50, traps=[]).create_decimal


def exact_decoder(kind: type[Kind]) -> msgspec.json.Decoder[Kind]:
    """Returns a decoder of a type that keeps what a float would round, as Decimals.

    It raises msgspec's DecodeError, UnicodeDecodeError and RecursionError.
    """
    return msgspec.json.Decoder(kind, float_hook=NUMBER)


def showable(raw: bytes) -> Any:
    """Returns a JSON value, with floats, that an answer can show again.

    Raises ValueError for what is no JSON. What is nested too deep to be written again
    counts as that (RFC 8259, 9).
    """
    value = orjson.loads(raw)
    try:
        orjson.dumps([[[[value]]]])  # as deep as an answer shows it
    except orjson.JSONEncodeError as error:
        raise ValueError(str(error)) from None
    return value
