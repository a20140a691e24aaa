"""Which events of a batch are somebody's first: of their name, and at all."""

from typing import NamedTuple

import numpy as np

from events.arrivals import Arrivals
from goals.counters.filter_pages import Bools
from goals.counters.hashing import Hashes, Ints

GLOBAL = 0  # the id of a namespace's global counter; those of event names begin at 1
EVERYBODY = 0  # and its row among counters, which ascend


class Pairs(NamedTuple):
    """Users and counters that the events of a batch bring together, `[p]` each.

    `arrivals` are the positions of the first such events: those of named counters in
    order, then those of the global counter.
    """

    arrivals: Ints
    users: Hashes
    rows: Ints

    def where(self, which: Ints | Bools) -> "Pairs":
        """Returns some of the pairs, by position or mask."""
        return Pairs(self.arrivals[which], self.users[which], self.rows[which])


class Marks(NamedTuple):
    """Which events were a user's first: of their name, and at all; both `[n]`."""

    of_name: Bools
    of_user: Bools


def pairs(arrivals: Arrivals, *, counters: Ints) -> Pairs:
    """Returns the pairs of a batch; `rows` are positions in `counters`.

    These ascend, from GLOBAL to every event name of the batch, and others.
    """
    named, single = first_of_names(arrivals), first_of_users(arrivals)
    at = np.concatenate((named, single))
    names = np.append(arrivals["event_name_id"][named], [GLOBAL] * len(single))
    return Pairs(at, users_of(arrivals)[at], np.searchsorted(counters, names))


def users_of(arrivals: Arrivals) -> Hashes:
    """Returns the user keys as the filters take them, `[n]`."""
    return arrivals["user_key"].astype(np.int64).view(np.uint64)


def first_of_names(arrivals: Arrivals) -> Ints:
    """Returns the arrivals that are the batch's first of their user and name."""
    order = np.lexsort((arrivals["user_key"], arrivals["event_name_id"]))
    users, names = arrivals["user_key"][order], arrivals["event_name_id"][order]
    first = np.append(True, (users[1:] != users[:-1]) | (names[1:] != names[:-1]))
    return np.sort(order[first])


def first_of_users(arrivals: Arrivals) -> Ints:
    """Returns the arrivals that are the batch's first of their user."""
    return np.sort(np.unique(arrivals["user_key"], return_index=True)[1])


def marks(pairs: Pairs, new: Bools, events: int) -> Marks:
    """Returns the marks of a batch of so many events, by which pairs were new."""
    single = pairs.rows == EVERYBODY
    result = Marks(np.zeros(events, np.bool_), np.zeros(events, np.bool_))
    result.of_name[pairs.arrivals[new & ~single]] = True
    result.of_user[pairs.arrivals[new & single]] = True
    return result
