"""Out of the inbox: counted, against moved without counting."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.db import transaction

from access import sql
from benchmarks.report import Finding, seconds
from events import history
from goals import services

FILL = """
INSERT INTO events_inboxevent (
    user_key, occurred_at, received_at, namespace_id, event_name_id, shard,
    ensure_goal, value, item_id
)
SELECT user_key, occurred_at, now(), %(namespace_id)s, event_name_id, user_key & 15,
    false, CASE WHEN event_name_id = %(first)s THEN 12.5 END,
    'item-' || (number %% 200)
FROM (
    SELECT hashtextextended('user', floor(random() * %(users)s)::bigint) AS user_key,
        now() - random() * interval '3 days' AS occurred_at,
        %(first)s + floor(random() * 5)::int AS event_name_id, number
    FROM generate_series(1, %(events)s) AS number
) AS made ORDER BY number
"""
KEEP = "CREATE TABLE kept AS TABLE events_inboxevent"
REFILL = """
INSERT INTO events_inboxevent OVERRIDING SYSTEM VALUE
SELECT * FROM kept ORDER BY id
"""
MOVE = """
WITH taken AS (
    DELETE FROM events_inboxevent
    WHERE namespace_id = %(namespace_id)s AND shard = %(shard)s AND id IN (
        SELECT id FROM events_inboxevent
        WHERE namespace_id = %(namespace_id)s AND shard = %(shard)s
        ORDER BY id LIMIT 50000
    ) RETURNING *
)
INSERT INTO events_event (
    id, user_key, occurred_at, batch_id, namespace_id, event_name_id,
    first_of_name, first_of_user, value, item_id, order_id, session_id
)
SELECT id, user_key, occurred_at, 0, namespace_id, event_name_id, false, false,
    value, item_id, order_id, session_id FROM taken
"""


def fill(*, namespace_id: int, first: int, events: int, users: int) -> None:
    """Puts made-up events of five names, ids from `first`, into the inbox."""
    sql.execute(
        FILL, namespace_id=namespace_id, first=first, events=events, users=users
    )
    for table in ("events_inboxevent", "events_event"):
        sql.execute(f"VACUUM ANALYZE {table}")


def move(namespace_id: int) -> None:
    for shard in range(16):
        with transaction.atomic():
            sql.execute(MOVE, namespace_id=namespace_id, shard=shard)


def clear() -> None:
    sql.execute(
        "TRUNCATE events_event, goals_counter, goals_filterpage, goals_firstseen"
    )
    sql.execute("TRUNCATE events_batch")


def run(namespace_id: int, first: int) -> Iterator[Finding]:
    """Compares drains of 400,000 events, of new users and of known ones, with moves."""
    now = datetime.now(UTC)
    history.ensure(now.date() - timedelta(days=back) for back in range(5))
    fill(namespace_id=namespace_id, first=first, events=400_000, users=60_000)
    sql.execute(KEEP)
    bare = seconds(lambda: move(namespace_id))
    clear()
    for users in ("new", "known"):
        sql.execute(REFILL)
        sql.execute("VACUUM ANALYZE events_inboxevent")
        taken = seconds(lambda: services.drain_all(at=now))
        yield Finding(
            f"drain, users mostly {users} / the same move without counting",
            ratio=bare / taken,
            bar=0.60,
            at_least=True,
            details=f"{400_000 / taken:,.0f} events/s counted in one process; "
            f"{400_000 / bare:,.0f} events/s only moved",
        )
        sql.execute("TRUNCATE events_event")
    clear()
    sql.execute("DROP TABLE kept")
