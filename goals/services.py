"""Writes: events leave the inbox, and their users are counted, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np
from django.db import transaction

from access import sql
from events import keys
from events import queries as inbox
from events import services as events
from events.arrivals import Arrivals, days
from goals import hashing, queries
from goals.bloom import Filters
from goals.hashing import Ints
from goals.models import GLOBAL
from goals.pages import Bools

BATCH = 50_000  # events of one transaction: bounds its memory and its time
RUN = 32 * BATCH  # then the worker's other tasks get their turn; the next tick goes on

STORE_PAGES = """
INSERT INTO goals_filterpage (namespace_id, shard, event_name_id, page, content)
SELECT %(namespace_id)s, %(shard)s, *
FROM unnest(%(counters)s::int[], %(pages)s::smallint[], %(contents)s::bytea[])
ON CONFLICT (namespace_id, shard, event_name_id, page)
DO UPDATE SET content = EXCLUDED.content
"""
STORE_COUNTERS = """
INSERT INTO goals_counter AS known
    (namespace_id, shard, event_name_id, count, bits_set, value_sum, version)
SELECT %(namespace_id)s, %(shard)s, *, %(version)s
FROM unnest(
    %(counters)s::int[], %(counts)s::bigint[], %(bits)s::bigint[], %(sums)s::numeric[]
)
ON CONFLICT (namespace_id, shard, event_name_id) DO UPDATE
SET count = EXCLUDED.count, bits_set = EXCLUDED.bits_set,
    value_sum = CASE WHEN EXCLUDED.value_sum IS NULL THEN known.value_sum
        ELSE coalesce(known.value_sum, 0) + EXCLUDED.value_sum END
"""
STORE_FIRST_SEEN = """
INSERT INTO goals_firstseen AS known
    (namespace_id, shard, event_name_id, start_at, count)
SELECT %(namespace_id)s, %(shard)s, counter, to_timestamp(start), users
FROM unnest(%(counters)s::int[], %(starts)s::bigint[], %(users)s::bigint[])
    AS first (counter, start, users)
ON CONFLICT (namespace_id, event_name_id, start_at, shard)
DO UPDATE SET count = known.count + EXCLUDED.count
"""


@dataclass(frozen=True, slots=True)
class Marks:
    """Which arrivals were a user's first: of their name, and at all; both `[n]`."""

    of_name: Bools
    of_user: Bools


def drain_all(*, at: datetime) -> int:
    """Drains the shards that have events waiting; returns how many were counted.

    Any number of workers may do this at once: each skips the shards that others hold.
    Of a backlog, one run takes about RUN events.
    """
    total = 0
    for namespace_id, shard in inbox.pending_shards():
        drained = BATCH
        while drained == BATCH and total < RUN:
            drained = drain(namespace_id=namespace_id, shard=shard, at=at)
            total += drained
    return total


@transaction.atomic
def drain(*, namespace_id: int, shard: int, at: datetime) -> int:
    """Counts up to BATCH events of a shard and moves them into history, or none.

    Returns how many; 0 also means that another worker has the shard.
    """
    if not sql.locked("drain", key=namespace_id * keys.SHARDS + shard):
        return 0
    arrivals = inbox.waiting(namespace_id=namespace_id, shard=shard, limit=BATCH)
    if not len(arrivals):
        return 0
    events.ensure_days(days(arrivals))
    filters = queries.filters(
        namespace_id=namespace_id,
        shard=shard,
        counters=np.unique(np.append(arrivals["event_name_id"], GLOBAL)),
    )
    marks = count(filters, arrivals, namespace_id=namespace_id, shard=shard)
    first_times = events.settle(
        namespace_id=namespace_id,
        shard=shard,
        ids=arrivals["id"].tolist(),
        first_of_name=marks.of_name.astype(int).tolist(),
        first_of_user=marks.of_user.astype(int).tolist(),
        at=at,
    )
    store(filters, first_times, namespace_id=namespace_id, shard=shard)
    return len(arrivals)


def count(
    filters: Filters, arrivals: Arrivals, *, namespace_id: int, shard: int
) -> Marks:
    """Adds the users to the filters, each to its name's counter and the global one."""
    named, single = first_pairs(arrivals), first_users(arrivals)
    arrival = np.concatenate([named, single])
    counter = np.concatenate(
        [arrivals["event_name_id"][named], np.full(len(single), GLOBAL)]
    )
    users = arrivals["user_key"][arrival].astype(np.int64).view(np.uint64)
    rows = np.searchsorted(filters.counters, counter)
    queries.load(
        filters, users=users, rows=rows, namespace_id=namespace_id, shard=shard
    )
    new = filters.add(users=users, rows=rows)
    marks = Marks(np.zeros(len(arrivals), bool), np.zeros(len(arrivals), bool))
    marks.of_name[named] = new[: len(named)]
    marks.of_user[single] = new[len(named) :]
    return marks


def first_pairs(arrivals: Arrivals) -> Ints:
    """Returns the arrivals that are the batch's first of their user and name, `[p]`."""
    order = np.lexsort((arrivals["user_key"], arrivals["event_name_id"]))
    users, names = arrivals["user_key"][order], arrivals["event_name_id"][order]
    first = np.append(True, (users[1:] != users[:-1]) | (names[1:] != names[:-1]))
    return np.sort(order[first])


def first_users(arrivals: Arrivals) -> Ints:
    """Returns the arrivals that are the batch's first of their user, `[u]`."""
    return np.sort(np.unique(arrivals["user_key"], return_index=True)[1])


def store(
    filters: Filters,
    first_times: Sequence[events.FirstTime],
    *,
    namespace_id: int,
    shard: int,
) -> None:
    """Writes changed pages, counters and first-seen buckets: one statement each."""
    place = {"namespace_id": namespace_id, "shard": shard}
    addresses, contents = filters.changed()
    sql.execute(
        STORE_PAGES,
        counters=addresses.counters.tolist(),
        pages=addresses.pages.tolist(),
        contents=contents,
        **place,
    )
    sql.execute(STORE_COUNTERS, **counter_columns(filters, first_times), **place)
    sql.execute(
        STORE_FIRST_SEEN,
        counters=sql.array([one.event_name_id for one in first_times]),
        starts=sql.array([one.start for one in first_times]),
        users=sql.array([one.users for one in first_times]),
        **place,
    )


def counter_columns(
    filters: Filters, first_times: Sequence[events.FirstTime]
) -> dict[str, object]:
    """Returns the new states of the counters; values are to be added to theirs."""
    sums, counters = value_sums(first_times), filters.counters.tolist()
    return {
        "counters": counters,
        "counts": filters.keys.tolist(),
        "bits": filters.bits_set.tolist(),
        "sums": [sums.get(counter) for counter in counters],
        "version": hashing.VERSION,
    }


def value_sums(first_times: Sequence[events.FirstTime]) -> dict[int, Decimal]:
    """Returns the values of first occurrences, per counter that has any."""
    sums: dict[int, Decimal] = {}
    for one in first_times:
        if one.value_sum is not None:
            sums[one.event_name_id] = sums.get(one.event_name_id, 0) + one.value_sum
    return sums
