"""Funnels: which events come before a goal, and how much more often with them."""

from collections import Counter
from collections.abc import Collection, Iterable, Set
from typing import NamedTuple

import numpy as np

from goals.counters.bounds import Floats
from goals.counters.hashing import Ints
from goals.forecasts.intervals import Difference, Share, newcombe, share

_RARE = 0.001  # errors that are expected less often than this are left out


class Funnel(NamedTuple):
    """What the events before a goal tell, `[events]`.

    `share` is of the goal's users: who did the event before. `conversion` is of the
    event's users: who reached the goal after it; `rest` of all other users: who reached
    it without; `difference` is conversion minus rest.
    """

    share: Share
    conversion: Share
    rest: Share
    difference: Difference


class Totals(NamedTuple):
    """A goal's users by what they did before: the four add up to its count."""

    included: int
    ignored: int
    excluded: int
    unknown: int


class SingleBounds(NamedTuple):
    """The span that holds the true count in 99 % of cases, both ends included."""

    lower: Ints
    upper: Ints


def funnel(*, users: int, goal_users: int, event_users: Ints, both: Ints) -> Funnel:
    """Returns the funnel of a goal from the counts of unique users.

    `users` are the namespace's, `event_users` each event's, `both` those of the goal
    who had done the event before, `[events]`. Users who did the event only after the
    goal are among `event_users`, and nobody knows how many: as many as there may be
    stand in the denominators of both shares, so neither is too high, and the interval
    of the difference covers both extremes. Where fewer users never did the event than
    reached the goal without it, these may be most of the rest: it is told as nobody.
    """
    reached, never = np.maximum(goal_users - both, 0), users - event_users
    comparable = never >= reached
    without, others = np.where(comparable, reached, 0), np.where(comparable, never, 0)
    after = np.clip(event_users - both, 0, without)
    conversion = share(successes=both, trials=event_users)
    rest = share(successes=without, trials=others + after)
    fewest = share(successes=without, trials=others)
    return Funnel(
        share=share(successes=both, trials=goal_users),
        conversion=conversion,
        rest=rest,
        difference=Difference(
            value=newcombe(first=conversion, second=rest).value,
            lower=newcombe(first=conversion, second=fewest).lower,
            upper=newcombe(
                first=share(successes=both, trials=event_users - after), second=rest
            ).upper,
        ),
    )


def totals(
    *,
    combinations: Iterable[tuple[Collection[str], int]],
    unknown: int,
    include: Set[str],
    exclude: Set[str],
) -> Totals:
    """Returns the users of combinations, `(event names, users)`, by a selection.

    A combination with any event of `exclude` is excluded; else with any of `include`
    included; else ignored. `unknown` are the users whose combination was not kept.
    """
    users_of: Counter[str] = Counter()
    for names, users in combinations:
        users_of[_selection(names, include=include, exclude=exclude)] += users
    return Totals(
        included=users_of["included"],
        ignored=users_of["ignored"],
        excluded=users_of["excluded"],
        unknown=unknown,
    )


def _selection(names: Collection[str], *, include: Set[str], exclude: Set[str]) -> str:
    if not exclude.isdisjoint(names):
        return "excluded"
    return "ignored" if include.isdisjoint(names) else "included"


def single_bounds(
    *, both: Ints, goal_users: int, goal_upper: int, rate: Floats
) -> SingleBounds:
    """Returns bounds of `both`, the goal's counted users who had done an event before.

    `goal_users` are the users that its combinations sum to, `goal_upper` the most there
    may be; `rate` is the chance, or more, that a user new to the event looks as if they
    had done it. Above, every missed user of the goal may have done it. Below, phantoms
    are taken off: new users who did not look new. When `n` did, the others are negative
    binomial, `(n + 1) odds` on average; that and three deviations, rounded up.
    """
    odds = rate / np.maximum(1 - rate, 1e-9)
    mean = (np.maximum(goal_users - both, 0) + 1) * odds
    most = np.ceil(mean + 3 * np.sqrt(mean * (1 + odds)))
    phantoms = np.where(mean < _RARE, 0, np.minimum(most, both)).astype(np.int64)
    return SingleBounds(
        lower=both - phantoms, upper=both + max(goal_upper - goal_users, 0)
    )
