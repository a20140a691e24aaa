"""Reads of the inbox, the dictionary and the state of the pipeline."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings

from accounts.queries import Scope
from db import sql
from events import arrivals, history, keys
from events.event_body import PAST
from events.keys import Shard


def user_key(user_id: str, *, scope: Scope) -> int:
    """Returns the key that stands for a user in a namespace."""
    key = keys.namespace_key(settings.USER_KEY_SECRET, scope.name)
    return keys.user_key(user_id, key=key)


# The oldest arrival of each namespace and shard with any: one look into the key each,
# however many wait behind it. Requests overlap, so one that was received a moment
# earlier may have arrived a moment later.
FIRST = """
WITH RECURSIVE first AS (
    (
        SELECT namespace_id, shard, received_at FROM events_inboxevent
        ORDER BY namespace_id, shard, id LIMIT 1
    )
    UNION ALL
    SELECT next.* FROM first, LATERAL (
        SELECT namespace_id, shard, received_at FROM events_inboxevent
        WHERE (namespace_id, shard) > (first.namespace_id, first.shard)
        ORDER BY namespace_id, shard, id LIMIT 1
    ) AS next
)
"""
PENDING = f"{FIRST} SELECT namespace_id, shard FROM first ORDER BY random()"
WAITING = """
SELECT string_agg(
    int8send(id) || int8send(user_key) || timestamptz_send(occurred_at)
        || int4send(event_name_id) || boolsend(ensure_goal), '' ORDER BY id
)
FROM (
    SELECT * FROM events_inboxevent
    WHERE namespace_id = %(namespace_id)s AND shard = %(shard)s
    ORDER BY id LIMIT %(limit)s
) AS waiting
"""


def pending_shards() -> list[Shard]:
    """Returns the shards with events in the inbox.

    In random order: none waits behind the others, and workers do not meet.
    """
    return [Shard(*row) for row in sql.fetch(PENDING)]


def waiting(shard: Shard, *, limit: int) -> arrivals.Arrivals:
    """Returns up to `limit` inbox events of a shard, in order of arrival."""
    [(sent,)] = sql.fetch(WAITING, **shard.parameters, limit=limit)
    return arrivals.decode(sent or b"")


ASKED = """
SELECT asked.event_name_id, first.id
FROM unnest(%(names)s::int[]) AS asked (event_name_id), LATERAL (
    SELECT id FROM events_inboxevent AS waiting
    WHERE namespace_id = %(namespace_id)s AND ensure_goal
        AND waiting.event_name_id = asked.event_name_id
    ORDER BY id LIMIT 1
) AS first
"""


def asked_goals(*, namespace_id: int, names: Sequence[int]) -> dict[int, int]:
    """Returns, of these event name ids, those that an event waiting in any shard asks
    to be goals, with the number of the first such arrival.
    """
    return dict(sql.fetch(ASKED, namespace_id=namespace_id, names=names))


NEXT = "SELECT nextval(pg_get_serial_sequence('events_inboxevent', 'id'))"


def next_arrival() -> int:
    """Returns a number above those of all arrivals so far, and below those to come."""
    return int(sql.fetch(NEXT)[0][0])


NAMESPACES = """
SELECT namespace_id FROM (
    SELECT namespace_id, drained_at AS since FROM events_batch
    WHERE aggregated_at IS NULL
    UNION ALL SELECT namespace_id, changed_at FROM events_pricechange
    WHERE aggregated_at IS NULL
) AS pending
GROUP BY 1 ORDER BY min(since), 1
"""


def namespaces_to_aggregate() -> list[int]:
    """Returns the namespaces with batches or prices that no aggregation covered, those
    first that wait longest.
    """
    return [namespace_id for (namespace_id,) in sql.fetch(NAMESPACES)]


OLDEST = """
SELECT least(
    (SELECT min(occurred_at) FROM events_inboxevent),
    (SELECT min(start_at) FROM events_batch, unnest(touched) AS start_at
        WHERE aggregated_at IS NULL)
)
"""


def oldest_unaggregated() -> datetime | None:
    """Returns when the oldest event occurred that no bucket holds yet."""
    return moment(OLDEST)


IMPORTED = """
SELECT min(start_at) FROM events_import
WHERE finished_at IS NULL OR finished_at > %(now)s - interval '1 day'
"""


def oldest_import(*, now: datetime) -> datetime | None:
    """Returns where the imports begin that go on, or ended within the last day."""
    start_at: datetime | None = sql.fetch(IMPORTED, now=now)[0][0]
    return start_at


LAG = f"{FIRST} SELECT min(received_at) FROM first"


def oldest_waiting() -> datetime | None:
    """Returns when the oldest event still in the inbox was received."""
    return moment(LAG)


PENDING_SINCE = "SELECT min(drained_at) FROM events_batch WHERE aggregated_at IS NULL"


def oldest_pending() -> datetime | None:
    """Returns when the oldest batch without an aggregation was drained."""
    return moment(PENDING_SINCE)


MOST_BATCHES = 10_000
PENDING_BATCHES = """
SELECT count(*) FROM (
    SELECT FROM events_batch WHERE aggregated_at IS NULL LIMIT %(most)s
) AS pending
"""


def pending_batches() -> int:
    """Returns how many batches no aggregation covered, MOST_BATCHES for more."""
    return int(sql.fetch(PENDING_BATCHES, most=MOST_BATCHES)[0][0])


def moment(statement: str) -> datetime | None:
    at: datetime | None = sql.fetch(statement)[0][0]
    return at


PENDING_FROM = """
SELECT least(
    (SELECT min(received_at) FROM generate_series(0, 15) AS shards (shard), LATERAL (
        SELECT received_at FROM events_inboxevent AS waiting
        WHERE namespace_id = %(namespace_id)s AND waiting.shard = shards.shard
        ORDER BY id LIMIT 1
    ) AS first),
    (SELECT min(coalesce(received_at, drained_at)) FROM events_batch
        WHERE namespace_id = %(namespace_id)s AND aggregated_at IS NULL),
    (SELECT min(changed_at) FROM events_pricechange
        WHERE namespace_id = %(namespace_id)s AND aggregated_at IS NULL)
)
"""


def pending_from(*, namespace_id: int) -> datetime | None:
    """Returns when the oldest event or price was received that is in no bucket yet."""
    since: datetime | None = sql.fetch(PENDING_FROM, namespace_id=namespace_id)[0][0]
    return since


def history_from(*, at: datetime) -> datetime:
    """Returns the midnight from which on history is whole: no day is dropped sooner."""
    return history.midnight((at - PAST - history.LOOK_BACK).date())


ANY_HISTORY = "SELECT EXISTS (SELECT FROM events_event)"


def has_history() -> bool:
    """Tells whether any event is kept, of whatever namespace."""
    return bool(sql.fetch(ANY_HISTORY)[0][0])
