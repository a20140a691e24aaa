"""Counts out, in the shape of the published API."""

from decimal import Decimal
from typing import Any

from goals.queries import Count

GLOBAL_NAME = "global_counter"


def counts(found: list[Count]) -> dict[str, Any]:
    return {"counts": [item(one) for one in found]}


def item(one: Count) -> dict[str, Any]:
    """Returns one counter; users that met no goal are one row without events."""
    return {
        "name": GLOBAL_NAME if one.name is None else one.name,
        "type": "internal" if one.name is None else "named",
        "count": one.count,
        "lower": one.lower,
        "upper": one.upper,
        "saturated": one.saturated,
        "single_event_counts": [],
        "event_counts": [{"events": [], "count": one.count}],
        "value": {} if one.value_sum is None else {"sum": number(one.value_sum)},
    }


def number(value: Decimal) -> int | float:
    """Returns a JSON number; whole sums stay whole."""
    return int(value) if value == value.to_integral_value() else float(value)
