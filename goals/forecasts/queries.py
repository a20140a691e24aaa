"""Predictions, nudges and funnels of a namespace, from its counts."""

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from api import schema_errors
from events import names
from goals.counters import queries as counter_queries
from goals.counters.hashing import Ints
from goals.counters.queries import Count
from goals.forecasts import funnels, predictions
from goals.forecasts.funnels import Funnel, SingleBounds, Totals
from goals.forecasts.predictions import Nudge
from goals.paths import published
from goals.paths import queries as path_queries
from goals.paths.published import Paths

CHANCE_BYTES = 150  # of JSON, beside the event's name


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


def evidence(
    *, namespace_id: int, goals: Collection[str] = (), events: Collection[str] = ()
) -> Evidence:
    """Reads the evidence of a namespace, of all its goals or of some, in five queries.

    Before each goal, that of these events; without any, of the most frequent ones, as
    many as an answer has room for.
    """
    by_id = path_queries.goals(namespace_id=namespace_id).items()
    asked = {id: goal for id, goal in by_id if not goals or goal in goals}
    wanted = filter(schema_errors.is_text, events)  # of others there is none
    ids = names.ids(namespace_ids=[namespace_id], names=wanted)
    before = path_queries.single_rows(
        namespace_id=namespace_id,
        goals=list(asked),
        limit=1 if events else published.names(goals=len(asked)),  # 1: there are paths
        events=ids.values(),
    )
    rows = counter_queries.counter_rows(namespace_id=namespace_id)
    known = names.entries(namespace_id=namespace_id)
    counts = counter_queries.counts(rows, known=known)
    singles = path_queries.singles(before, goals=asked, known=known)
    users = {count.name: count.count for count in counts if count.name is not None}
    both = {asked[goal]: steps for goal, steps in singles.items() if steps}
    return Evidence(
        users=sum(count.count for count in counts if count.name is None),
        events=users,
        goals={goal: users[goal] for goal in both},
        both=both,
    )


def shown(known: Evidence) -> tuple[Evidence, bool]:
    """Returns the evidence of as many events before each goal as fit into an answer,
    and whether that leaves any out.
    """
    space = published.space(known.events, goals=len(known.goals), each=CHANCE_BYTES)
    both = {
        goal: published.steps(users, space=space) for goal, users in known.both.items()
    }
    shortened = any(space.shortens(users) for users in known.both.values())
    return replace(known, both=both), shortened


def chances(evidence: Evidence) -> dict[str, dict[str, Chance]]:
    """Returns goal → event → the chance of its users, for all events before a goal."""
    pairs = [
        (goal, event) for goal, events in evidence.both.items() for event in events
    ]
    columns = predictions.bayes(
        both=ints(evidence.both[goal][event] for goal, event in pairs),
        event_users=ints(evidence.events.get(event, 0) for _, event in pairs),
    )
    of_goal: dict[str, dict[str, Chance]] = {goal: {} for goal in evidence.both}
    for (goal, event), *row in zip(
        pairs, *map(np.ndarray.tolist, columns), strict=True
    ):
        of_goal[goal][event] = Chance(*row)
    return of_goal


def outlooks(evidence: Evidence, *, events: Sequence[str]) -> dict[str, Outlook | None]:
    """Returns goal → the outlook of users of all `events`; None: it is one of them.

    Raises UnknownEventError, unless no goal has any event before it.
    """
    if not evidence.goals:
        return {}
    if unknown := [event for event in events if event not in evidence.events]:
        raise UnknownEventError(unknown[0])
    both = [
        [evidence.both[goal].get(event, 0) for event in events]
        for goal in evidence.goals
    ]
    columns = predictions.score(
        users=evidence.users,
        goal_users=ints(evidence.goals.values()),
        event_users=ints(evidence.events[event] for event in events),
        both=np.array(both, np.int64).reshape(len(evidence.goals), len(events)),
    )
    rows = zip(*map(np.ndarray.tolist, columns), strict=True)
    return {
        goal: None if goal in events else Outlook(*row)
        for goal, row in zip(evidence.goals, rows, strict=True)
    }


def nudges(evidence: Evidence, *, goal: str, done: Collection[str]) -> list[Nudge]:
    """Returns the events that a user has not done yet, the most promising first."""
    both = evidence.both.get(goal, {})
    shares = predictions.bayes(
        both=ints(both.values()),
        event_users=ints(evidence.events.get(event, 0) for event in both),
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
    goals = path_queries.goals(namespace_id=namespace_id)
    if goal not in goals.values():
        return None
    [goal_id] = [id for id, name in goals.items() if name == goal]
    all_counts, paths_of = path_queries.counts_and_paths(
        namespace_id=namespace_id, goals=[goal_id], least=least
    )
    counts = {count.name: count for count in all_counts}
    return compose(
        counts.get(goal) or counter_queries.count(goal_id, goal, [0], [0], None),
        paths_of.get(goal_id, Paths({}, [], 0)),
        counts,
        include=include,
        exclude=exclude,
    )


def compose(
    reached: Count,
    paths: Paths,
    counts: Mapping[str | None, Count],
    *,
    include: Collection[str],
    exclude: Collection[str],
) -> Story:
    """Returns the story of a goal from its count, its paths and all counts by name."""
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
        event_users=ints(count.count for count in done),
        both=both,
    )
    bounds = funnels.single_bounds(
        both=both,
        goal_users=reached.seen,
        goal_upper=reached.upper,
        rate=np.array([count.rate for count in done]),
    )
    return funnel, bounds


def unknown(wanted: Sequence[str], counts: Collection[str | None]) -> list[str]:
    """Returns a warning for each event that nobody has done."""
    missing = [name for name in dict.fromkeys(wanted) if name not in counts]
    return [f"unknown event: {name}" for name in missing]
