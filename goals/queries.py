"""Reads: the filters that a drain needs, and the counts that are published."""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from access import sql
from events import names
from goals import hashing
from goals.bloom import Addresses, Filters
from goals.bounds import bounds
from goals.hashing import Hashes, Ints

STATES = """
SELECT event_name_id, count, bits_set, version FROM goals_counter
WHERE namespace_id = %(namespace_id)s AND shard = %(shard)s
    AND event_name_id = ANY(%(counters)s)
"""
PAGES = """
SELECT event_name_id, page, content
FROM unnest(%(counters)s::int[], %(pages)s::smallint[]) AS needed (event_name_id, page)
JOIN goals_filterpage USING (event_name_id, page)
WHERE namespace_id = %(namespace_id)s AND shard = %(shard)s
"""


class LayoutError(RuntimeError):
    """Filters were stored with a layout that this version cannot read."""


def filters(*, namespace_id: int, shard: int, counters: Ints) -> Filters:
    """Returns the filters of a shard's counters, without their pages yet.

    Raises LayoutError rather than count with filters it would misread.
    """
    rows = sql.fetch(
        STATES, namespace_id=namespace_id, shard=shard, counters=counters.tolist()
    )
    if {version for *_, version in rows} - {hashing.VERSION}:
        raise LayoutError(f"counters of namespace {namespace_id} have another layout")
    states = {number: (count, bits) for number, count, bits, _ in rows}
    known = np.array([states.get(number, (0, 0)) for number in counters.tolist()])
    return Filters(
        counters=counters.astype(np.int64), keys=known[:, 0], bits_set=known[:, 1]
    )


def load(
    found: Filters, *, users: Hashes, rows: Ints, namespace_id: int, shard: int
) -> None:
    """Loads the pages in which these pairs of user and counter may be noted."""
    needed = found.needed(users=users, rows=rows)
    stored = sql.fetch(
        PAGES,
        counters=needed.counters.tolist(),
        pages=needed.pages.tolist(),
        namespace_id=namespace_id,
        shard=shard,
    )
    counters, pages, contents = zip(*stored, strict=True) if stored else ((), (), ())
    found.load(
        wanted=needed,
        stored=Addresses(np.array(counters, np.int64), np.array(pages, np.int64)),
        contents=[bytes(content) for content in contents],
    )


@dataclass(frozen=True, slots=True)
class Count:
    """Unique users of an event name, or of all names (`name` None), with bounds."""

    name: str | None
    count: int
    lower: int
    upper: int
    saturated: bool
    value_sum: Decimal | None


COUNTERS = """
SELECT event_name_id, array_agg(count), array_agg(bits_set), sum(value_sum)
FROM goals_counter WHERE namespace_id = %(namespace_id)s GROUP BY 1 ORDER BY 1
"""


def counts(*, namespace_id: int) -> list[Count]:
    """Returns a namespace's counts in two queries, the global one first."""
    known = names.by_id(namespace_id=namespace_id)
    return [
        published(known.get(number), keys, bits_set, value_sum)
        for number, keys, bits_set, value_sum in sql.fetch(
            COUNTERS, namespace_id=namespace_id
        )
    ]


def published(
    name: str | None, keys: list[int], bits_set: list[int], value_sum: Decimal | None
) -> Count:
    """Returns what a counter's shards, one state each, add up to."""
    found = bounds(keys=np.array(keys), bits_set=np.array(bits_set))
    return Count(
        name=name,
        count=int(found.count),
        lower=int(found.lower),
        upper=int(found.upper),
        saturated=bool(found.saturated),
        value_sum=value_sum,
    )
