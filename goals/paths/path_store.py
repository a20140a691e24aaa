"""Tables that a drain adds to: users first seen, goals, and the paths to them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from db import sql
from events import names
from events.keys import Shard
from events.services import FirstTime
from goals.counters.hashing import Ints
from goals.models import COMBINATIONS, UNKNOWN
from goals.paths import combinations
from goals.paths.combinations import Combinations, Singles
from timegrid.buckets import RESOLUTIONS

ADD_FIRST_SEEN = """
INSERT INTO goals_firstseen AS known
    (namespace_id, shard, event_name_id, resolution, start_at, count)
SELECT %(namespace_id)s, %(shard)s, counter, resolution,
    date_bin(make_interval(secs => resolution), to_timestamp(start), 'epoch'),
    sum(users)
FROM unnest(%(counters)s::int[], %(starts)s::bigint[], %(users)s::bigint[])
    AS first (counter, start, users), unnest(%(resolutions)s::int[]) AS resolution
GROUP BY counter, resolution, 5 ORDER BY resolution, 5, counter
ON CONFLICT (namespace_id, resolution, start_at, event_name_id, shard)
DO UPDATE SET count = known.count + EXCLUDED.count
"""
ADD_GOALS = """
INSERT INTO goals_goal AS known (event_name_id, namespace_id, name, since, created_at)
SELECT id, %(namespace_id)s, name, since, %(at)s
FROM unnest(%(ids)s::int[], %(names)s::text[], %(since)s::bigint[])
    AS goal (id, name, since)
ORDER BY id
ON CONFLICT (event_name_id) DO UPDATE SET since = EXCLUDED.since
WHERE EXCLUDED.since < known.since
"""
ADD_SINGLES = """
INSERT INTO goals_singleevent AS known
    (namespace_id, shard, goal_id, event_name_id, count)
SELECT %(namespace_id)s, %(shard)s, *
FROM unnest(%(goals)s::int[], %(events)s::int[], %(users)s::bigint[])
ON CONFLICT (namespace_id, goal_id, shard, event_name_id)
DO UPDATE SET count = known.count + EXCLUDED.count
"""
# Until the transaction ends, none of these goals can be removed.
GOALS = """
SELECT event_name_id, since FROM goals_goal
WHERE event_name_id = ANY(%(names)s) FOR KEY SHARE
"""
# In the order of the key, which is cheaper for the index.
ADD_COMBINATIONS = """
INSERT INTO goals_combination AS known (namespace_id, shard, goal_id, events, count)
SELECT %(namespace_id)s, %(shard)s, goal, decode(path, 'hex'), users
FROM unnest(%(goals)s::int[], %(paths)s::text[], %(users)s::bigint[])
    AS taken (goal, path, users)
ORDER BY goal, path
ON CONFLICT (namespace_id, goal_id, shard, events)
DO UPDATE SET count = known.count + EXCLUDED.count
"""
# Where a goal has become crowded, the rarer combinations go, to the last user: what
# comes into use later finds room, and what is frequent stays.
FOLD = """
WITH crowded AS (
    SELECT goal_id FROM goals_combination
    WHERE namespace_id = %(namespace_id)s AND shard = %(shard)s
        AND goal_id = ANY(%(goals)s) AND events <> %(unknown)s
    GROUP BY goal_id HAVING count(*) > %(limit)s
), ranked AS (
    SELECT known.ctid AS row, row_number() OVER (
        PARTITION BY goal_id ORDER BY count DESC, events
    ) AS rank
    FROM goals_combination AS known JOIN crowded USING (goal_id)
    WHERE namespace_id = %(namespace_id)s AND shard = %(shard)s
        AND events <> %(unknown)s
), folded AS (
    DELETE FROM goals_combination WHERE ctid = ANY(ARRAY(
        SELECT row FROM ranked WHERE rank > %(limit)s / 2
    ))
    RETURNING goal_id, count
)
INSERT INTO goals_combination AS known (namespace_id, shard, goal_id, events, count)
SELECT %(namespace_id)s, %(shard)s, goal_id, %(unknown)s, sum(count)
FROM folded GROUP BY goal_id
ON CONFLICT (namespace_id, goal_id, shard, events)
DO UPDATE SET count = known.count + EXCLUDED.count
"""


def goals(wanted: Sequence[int]) -> dict[int, int]:
    """Returns, of these event name ids, the goals → number of the first arrival that
    counts, and keeps them from being removed before this transaction ends.
    """
    return dict(sql.fetch(GOALS, names=wanted))


def add_first_seen(first_times: Sequence[FirstTime], *, shard: Shard) -> None:
    """Adds users to the buckets of all resolutions in which they were first seen."""
    sql.execute(
        ADD_FIRST_SEEN,
        counters=sql.array(first_time.event_name_id for first_time in first_times),
        starts=sql.array(first_time.start for first_time in first_times),
        users=sql.array(first_time.users for first_time in first_times),
        resolutions=list(RESOLUTIONS),
        **shard.parameters,
    )


def add_goals(since: Mapping[int, int], *, namespace_id: int, at: datetime) -> None:
    """Makes goals of event names, or moves the arrival they begin with to an earlier.

    `since` is event name id → number of the first arrival that counts.
    """
    known = names.by_id(namespace_id=namespace_id)
    # Two that make the same goal at once would meet at its name, not at its number.
    sql.lock("goals", key=namespace_id)
    sql.execute(
        ADD_GOALS,
        ids=list(since),
        names=[known[id] for id in since],
        since=list(since.values()),
        namespace_id=namespace_id,
        at=at,
    )


def add_paths(
    batches: Sequence[Combinations],
    *,
    counters: Ints,
    numbers: Ints,
    shard: Shard,
) -> None:
    """Adds users to the paths they walked to goals, and to the single steps of these.

    `counters` and `numbers` are the event name ids and their numbers, by the rows of
    `walked`.
    """
    single = combinations.singles(batches, counters=len(counters))
    add_singles(single, counters=counters, shard=shard)
    for batch in batches:
        add_combinations(batch, counters=counters, numbers=numbers, shard=shard)
    sql.execute(
        FOLD,
        goals=counters[np.unique(single.rows)].tolist(),
        limit=COMBINATIONS,
        unknown=UNKNOWN,
        **shard.parameters,
    )


def add_singles(single: Singles, *, counters: Ints, shard: Shard) -> None:
    """Adds users to single steps before goals."""
    sql.execute(
        ADD_SINGLES,
        goals=sql.array(counters[single.rows].tolist()),
        events=sql.array(counters[single.steps].tolist()),
        users=sql.array(single.users.tolist()),
        **shard.parameters,
    )


def add_combinations(
    paths: Combinations, *, counters: Ints, numbers: Ints, shard: Shard
) -> None:
    """Adds users to combinations; those who took no step before are not stored."""
    taken = paths.steps.any(axis=1)
    written = combinations.written(paths.steps[taken], numbers)
    sql.execute(
        ADD_COMBINATIONS,
        goals=sql.array(counters[paths.rows[taken]].tolist()),
        paths=sql.array(path.hex() for path in written),
        users=sql.array(paths.users[taken].tolist()),
        **shard.parameters,
    )
