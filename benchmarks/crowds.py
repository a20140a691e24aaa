"""Users by number, and filters that have seen them: one shard, all in memory."""

import numpy as np

from goals.counters.bloom import Filters, cross
from goals.counters.hashing import Hashes, Ints

SHARDS = 16
BATCH = 50_000  # pairs of user and counter


def numbered(start: int, stop: int) -> Hashes:
    """Returns user keys of one shard: they share their last four bits."""
    return np.arange(start, stop, dtype=np.uint64) << np.uint64(4)


def empty(counters: Ints) -> Filters:
    """Returns filters that have seen nobody."""
    zeros = np.zeros(len(counters), np.int64)
    return Filters(counters=counters, user_count=zeros, bits_set=zeros)


def grown(counters: int, users: int) -> Filters:
    """Returns filters of counters that have all seen the same users."""
    filters = empty(np.arange(1, counters + 1))
    for part in np.array_split(numbered(0, users), 1 + counters * users // BATCH):
        asked, rows = cross(users=part, rows=np.arange(counters))
        filters.add(users=asked, rows=rows)
    return filters


def fill(filters: Filters, target: int) -> None:
    """Adds users to the one counter until there are so many."""
    users = numbered(int(filters.user_count[0]), target)
    for part in np.array_split(users, 1 + len(users) // BATCH):
        filters.add(users=part, rows=np.zeros(len(part), np.int64))


def stored_bytes(filters: Filters) -> int:
    """Returns the bytes of all pages."""
    return sum(map(len, filters.changed()[1]))
