"""The routes of an URL conf as people write them."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.urls import URLPattern

# It has many addresses, and one door: its own login.
ADMIN = "admin/"


def patterns(entries: Iterable[Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yields route and view of every address but the admin's."""
    for entry in entries:
        route = prefix + str(entry.pattern).removeprefix("^").removesuffix("/?$")
        if isinstance(entry, URLPattern):
            yield route, entry.callback
        elif route != ADMIN:
            yield from patterns(entry.url_patterns, route)


def routes(entries: Iterable[Any]) -> list[str]:
    """Returns every route but the admin's, sorted."""
    return sorted(route for route, _ in patterns(entries))
