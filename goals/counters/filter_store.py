"""Filters in the database: what a batch may touch is read, what it changed, written."""

from collections.abc import Mapping
from decimal import Decimal

import numpy as np

from db import sql
from events.keys import Shard
from goals.counters import hashing
from goals.counters.bloom import Addresses, Filters
from goals.counters.hashing import Hashes, Ints

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
SAVE_PAGES = """
INSERT INTO goals_filterpage (namespace_id, shard, event_name_id, page, content)
SELECT %(namespace_id)s, %(shard)s, *
FROM unnest(%(counters)s::int[], %(pages)s::smallint[], %(contents)s::bytea[])
ON CONFLICT (namespace_id, shard, event_name_id, page)
DO UPDATE SET content = EXCLUDED.content
"""
SAVE_COUNTERS = """
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


class LayoutError(RuntimeError):
    """Filters were stored with a layout that this version cannot read."""


def filters(shard: Shard, *, counters: Ints) -> Filters:
    """Returns the filters of a shard's counters, without their pages yet.

    Raises LayoutError rather than count with filters it would misread.
    """
    rows = sql.fetch(STATES, **shard.parameters, counters=counters.tolist())
    if {version for *_, version in rows} - {hashing.VERSION}:
        raise LayoutError(
            f"counters of namespace {shard.namespace_id} have another layout"
        )
    states = {counter: (count, bits) for counter, count, bits, _ in rows}
    known = [states.get(counter, (0, 0)) for counter in counters.tolist()]
    seen, bits_set = np.array(known, np.int64).reshape(-1, 2).T
    return Filters(
        counters=counters.astype(np.int64), user_count=seen, bits_set=bits_set
    )


def load(filters: Filters, *, users: Hashes, rows: Ints, shard: Shard) -> None:
    """Loads the pages in which these pairs of user and counter may be noted."""
    needed = filters.needed(users=users, rows=rows)
    stored = sql.fetch(
        PAGES,
        counters=needed.counters.tolist(),
        pages=needed.pages.tolist(),
        **shard.parameters,
    )
    counters, pages, contents = zip(*stored, strict=True) if stored else ((), (), ())
    filters.load(
        wanted=needed,
        stored=Addresses(np.array(counters, np.int64), np.array(pages, np.int64)),
        contents=[bytes(content) for content in contents],
    )


def save(filters: Filters, *, value_sums: Mapping[int, Decimal], shard: Shard) -> None:
    """Writes what a batch has changed; `value_sums` are added, by counter."""
    addresses, contents = filters.changed()
    sql.execute(
        SAVE_PAGES,
        counters=addresses.counters.tolist(),
        pages=addresses.pages.tolist(),
        contents=contents,
        **shard.parameters,
    )
    grown = filters.grown()
    counters = filters.counters[grown].tolist()
    sql.execute(
        SAVE_COUNTERS,
        counters=counters,
        counts=filters.user_count[grown].tolist(),
        bits=filters.bits_set[grown].tolist(),
        sums=[value_sums.get(counter) for counter in counters],
        version=hashing.VERSION,
        **shard.parameters,
    )
