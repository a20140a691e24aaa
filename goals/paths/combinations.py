"""The paths to goals: which events a user had done before reaching one.

What the filters knew before a batch, and what came earlier in the batch, is a step;
what came later in it is not, and neither is the goal itself. Filters mistake a user
for a known one in 1e-5 of cases, so a path has a wrong step that often per event.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from goals.counters.filter_pages import Bools
from goals.counters.hashing import Hashes, Ints
from goals.counters.marks import EVERYBODY, Pairs

NEVER = np.iinfo(np.int64).max
QUESTIONS = 1_000_000  # pairs of user and counter asked at once: bounds the memory


class Combinations(NamedTuple):
    """Distinct paths, `[c]`: the goal's row, ascending, the steps, and the users.

    `steps` `[c, counters]` tells which events came before.
    """

    rows: Ints
    steps: Bools
    users: Ints


class Singles(NamedTuple):
    """Single steps of paths, `[s]`: the goal's row, the step's, and the users."""

    rows: Ints
    steps: Ints
    users: Ints


def completions(pairs: Pairs, new: Bools, *, ids: Ints, since: Ints) -> Pairs:
    """Returns the pairs that are new, with a counter that was a goal by then.

    `ids` are the arrivals' numbers `[n]`; `since` the number of the first arrival that
    reaches each counter's goal, `[counters]`, NEVER for one that is none.
    """
    return pairs.where(new & (ids[pairs.arrivals] >= since[pairs.rows]))


def pieces(reached: Pairs, *, counters: int) -> list[Pairs]:
    """Returns the completions a bounded number at a time, each user's together."""
    order = np.argsort(reached.users, kind="stable")
    number = -(-len(order) * counters // QUESTIONS)
    pieces = np.array_split(order, number) if number else []
    return [reached.where(piece) for piece in pieces]


def known_users(reached: Pairs, pairs: Pairs, new: Bools) -> Hashes:
    """Returns the distinct users of completions who may be known to some filter.

    Filters forget nobody: a user new to the global counter is known to none.
    """
    strangers = pairs.users[new & (pairs.rows == EVERYBODY)]
    return np.setdiff1d(reached.users, strangers)


def steps(
    reached: Pairs, pairs: Pairs, new: Bools, *, users: Hashes, known: Bools
) -> Bools:
    """Returns which counters' events came before each completion, `[g, counters]`.

    `known` `[u, counters]` is what the filters say of `users`, who ascend. Of a pair
    that is in the batch they may say it too late: there, what was not new is a step,
    and what is new if it came earlier.
    """
    before = np.zeros((len(reached.users), known.shape[1]), np.bool_)
    position = np.searchsorted(users, reached.users)
    listed = np.flatnonzero(np.isin(reached.users, users))
    before[listed] = known[position[listed]]
    which, match = joined(reached.users, pairs.users)
    earlier = pairs.arrivals[match] < reached.arrivals[which]
    before[which, pairs.rows[match]] = ~new[match] | earlier
    before[np.arange(len(reached.rows)), reached.rows] = False
    before[:, EVERYBODY] = False
    return before


def joined(left: Hashes, right: Hashes) -> tuple[Ints, Ints]:
    """Returns the positions of equal users in both, `[m]` each: every match once."""
    order = np.argsort(right, kind="stable")
    first = np.searchsorted(right, left, side="left", sorter=order)
    matches = np.searchsorted(right, left, side="right", sorter=order) - first
    which = np.repeat(np.arange(len(left)), matches)
    nth = np.arange(len(which)) - np.repeat(np.cumsum(matches) - matches, matches)
    return which, order[np.repeat(first, matches) + nth]


def combinations(rows: Ints, before: Bools) -> Combinations:
    """Returns the distinct pairs of goal and steps, and how many users have each."""
    packed = np.packbits(before, axis=1)
    goals = rows.astype(">u4").view(np.uint8).reshape(-1, 4)
    keys = np.ascontiguousarray(np.hstack((goals, packed)))
    whole: NDArray[np.void] = keys.view(np.dtype((np.void, keys.shape[1]))).reshape(-1)
    _, first, users = np.unique(whole, return_index=True, return_counts=True)
    return Combinations(rows[first], before[first], users)


def singles(batches: Iterable[Combinations], *, counters: int) -> Singles:
    """Returns the steps of each goal's paths, in order, and their users."""
    total = np.zeros((counters, counters), np.int64)
    for batch in batches:
        first = np.flatnonzero(np.diff(batch.rows, prepend=-1))
        taken = batch.steps * batch.users[:, np.newaxis]
        total[batch.rows[first]] += np.add.reduceat(taken, first, axis=0)
    goal, step = np.nonzero(total)
    return Singles(goal, step, total[goal, step])


def written(steps: Bools, numbers: Ints) -> list[bytes]:
    """Returns each path's steps as bits: number `n` is bit `n % 8` of byte `n // 8`.

    `numbers` are the counters', `[counters]`. Without zero bytes at the end, so that a
    path stays the same while names are added; no bytes at all for no step.
    """
    bits = np.zeros((len(steps), int(numbers.max()) + 1), np.bool_)
    bits[:, numbers] = steps
    packed = np.packbits(bits, axis=1, bitorder="little")
    return [row.tobytes().rstrip(b"\0") for row in packed]


def read(path: bytes) -> list[int]:
    """Returns the numbers that a path was written with, ascending."""
    bits = np.unpackbits(np.frombuffer(path, np.uint8), bitorder="little")
    return list(np.flatnonzero(bits).tolist())
