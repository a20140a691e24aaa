"""Predictions and nudges: how likely users reach a goal, by what they did before.

Everything is computed from four counts: the users of a namespace, of each goal, of
each event, and of each goal who had done the event before (`both`). Counts come from
filters that may miss a few users and need not agree: differences are kept in range.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from goals.counters.bounds import Floats
from goals.counters.hashing import Ints
from goals.forecasts.intervals import Share, Z, share

_FLOOR = 0.1  # of `no`, in the original
_LARGEST = np.finfo(np.float64).max


class Score(NamedTuple):
    """How likely the users of some events reach each goal, `[goals]`.

    `yes`, `no` and `likelihood` are the original's and no probabilities; `probability`
    has a 95 % interval; `users` are those of the rarest event: the thinnest evidence.
    """

    yes: Floats
    no: Floats
    likelihood: Floats
    probability: Floats
    lower: Floats
    upper: Floats
    users: Ints


class Nudge(NamedTuple):
    """An event a user has not done, and the share of its users who reached the goal."""

    event_name: str
    prediction: float
    users: int
    lower: float
    upper: float


def bayes(*, both: Ints, event_users: Ints) -> Share:
    """Returns the share of an event's users who reached a goal after it, any shape.

    Bayes' theorem on the shares, P(event | goal) P(goal) / P(event), in which all but
    `both / event_users` cancels.
    """
    return share(successes=both, trials=event_users)


def score(*, users: int, goal_users: Ints, event_users: Ints, both: Ints) -> Score:
    """Returns the figures of users who did all the events, one of each per goal.

    `goal_users` is `[goals]`, `event_users` `[events]`, `both` `[goals, events]`; each
    event once. Without events, `probability` is the goal's share of all users.
    """
    goal = np.maximum(goal_users, 0)[:, np.newaxis]
    reached = np.clip(both, 0, goal)
    failed = np.maximum(event_users - reached, 0)
    yes, no = (_product(counts / np.maximum(goal, 1)) for counts in (reached, failed))
    probability, lower, upper = _posterior(goal, reached, users=users, failed=failed)
    return Score(
        yes=yes,
        no=no,
        likelihood=yes / np.maximum(no, _FLOOR),
        probability=probability,
        lower=lower,
        upper=upper,
        users=np.full(len(goal), max(0, np.min(event_users, initial=users))),
    )


def nudges(
    *, names: Sequence[str], shares: Share, known: Collection[str]
) -> list[Nudge]:
    """Returns the events not `known` of a user, the most promising first.

    `shares` has those of `names`, `[names]`. Of equal shares the one of more users
    comes first, then the name decides.
    """
    columns = (column.tolist() for column in shares)
    candidates = (Nudge(*row) for row in zip(names, *columns, strict=True))
    return sorted(
        (nudge for nudge in candidates if nudge.event_name not in known),
        key=lambda nudge: (-nudge.prediction, -nudge.users, nudge.event_name),
    )


def _product(factors: Floats) -> Floats:
    with np.errstate(over="ignore", invalid="ignore"):
        products = np.minimum(factors.prod(axis=-1), _LARGEST)
    # Beyond the largest float a later 0 would make NaN.
    return np.where((factors == 0).any(axis=-1), 0.0, products)


def _posterior(
    goal: Ints, reached: Ints, *, users: int, failed: Ints
) -> tuple[Floats, Floats, Floats]:
    """Returns the probability of each goal and the ends of its interval.

    Naive Bayes (Lewis 1998, "Naive (Bayes) at forty") with half a user added to every
    cell (Haldane 1956, Anscombe 1956); the interval is the log-odds' by the delta
    method (Woolf 1955). It does not know that events may depend on one another. Users
    who did the event only after the goal count against it, for the counts do not tell.
    """
    rest = np.maximum(users - goal, 0)
    support, variance = _support(goal, reached)
    doubt, noise = _support(rest, np.minimum(failed, rest))
    log_odds = support - doubt
    deviation = Z * np.sqrt(variance + noise)
    return (
        _probability(log_odds),
        _probability(log_odds - deviation),
        _probability(log_odds + deviation),
    )


def _support(size: Ints, done: Ints) -> tuple[Floats, Floats]:
    # Of a group of users, `[goals, 1]`, of whom `done` did each event: how much they
    # speak for belonging to it, as a logarithm, and its variance.
    support = np.log(size[:, 0] + 0.5) + np.log((done + 0.5) / (size + 1)).sum(axis=-1)
    spread = (1 / (done + 0.5) - 1 / (size + 1)).sum(axis=-1)
    return support, 1 / (size[:, 0] + 0.5) + spread


def _probability(log_odds: Floats) -> Floats:
    return np.asarray(np.exp(-np.logaddexp(0, -log_odds)))
