"""Intervals of proportions and of their differences, at 95 % confidence."""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from goals.counters.bounds import Floats
from goals.counters.hashing import Ints

Z = NormalDist().inv_cdf(0.975)


class Interval(NamedTuple):
    """The ends of an interval, both included."""

    lower: Floats
    upper: Floats


class Share(NamedTuple):
    """Which part of `users` did something, 0 to 1, and its interval; 0 of nobody."""

    value: Floats
    users: Ints
    lower: Floats
    upper: Floats


class Difference(NamedTuple):
    """By how much one share is above another, -1 to 1, and its interval."""

    value: Floats
    lower: Floats
    upper: Floats


def wilson(*, successes: ArrayLike, trials: ArrayLike) -> Interval:
    """Returns the score interval of a proportion (Wilson 1927), element by element.

    Counts that cannot be are taken for the nearest that can: `trials` for at least 0,
    `successes` for 0 to `trials`. Nothing is known of no trials: 0 to 1.
    """
    tried = np.maximum(np.asarray(trials, np.float64), 0)
    succeeded = np.clip(np.asarray(successes, np.float64), 0, tried)
    return Interval(
        lower=_least(succeeded, tried), upper=1 - _least(tried - succeeded, tried)
    )


def _least(successes: Floats, trials: Floats) -> Floats:
    # The smaller root of Wilson's quadratic, as product over larger root: a difference
    # would cancel, and this is exactly 0 without successes.
    value = successes / np.maximum(trials, 1)
    root = Z * np.sqrt(Z**2 + 4 * successes * (1 - value))
    return np.asarray(2 * successes * value / (2 * successes + Z**2 + root))


def share(*, successes: ArrayLike, trials: ArrayLike) -> Share:
    """Returns the proportions with their intervals, all of the broadcast shape.

    Counts that cannot be are read as `wilson` reads them.
    """
    least, most = np.broadcast_arrays(np.asarray(successes), np.asarray(trials))
    users = np.maximum(most, 0)
    value = np.clip(least, 0, users) / np.maximum(users, 1)
    lower, upper = wilson(successes=least, trials=users)
    return Share(value=value, users=users, lower=lower, upper=upper)


def newcombe(*, first: Share, second: Share) -> Difference:
    """Returns `first - second` for independent groups, element by element.

    The hybrid score interval without continuity correction (Newcombe 1998, Statistics
    in Medicine 17:873-890, method 10). Where a group has no users nothing is known:
    0, between -1 and 1.
    """
    known = (first.users > 0) & (second.users > 0)
    value = first.value - second.value
    below = np.hypot(first.value - first.lower, second.upper - second.value)
    above = np.hypot(first.upper - first.value, second.value - second.lower)
    return Difference(
        value=np.where(known, value, 0.0),
        lower=np.where(known, value - below, -1.0),
        upper=np.where(known, value + above, 1.0),
    )
