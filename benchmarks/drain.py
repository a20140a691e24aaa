"""Out of the inbox: counted, against moved without counting."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from django.db import transaction

from benchmarks.report import Finding, seconds
from db import sql
from events import history
from goals.paths import path_store
from pipeline import drain

EVENTS = 400_000
GOALS = 50
NAMES = 2 * GOALS
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
        now() - random() * %(spread)s::interval AS occurred_at,
        %(first)s + floor(random() * %(names)s)::int AS event_name_id, number
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


def fill(
    *,
    namespace_id: int,
    first: int,
    events: int,
    users: int,
    spread: str = "3 days",
    names: int = 5,
) -> None:
    """Puts made-up events of so many names, ids from `first`, into the inbox."""
    sql.execute(
        FILL,
        namespace_id=namespace_id,
        first=first,
        events=events,
        users=users,
        spread=spread,
        names=names,
    )
    for table in ("events_inboxevent", "events_event"):
        sql.execute(f"VACUUM ANALYZE {table}")


def move(namespace_id: int) -> None:
    for shard in range(16):
        with transaction.atomic():
            sql.execute(MOVE, namespace_id=namespace_id, shard=shard)


def refilled(work: Callable[[], object]) -> float:
    """Returns the seconds of `work` on the same full inbox and an empty history."""
    sql.execute("TRUNCATE events_event")
    sql.execute("TRUNCATE events_inboxevent")
    sql.execute(REFILL)
    sql.execute("VACUUM ANALYZE events_inboxevent")
    return seconds(work)


def forget() -> None:
    sql.execute("TRUNCATE goals_counter, goals_filterpage, goals_firstseen")
    sql.execute("TRUNCATE goals_combination, goals_singleevent, events_batch")


def run(namespace_id: int, first: int) -> Iterator[Finding]:
    """Compares drains with moves: live events, and a backlog of three days."""
    today = datetime.now(UTC).date()
    history.ensure(today - timedelta(days=back) for back in range(5))
    for what, spread in (("live", "10 minutes"), ("three days of backlog", "3 days")):
        sql.execute("TRUNCATE events_inboxevent")
        fill(
            namespace_id=namespace_id,
            first=first,
            events=EVENTS,
            users=EVENTS // 7,
            spread=spread,
        )
        sql.execute(KEEP)
        yield from against_moves(namespace_id, what)
        sql.execute("DROP TABLE kept")
    yield from with_goals(namespace_id, first)
    sql.execute("TRUNCATE events_event")


def against_moves(namespace_id: int, what: str) -> Iterator[Finding]:
    """Takes the two in turn, twice, and the better of each."""
    now = datetime.now(UTC)
    bare, new, known = [], [], []
    for _ in range(2):
        forget()
        bare.append(refilled(lambda: move(namespace_id)))
        new.append(refilled(lambda: drain.drain_all(at=now)))
        known.append(refilled(lambda: drain.drain_all(at=now)))
    forget()
    for users, taken in (("new", min(new)), ("known", min(known))):
        yield Finding(
            f"drain, {what}, users mostly {users} / the same move without counting",
            ratio=min(bare) / taken,
            bar=0.60,
            at_least=True,
            details=f"{EVENTS / taken:,.0f} events/s counted in one process; "
            f"{EVENTS / min(bare):,.0f} events/s only moved",
        )


def with_goals(namespace_id: int, first: int) -> Iterator[Finding]:
    """Compares drains of 100 names, half of them goals, with drains where none is.

    Of new users nearly every second event reaches a goal, and on a path of its own.
    """
    sql.execute("TRUNCATE events_inboxevent")
    crowd = {"events": EVENTS, "users": EVENTS // 7, "names": NAMES}
    fill(namespace_id=namespace_id, first=first, spread="10 minutes", **crowd)
    sql.execute(KEEP)
    none = drains()
    half = dict.fromkeys(range(first, first + NAMES, 2), 0)
    path_store.add_goals(half, namespace_id=namespace_id, at=datetime.now(UTC))
    all_goals = drains()
    sql.execute("TRUNCATE goals_goal CASCADE")
    sql.execute("DROP TABLE kept")
    for users, bare, taken in zip(("new", "known"), none, all_goals, strict=True):
        yield Finding(
            f"drain, {GOALS} goals, users mostly {users} / the same without a goal",
            ratio=bare / taken,
            bar=0.50,
            at_least=True,
            details=f"{EVENTS / taken:,.0f} events/s with paths kept, "
            f"{EVENTS / bare:,.0f} events/s without",
        )


def drains() -> tuple[float, float]:
    """Returns the better of two drains each, of new users and of the same again."""
    now, new, known = datetime.now(UTC), [], []
    for _ in range(2):
        forget()
        new.append(refilled(lambda: drain.drain_all(at=now)))
        known.append(refilled(lambda: drain.drain_all(at=now)))
    forget()
    return min(new), min(known)
