"""Reads: counts of unique users, the paths to goals, and what one user has done."""

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
from goals.models import COMBINATIONS, UNKNOWN, Goal
from goals.paths import combinations as paths
from goals.paths import published
from goals.paths.published import Combination, Paths
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


def goals(*, namespace_id: int) -> dict[int, str]:
    """Returns counter → name of a namespace's goals, sorted by name."""
    namespace_goals = Goal.objects.filter(namespace_id=namespace_id).order_by("name")
    return dict(namespace_goals.values_list("event_name_id", "name"))


SINGLES = """
SELECT goal_id, event_name_id, users FROM (
    SELECT goal_id, event_name_id, sum(count)::bigint AS users, row_number() OVER (
        PARTITION BY goal_id ORDER BY sum(count) DESC, event_name_id
    ) AS rank
    FROM goals_singleevent
    WHERE namespace_id = %(namespace_id)s AND goal_id = ANY(%(goals)s)
    GROUP BY 1, 2
) AS ranked
WHERE rank <= %(limit)s OR event_name_id = ANY(%(events)s::int[])
ORDER BY goal_id, rank
"""
# Combinations beyond those shown are one row, under the number of no event.
COMBINED = """
WITH total AS (
    SELECT goal_id, events, sum(count)::bigint AS users,
        events = %(unknown)s AS unknown
    FROM goals_combination
    WHERE namespace_id = %(namespace_id)s AND goal_id = ANY(%(goals)s)
    GROUP BY 1, 2
), ranked AS (
    SELECT *, row_number() OVER most AS rank, sum(bit_count(events)) OVER most AS names
    FROM total
    WINDOW most AS (PARTITION BY goal_id ORDER BY unknown, users DESC, events)
), shown AS (
    SELECT goal_id, users,
        CASE WHEN rank <= %(limit)s AND names <= %(names)s AND users >= %(least)s
            THEN events ELSE %(unknown)s END AS events
    FROM ranked
)
SELECT goal_id, events, sum(users)::bigint FROM shown GROUP BY 1, 2
"""


def counts_and_paths(
    *, namespace_id: int, goals: Sequence[int], least: int
) -> tuple[list[Count], dict[int, Paths]]:
    """Returns the counts, and counter → how its users came to it for these goals.

    Four queries. Combinations of fewer than `least` users, and those that do not fit
    into an answer, are not told apart.
    """
    limit = published.names(goals=len(goals))
    combined = combination_rows(
        namespace_id=namespace_id, goals=goals, limit=limit, least=least
    )
    before = single_rows(namespace_id=namespace_id, goals=goals, limit=limit)
    # After the paths: whoever reaches a goal meanwhile is counted with no path, not
    # twice. The names last: nothing is counted under a name before it is there.
    states = counter_rows(namespace_id=namespace_id)
    known = names.entries(namespace_id=namespace_id)
    namespace_counts = counts(states, known=known)
    combinations_of = combinations(combined, goals=goals, known=known)
    steps = singles(before, goals=goals, known=known)
    space = published.space((entry.name for entry in known), goals=len(goals))
    return namespace_counts, {
        count.id: published.excerpt(
            combinations_of[count.id],
            steps[count.id],
            count=count.count,
            seen=count.seen,
            least=least,
            space=space,
        )
        for count in namespace_counts
        if count.id in combinations_of
    }


def combination_rows(
    *, namespace_id: int, goals: Sequence[int], limit: int, least: int
) -> list[Row]:
    """Returns the goals' combinations, for `combinations`; one query.

    Those of each goal that most users came by, with `limit` events in all.
    """
    return sql.fetch(
        COMBINED,
        namespace_id=namespace_id,
        goals=list(goals),
        unknown=UNKNOWN,
        limit=COMBINATIONS,
        names=limit,
        least=least,
    )


def combinations(
    rows: Iterable[Row], *, goals: Iterable[int], known: Iterable[names.Entry]
) -> dict[int, list[Combination]]:
    """Returns goal → combinations; one of no events has the users not told apart."""
    name_of = {entry.number: entry.name for entry in known}
    of_goal: dict[int, list[Combination]] = {goal: [] for goal in goals}
    for goal, path, users in rows:
        events = sorted(name_of[number] for number in paths.read(path))
        of_goal[goal].append(Combination(tuple(events), users))
    return of_goal


def single_rows(
    *, namespace_id: int, goals: Sequence[int], limit: int, events: Iterable[int] = ()
) -> list[Row]:
    """Returns the goals' single events, for `singles`; one query.

    The `limit` before each goal that most users had done, and these `events`.
    """
    return sql.fetch(
        SINGLES,
        namespace_id=namespace_id,
        goals=list(goals),
        limit=limit,
        events=sql.array(events),
    )


def singles(
    rows: Iterable[Row], *, goals: Iterable[int], known: Iterable[names.Entry]
) -> dict[int, dict[str, int]]:
    """Returns goal → event name → users who had done it before, the most first."""
    name_of = {entry.id: entry.name for entry in known}
    of_goal: dict[int, dict[str, int]] = {goal: {} for goal in goals}
    for goal, event, users in rows:
        of_goal[goal][name_of[event]] = users
    return of_goal


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
