"""Errors under /v0 as the original product writes them."""

from typing import Any

ADDED = {"index", "field", "expected", "hint"}


def original(error: dict[str, Any]) -> dict[str, Any]:
    """Returns an error without what says more than the original does."""
    added = ADDED | {"value"} if "object" in error else ADDED
    return {name: value for name, value in error.items() if name not in added}
