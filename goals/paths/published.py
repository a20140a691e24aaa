"""What is published of the paths to a goal: all of its users, within a bounded answer.

A thousand names of 200 letters, each a goal that the others precede, would make answers
of hundreds of megabytes. What does not fit is the part of the fewest users.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import numpy as np
import orjson

NAMES = 100_000  # of events, read for each kind of list of one answer
BYTES = 2_000_000  # of JSON, in each kind of list of one answer


class Combination(NamedTuple):
    """Users who reached a goal after exactly these events, sorted by name."""

    events: tuple[str, ...]
    users: int


@dataclass(frozen=True, slots=True)
class Paths:
    """How a goal's users came to it: `combinations` and `unknown` are all of them.

    `singles` is event name → users who had done it before. Both begin with the most;
    where `shortened`, single events of the fewest users did not fit.
    """

    singles: Mapping[str, int]
    combinations: Sequence[Combination]
    unknown: int
    shortened: bool = False


class Space(NamedTuple):
    """The names and bytes that each list of a goal may take; the bytes of each name."""

    names: int
    bytes: int
    sizes: Mapping[str, int]

    def holds(self, items: Iterable[Sequence[str]]) -> int:
        """Returns how many of the first items, each some names, fit into a list."""
        sizes = [sum(self.sizes[name] for name in names) for names in items]
        return int(np.searchsorted(np.cumsum(sizes), self.bytes, side="right"))

    def shortens(self, singles: Collection[str]) -> bool:
        """Says whether there is no room for all single events, or were more of them."""
        return self.holds((name,) for name in singles) < len(singles) or (
            len(singles) >= self.names
        )


def names(*, goals: int) -> int:
    """Returns how many names are read for each of so many goals."""
    return share(NAMES, goals=goals)


def share(total: int, *, goals: int) -> int:
    return max(total // max(goals, 1), 1)


def space(known: Iterable[str], *, goals: int, each: int = 1) -> Space:
    """Returns the space of each of so many goals; an item takes `each` more bytes."""
    sizes = {name: len(orjson.dumps(name)) + each for name in known}
    return Space(names(goals=goals), share(BYTES, goals=goals), sizes)


def excerpt(
    combinations: Iterable[Combination],
    singles: Mapping[str, int],
    *,
    count: int,
    seen: int,
    least: int,
    space: Space,
) -> Paths:
    """Returns the paths of a goal that `count` users reached, `seen` by the filters.

    A combination of no events has the users not told apart. Who is in none came
    without any event, or before the name was a goal; they are shown if `least` or more.
    """
    unknown = sum(users for events, users in combinations if not events)
    shown = [combination for combination in combinations if combination.events]
    without = seen - unknown - sum(users for _, users in shown)
    if without >= least:
        shown.append(Combination((), without))
    shown.sort(key=lambda combination: (-combination.users, combination.events))
    shown = shown[: space.holds(events for events, _ in shown)]
    return Paths(
        singles=steps(singles, space=space),
        combinations=shown,
        unknown=count - sum(users for _, users in shown),
        shortened=space.shortens(singles),
    )


def steps(singles: Mapping[str, int], *, space: Space) -> dict[str, int]:
    """Returns the single events, with their users, that there is room for."""
    room = space.holds((name,) for name in singles)
    return dict(islice(singles.items(), room))
