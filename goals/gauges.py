"""The largest counts and predictions of any number of namespaces, for monitoring."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from db import sql
from events import keys, names
from goals.counters.bounds import bounds
from goals.counters.hashing import Ints
from goals.counters.marks import GLOBAL
from goals.forecasts.predictions import bayes


class Counter(NamedTuple):
    """Unique users of an event name, or of all names (`name` None), as published."""

    namespace_id: int
    name: str | None
    users: int


class Prediction(NamedTuple):
    """The share of an event's users who reached a goal after it, 0 to 1."""

    namespace_id: int
    goal: str
    event: str
    share: float


COUNTERS = """
SELECT namespace_id, event_name_id, array_agg(count), array_agg(bits_set),
    count(*) OVER ()
FROM goals_counter WHERE namespace_id = ANY(%(namespaces)s::bigint[])
GROUP BY 1, 2 ORDER BY sum(count) DESC, 1, 2 LIMIT %(limit)s
"""


def counters(
    *, namespace_ids: Collection[int], limit: int
) -> tuple[list[Counter], int]:
    """Returns the counters of the most users, and how many there are, in two queries.

    Saturated counters show their estimate, but are ranked by the users they told apart.
    """
    rows = sql.fetch(COUNTERS, namespaces=sql.array(namespace_ids), limit=limit)
    name_of: dict[int, str | None] = {GLOBAL: None}
    name_of.update(names.of({event for _, event, *_ in rows}))
    users = published([(seen, bits_set) for _, _, seen, bits_set, _ in rows])
    counters = [
        Counter(namespace_id, name_of[event], int(count))
        for (namespace_id, event, *_), count in zip(rows, users, strict=True)
    ]
    return counters, total(rows)


# An event that is before a goal has a counter: one drain writes both.
PREDICTIONS = """
WITH reached AS (
    SELECT namespace_id, goal_id, event_name_id, sum(count)::bigint AS users
    FROM goals_singleevent WHERE namespace_id = ANY(%(namespaces)s::bigint[])
    GROUP BY 1, 2, 3
), counter AS (
    SELECT namespace_id, event_name_id, sum(count) AS users,
        array_agg(count) AS seen, array_agg(bits_set) AS bits_set
    FROM goals_counter WHERE namespace_id = ANY(%(namespaces)s::bigint[])
    GROUP BY 1, 2
)
SELECT namespace_id, goal_id, event_name_id, reached.users, seen, bits_set,
    count(*) OVER ()
FROM reached JOIN counter USING (namespace_id, event_name_id)
ORDER BY counter.users DESC, reached.users DESC, 1, 2, 3 LIMIT %(limit)s
"""


def predictions(
    *, namespace_ids: Collection[int], limit: int
) -> tuple[list[Prediction], int]:
    """Returns the predictions from the events of the most users, and how many there
    are, in two queries.
    """
    rows = sql.fetch(PREDICTIONS, namespaces=sql.array(namespace_ids), limit=limit)
    name_of = names.of({id for _, goal, event, *_ in rows for id in (goal, event)})
    shares = bayes(
        both=np.array([reached for _, _, _, reached, *_ in rows], np.int64),
        event_users=published([(seen, bits) for *_, seen, bits, _ in rows]),
    )
    predictions = [
        Prediction(namespace_id, name_of[goal], name_of[event], float(share))
        for (namespace_id, goal, event, *_), share in zip(
            rows, shares.value, strict=True
        )
    ]
    return predictions, total(rows)


def published(states: Sequence[tuple[Sequence[int], Sequence[int]]]) -> Ints:
    """Returns the count of each counter, `[n]`, from users seen and bits set by shard.

    A shard that has no state yet has seen nobody.
    """
    padded = np.zeros((2, len(states), keys.SHARDS), np.int64)
    for row, state in enumerate(states):
        padded[:, row, : len(state[0])] = state
    seen, bits_set = padded
    return bounds(user_count=seen, bits_set=bits_set).count


def total(rows: Sequence[tuple[int, ...]]) -> int:
    # The last column is the number of rows without the limit; no row, nothing at all.
    return rows[0][-1] if rows else 0
