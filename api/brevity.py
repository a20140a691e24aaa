"""Values cut short: a refusal stays small, whatever was sent."""

import json
from collections.abc import Mapping
from decimal import Decimal
from itertools import islice
from typing import Any

LIMIT = 4_000  # bytes of JSON
# How many characters of a text and items of a list are shown, and of a list in it half
# as many, and so on; the next step where the limit is passed.
STEPS = [(300, 20), (200, 8), (100, 4), (60, 2), (30, 1)]
LIGHT = 500  # bytes of a value that is shown whole
WHOLE = 2**20  # items of a value that is shown whole, also half of them and so on
DEPTH = 10
BITS = 200  # of an integer that is shown


def small(answer: Mapping[str, Any], *, limit: int = LIMIT) -> dict[str, Any]:
    """Returns an object with all of its keys, whose JSON is at most about `limit` long.

    Each value has an equal share; what is cut says how much is missing.
    """
    share = limit // max(1, len(answer)) - 50  # for its key and the punctuation
    return {key: shortened(value, limit=share) for key, value in answer.items()}


def shortened(value: Any, *, limit: int) -> Any:
    """Returns a JSON value of at most `limit` bytes: as much as there is room for.

    However large `value` is, little of it is looked at; a small one stays whole.
    """
    whole = [(LIGHT, WHOLE)] if is_light(value, limit=LIGHT) else []
    for characters, items in [*whole, *STEPS]:
        short = cut(value, characters=characters, items=items, depth=DEPTH)
        if len(json.dumps(short, default=str)) <= limit:
            return short
    return short


def is_light(value: Any, *, limit: int) -> bool:
    """Says whether so many bytes may hold a value, and looks at no more of it."""
    rest = [value]
    while rest and limit >= 0:
        each = rest.pop()
        limit -= len(each) if isinstance(each, str | Mapping | list | tuple) else 1
        if limit >= 0 and isinstance(each, Mapping):
            rest += [*each.keys(), *each.values()]
        elif limit >= 0 and isinstance(each, list | tuple):
            rest += each
    return limit >= 0


def cut(value: Any, *, characters: int, items: int, depth: int) -> Any:
    """Returns a value whose texts and lists are no longer, and no deeper nested."""
    if isinstance(value, str | Decimal):
        return text(f"{value}", most=characters)
    if isinstance(value, int) and value.bit_length() > BITS:
        return f"an integer of {value.bit_length():,} bits"
    if isinstance(value, Mapping | list | tuple) and not depth:
        return "…"
    half = max(1, items // 2)
    inner = {"characters": characters, "items": half, "depth": depth - 1}
    if isinstance(value, Mapping):
        short = {
            text(f"{key}", most=characters): cut(each, **inner)
            for key, each in islice(value.items(), items)
        }
        return short | rest(len(value) - items)
    if isinstance(value, list | tuple):
        shown = [cut(each, **inner) for each in value[:items]]
        return [*shown, *(f"… {more}" for more in rest(len(value) - items).values())]
    return value


def text(value: str, *, most: int) -> str:
    if len(value) <= most:
        return value
    return f"{value[:most]}… ({len(value):,} characters)"


def rest(number: int) -> dict[str, str]:
    return {"…": f"{number:,} more"} if number > 0 else {}
