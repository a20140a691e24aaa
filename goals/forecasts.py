"""Predictions, nudges and funnels of a namespace, from its counts."""

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from events import names
from goals import funnels, predictions, queries
from goals.funnels import Funnel, SingleBounds, Totals
from goals.hashing import Ints
from goals.predictions import Nudge
from goals.queries import Count, Paths


class UnknownEventError(LookupError):
    """Nobody has done an event of this name in the namespace."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Unique users by name: of all, of each event, of each goal that events precede,
    and those of `goals` who had done an event before (`both`: goal → event → users).
    """

    users: int
    events: Mapping[str, int]
    goals: Mapping[str, int]
    both: Mapping[str, Mapping[str, int]]


class Chance(NamedTuple):
    """The share of an event's users who reached a goal after it, and its interval."""

    value: float
    users: int
    lower: float
    upper: float


class Outlook(NamedTuple):
    """How likely users of some events reach a goal: see `predictions.Score`."""

    yes: float
    no: float
    likelihood: float
    probability: float
    lower: float
    upper: float
    users: int


def evidence(*, namespace_id: int) -> Evidence:
    """Reads the evidence of a namespace, in four queries."""
    goals = queries.goals(namespace_id=namespace_id)
    known = names.entries(namespace_id=namespace_id)
    before = queries.singles(namespace_id=namespace_id, goals=list(goals), known=known)
    counts = queries.counts(namespace_id=namespace_id, known=known)
    events = {one.name: one.count for one in counts if one.name is not None}
    both = {goals[goal]: found for goal, found in before.items() if found}
    return Evidence(
        users=sum(one.count for one in counts if one.name is None),
        events=events,
        goals={goal: events[goal] for goal in both},
        both=both,
    )


def chances(found: Evidence) -> dict[str, dict[str, Chance]]:
    """Returns goal → event → the chance of its users, for all events before a goal."""
    pairs = [(goal, event) for goal, events in found.both.items() for event in events]
    columns = predictions.bayes(
        both=ints(found.both[goal][event] for goal, event in pairs),
        event_users=ints(found.events.get(event, 0) for _, event in pairs),
    )
    told: dict[str, dict[str, Chance]] = {goal: {} for goal in found.both}
    for (goal, event), *row in zip(
        pairs, *map(np.ndarray.tolist, columns), strict=True
    ):
        told[goal][event] = Chance(*row)
    return told


def outlooks(found: Evidence, *, events: Sequence[str]) -> dict[str, Outlook | None]:
    """Returns goal → the outlook of users of all `events`; None: it is one of them.

    Raises UnknownEventError, unless no goal has any event before it.
    """
    if not found.goals:
        return {}
    if unknown := [one for one in events if one not in found.events]:
        raise UnknownEventError(unknown[0])
    both = [[found.both[goal].get(one, 0) for one in events] for goal in found.goals]
    columns = predictions.score(
        users=found.users,
        goal_users=ints(found.goals.values()),
        event_users=ints(found.events[one] for one in events),
        both=np.array(both, np.int64).reshape(len(found.goals), len(events)),
    )
    rows = zip(*map(np.ndarray.tolist, columns), strict=True)
    return {
        goal: None if goal in events else Outlook(*row)
        for goal, row in zip(found.goals, rows, strict=True)
    }


def nudges(found: Evidence, *, goal: str, done: Collection[str]) -> list[Nudge]:
    """Returns the events that a user has not done yet, the most promising first."""
    both = found.both.get(goal, {})
    shares = predictions.bayes(
        both=ints(both.values()),
        event_users=ints(found.events.get(event, 0) for event in both),
    )
    return predictions.nudges(names=list(both), shares=shares, known=done)


def ints(values: Iterable[int]) -> Ints:
    return np.array(list(values), np.int64)


@dataclass(frozen=True, slots=True)
class Story:
    """All that is known of a goal; `events` are in parallel to funnel and bounds."""

    count: Count
    users: int
    events: Sequence[str]
    funnel: Funnel
    bounds: SingleBounds
    paths: Paths
    totals: Totals
    warnings: Sequence[str]


def story(
    *,
    namespace_id: int,
    goal: str,
    include: Collection[str],
    exclude: Collection[str],
    least: int,
) -> Story | None:
    """Returns what is known of a goal, in five queries; None if there is no such goal.

    Users are counted by what they did before, as `funnels.totals` selects them.
    Combinations of fewer than `least` users are not told apart.
    """
    goals = queries.goals(namespace_id=namespace_id)
    if goal not in goals.values():
        return None
    [id] = [one for one, name in goals.items() if name == goal]
    found, paths_of = queries.counts_and_paths(
        namespace_id=namespace_id, goals=[id], least=least
    )
    counts = {one.name: one for one in found}
    reached = counts.get(goal) or queries.count(id, goal, [0], [0], None)
    paths = paths_of.get(id, Paths({}, [], 0))
    users = counts[None].count if None in counts else 0
    funnel, bounds = before(reached, paths, counts, users=users)
    return Story(
        count=reached,
        users=users,
        events=list(paths.singles),
        funnel=funnel,
        bounds=bounds,
        paths=paths,
        totals=totals(paths, include=set(include), exclude=set(exclude)),
        warnings=unknown([*include, *exclude], counts),
    )


def totals(paths: Paths, *, include: Set[str], exclude: Set[str]) -> Totals:
    return funnels.totals(
        combinations=paths.combinations,
        unknown=paths.unknown,
        include=include,
        exclude=exclude,
    )


def before(
    reached: Count, paths: Paths, counts: Mapping[str | None, Count], *, users: int
) -> tuple[Funnel, SingleBounds]:
    """Returns what the events before a goal tell, and the bounds of their users."""
    done = [counts[event] for event in paths.singles]
    both = ints(paths.singles.values())
    funnel = funnels.funnel(
        users=users,
        goal_users=reached.seen,
        event_users=ints(one.count for one in done),
        both=both,
    )
    bounds = funnels.single_bounds(
        both=both,
        goal_users=reached.seen,
        goal_upper=reached.upper,
        rate=np.array([one.rate for one in done]),
    )
    return funnel, bounds


def unknown(wanted: Sequence[str], counts: Collection[str | None]) -> list[str]:
    """Returns a warning for each event that nobody has done."""
    missing = [name for name in dict.fromkeys(wanted) if name not in counts]
    return [f"unknown event: {name}" for name in missing]
