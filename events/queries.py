"""Reads of the inbox, the dictionary and the state of the pipeline."""

from datetime import datetime

from django.db import connection

from access import sql
from events import arrivals

PENDING = """
SELECT namespace.id, shard
FROM access_namespace AS namespace, generate_series(0, 15) AS shard
WHERE EXISTS (
    SELECT FROM events_inboxevent AS waiting
    WHERE waiting.namespace_id = namespace.id AND waiting.shard = shard
)
"""
ARRIVALS = """
COPY (
    SELECT id, user_key, occurred_at, event_name_id, ensure_goal
    FROM events_inboxevent
    WHERE namespace_id = {namespace_id:d} AND shard = {shard:d}
    ORDER BY id LIMIT {limit:d}
) TO STDOUT (FORMAT BINARY)
"""


def pending_shards() -> list[tuple[int, int]]:
    """Returns the (namespace id, shard) pairs with events in the inbox."""
    return [(namespace_id, shard) for namespace_id, shard in sql.fetch(PENDING)]


def waiting(*, namespace_id: int, shard: int, limit: int) -> arrivals.Arrivals:
    """Returns up to `limit` inbox events of a shard, in order of arrival."""
    statement = ARRIVALS.format(namespace_id=namespace_id, shard=shard, limit=limit)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        return arrivals.decode(b"".join(copy))


NAMESPACES = """
SELECT namespace_id FROM events_batch WHERE aggregated_at IS NULL
UNION SELECT namespace_id FROM events_itemprice WHERE aggregated_at IS NULL ORDER BY 1
"""


def namespaces_to_aggregate() -> list[int]:
    """Returns the namespaces with batches or prices that no aggregation covered."""
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


LAG = "SELECT min(received_at) FROM events_inboxevent"


def oldest_waiting() -> datetime | None:
    """Returns when the oldest event still in the inbox was received."""
    return moment(LAG)


PENDING_SINCE = "SELECT min(drained_at) FROM events_batch WHERE aggregated_at IS NULL"


def oldest_pending() -> datetime | None:
    """Returns when the oldest batch without an aggregation was drained."""
    return moment(PENDING_SINCE)


def moment(statement: str) -> datetime | None:
    found: datetime | None = sql.fetch(statement)[0][0]
    return found
