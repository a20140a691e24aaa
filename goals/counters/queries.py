"""Reads: counts of unique users, when they were first seen, what one user has done."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np

from db import sql
from events import keys, names
from events.keys import Shard
from goals.counters import filter_store
from goals.counters.bloom import cross
from goals.counters.bounds import bounds, false_positive_rate
from goals.counters.hashing import Ints
from goals.counters.marks import GLOBAL
from timegrid import buckets

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """Unique users of an event name, or of all names (`name` None), with bounds.

    `seen` are the users that looked new: `count` itself until the filters are full.
    `rate` is the chance, or more, that a user not seen looks seen. A `retired` name
    counts no more.
    """

    id: int
    name: str | None
    count: int
    lower: int
    upper: int
    saturated: bool
    seen: int
    rate: float
    value_sum: Decimal | None
    retired: bool = False


COUNTS = """
SELECT event_name_id, array_agg(count), array_agg(bits_set), sum(value_sum)
FROM goals_counter WHERE namespace_id = %(namespace_id)s GROUP BY 1 ORDER BY 1
"""


def counter_rows(*, namespace_id: int) -> list[Row]:
    """Returns the states of a namespace's counters, for `counts`; one query."""
    return sql.fetch(COUNTS, namespace_id=namespace_id)


def counts(rows: Iterable[Row], *, known: Sequence[names.Entry]) -> list[Count]:
    """Returns a namespace's counts, the global one first.

    `known` are its names, read after the rows: a name comes before its counter.
    """
    name_of: dict[int, str | None] = {entry.id: entry.name for entry in known}
    name_of[GLOBAL] = None
    retired = {entry.id for entry in known if entry.slot is None}
    return [
        replace(count(id, name_of[id], *states), retired=id in retired)
        for id, *states in rows
    ]


def count(
    id: int,
    name: str | None,
    seen: Sequence[int],
    bits_set: Sequence[int],
    value_sum: Decimal | None,
) -> Count:
    """Returns what a counter's shards, one state each, add up to."""
    user_count, bits = np.array(seen), np.array(bits_set)
    published_bounds = bounds(user_count=user_count, bits_set=bits)
    return Count(
        id=id,
        name=name,
        count=int(published_bounds.count),
        lower=int(published_bounds.lower),
        upper=int(published_bounds.upper),
        saturated=bool(published_bounds.saturated),
        seen=sum(seen),
        rate=float(false_positive_rate(user_count=user_count, bits_set=bits).max()),
        value_sum=value_sum,
    )


def done_by(user_key: int, *, namespace_id: int) -> list[str]:
    """Returns the events a user has done, as far as the filters know, by id.

    Asks one shard, in three queries. An event that was not done is among them in 1e-5
    of cases.
    """
    known = names.by_id(namespace_id=namespace_id)
    shard = Shard(namespace_id, keys.shard_number(user_key))
    filters = filter_store.filters(shard, counters=np.array(list(known), np.int64))
    users = np.array([user_key]).view(np.uint64)
    asked, rows = cross(users=users, rows=np.arange(len(known)))
    filter_store.load(filters, users=asked, rows=rows, shard=shard)
    done = filters.contains(users=asked, rows=rows)
    return [
        name for name, has_done in zip(known.values(), done, strict=True) if has_done
    ]


FIRST = """
SELECT min(start_at) FROM goals_firstseen
WHERE namespace_id = %(namespace_id)s AND resolution = 300
"""
FIRST_SEEN = """
SELECT event_name_id, width_bucket(start_at, %(edges)s::timestamptz[]) - 1,
    sum(count)::bigint
FROM goals_firstseen
WHERE namespace_id = %(namespace_id)s AND resolution = %(resolution)s
    AND start_at >= %(start)s AND start_at < %(end)s
GROUP BY 1, 2
"""


def first_seen_at(*, namespace_id: int) -> datetime | None:
    """Returns when the first five minutes began in which a user was seen."""
    start_at: datetime | None = sql.fetch(FIRST, namespace_id=namespace_id)[0][0]
    return start_at


def first_seen(*, namespace_id: int, edges: Sequence[datetime]) -> dict[int, Ints]:
    """Returns counter → users first seen in each cell, for counters with any.

    `edges` are the n + 1 edges of n adjoining cells, in multiples of five minutes.
    """
    rows = sql.fetch(
        FIRST_SEEN,
        namespace_id=namespace_id,
        resolution=buckets.resolution_for(edges),
        edges=list(edges),
        start=edges[0],
        end=edges[-1],
    )
    users_of: dict[int, Ints] = {}
    for counter, cell, users in rows:
        users_of.setdefault(counter, np.zeros(len(edges) - 1, np.int64))[cell] = users
    return users_of
