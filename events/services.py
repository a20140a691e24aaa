"""Writes: events into the inbox, out of it into history, and away when they are old."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from db import sql
from events import history, names, seen
from events.arrivals import Arrival, microseconds
from events.body import PAST
from events.models import Batch, PriceChange

INBOX_TYPES = {
    "namespace_id": "int8",
    "shard": "int2",
    "user_key": "int8",
    "event_name_id": "int4",
    "occurred_at": "int8",  # microseconds: psycopg takes longer for datetimes
    "received_at": "int8",
    "value": "numeric",
    "item_id": "text",
    "order_id": "text",
    "session_id": "text",
    "ensure_goal": "bool",
}
COPY = f"COPY events_inboxevent ({', '.join(INBOX_TYPES)}) FROM STDIN (FORMAT BINARY)"


@transaction.atomic(savepoint=False)
def record(
    *,
    arrivals: Sequence[Arrival],
    received_at: datetime,
    remember: seen.Remember = seen.remember,
) -> int:
    """Puts events into the inbox, all or none, and returns how many were new.

    An event whose hash was seen in the last 7 days is a repeat and is left out, as
    `remember` tells. Raises NameLimitError. When this returns, the events are committed
    (unless the caller holds a transaction of its own).
    """
    fresh = seen.fresh(arrivals, at=received_at, remember=remember)
    name_ids = names.ensure({(one.namespace_id, one.event_name) for one in fresh})
    received = microseconds(received_at)
    with sql.copying(COPY) as copy:
        copy.set_types(list(INBOX_TYPES.values()))
        for one in fresh:
            name_id = name_ids[one.namespace_id, one.event_name]
            copy.write_row(inbox_row(one, name_id=name_id, received=received))
    return len(fresh)


def inbox_row(one: Arrival, *, name_id: int, received: int) -> tuple[object, ...]:
    return (
        one.namespace_id,
        one.shard,
        one.user_key,
        name_id,
        microseconds(one.occurred_at),
        received,
        one.value,
        one.item_id,
        one.order_id,
        one.session_id,
        one.ensure_goal,
    )


@dataclass(frozen=True, slots=True)
class FirstTime:
    """Users first seen with a name (name id 0: at all) in five minutes.

    `start` is in whole seconds since 1970, which travel faster than datetimes.
    """

    event_name_id: int
    start: int
    users: int
    value_sum: Decimal | None


MOVE = """
WITH mark AS (
    SELECT id, of_name = 1 AS first_of_name, of_user = 1 AS first_of_user
    FROM unnest(%(ids)s::bigint[], %(of_name)s::int[], %(of_user)s::int[])
        AS mark (id, of_name, of_user)
), taken AS (
    DELETE FROM events_inboxevent AS inbox USING mark
    WHERE inbox.namespace_id = %(namespace_id)s AND inbox.shard = %(shard)s
        AND inbox.id = mark.id
    RETURNING inbox.*, mark.first_of_name, mark.first_of_user,
        date_bin('5 minutes', inbox.occurred_at, 'epoch') AS start_at
), batch AS (
    INSERT INTO events_batch
        (namespace_id, shard, events, touched, received_at, drained_at)
    SELECT %(namespace_id)s, %(shard)s, count(*), array_agg(DISTINCT start_at),
        min(received_at), %(at)s
    FROM taken RETURNING id
), kept AS (
    INSERT INTO events_event (
        id, user_key, occurred_at, batch_id, namespace_id, event_name_id,
        first_of_name, first_of_user, value, item_id, order_id, session_id
    )
    SELECT taken.id, user_key, occurred_at, batch.id, namespace_id, event_name_id,
        first_of_name, first_of_user, value, item_id, order_id, session_id
    FROM taken, batch
)
SELECT event_name_id, extract(epoch FROM start_at)::bigint, count(*), sum(value)
FROM taken WHERE first_of_name GROUP BY 1, 2
UNION ALL
SELECT 0, extract(epoch FROM start_at)::bigint, count(*), sum(value)
FROM taken WHERE first_of_user GROUP BY 2
"""


def move_to_history(
    *,
    namespace_id: int,
    shard: int,
    ids: Sequence[int],
    first_of_name: Sequence[int],
    first_of_user: Sequence[int],
    at: datetime,
) -> list[FirstTime]:
    """Moves inbox events with their marks into history as one batch.

    `ids` and the marks, 0 or 1, run in parallel. The days of the events must exist.
    """
    rows = sql.fetch(
        MOVE,
        namespace_id=namespace_id,
        shard=shard,
        ids=sql.array(ids),
        of_name=sql.array(first_of_name),
        of_user=sql.array(first_of_user),
        at=at,
    )
    return [FirstTime(*row) for row in rows]


def ensure_days(days: Iterable[date]) -> None:
    """Makes the partitions of history that these days need."""
    history.ensure(days)


# Items in one order, so that two of these never wait for each other.
PRICES = """
WITH changed AS (
    INSERT INTO events_itemprice AS known (namespace_id, item_id, price, updated_at)
    SELECT %(namespace_id)s, item_id, price, %(at)s
    FROM unnest(%(items)s::text[], %(prices)s::numeric[]) AS latest (item_id, price)
    ORDER BY item_id
    ON CONFLICT (namespace_id, item_id) DO UPDATE
    SET price = EXCLUDED.price, updated_at = EXCLUDED.updated_at
    WHERE known.price <> EXCLUDED.price
    RETURNING item_id
)
INSERT INTO events_pricechange (namespace_id, item_id, changed_at)
SELECT %(namespace_id)s, item_id, %(at)s FROM changed
"""


def put_prices(
    *, namespace_id: int, prices: Mapping[str, Decimal], at: datetime
) -> None:
    """Sets the latest prices of items, all or none.

    Only a price that changed makes an aggregation look at the item's events again; one
    that is under way is not waited for, and the next one looks.
    """
    sql.execute(
        PRICES,
        namespace_id=namespace_id,
        items=list(prices.keys()),
        prices=list(prices.values()),
        at=at,
    )


@dataclass(frozen=True, slots=True)
class PendingWork:
    """What an aggregation has to cover: spans are disjoint, sorted, half-open.

    `batches` are the ids of batches.
    """

    batches: list[int]
    events: int
    spans: list[tuple[datetime, datetime]]


TAKE_PENDING = """
WITH batch AS (
    UPDATE events_batch SET aggregated_at = %(at)s, aggregated_by = %(run_id)s
    WHERE namespace_id = %(namespace_id)s AND aggregated_at IS NULL
    RETURNING id, events, touched
), price AS (
    UPDATE events_pricechange SET aggregated_at = %(at)s
    WHERE namespace_id = %(namespace_id)s AND aggregated_at IS NULL
    RETURNING item_id
), touched AS (
    SELECT unnest(touched) AS start_at FROM batch
    UNION
    -- No join: a planner that cannot know how many prices changed may read history
    -- once for each of them.
    SELECT date_bin('5 minutes', occurred_at, 'epoch')
    FROM events_event
    WHERE EXISTS (SELECT FROM price) AND namespace_id = %(namespace_id)s
        AND occurred_at >= %(sealed_at)s
        AND value IS NULL AND event_name_id = ANY(%(priced)s)
        AND item_id = ANY(ARRAY(SELECT item_id FROM price))
), span AS (
    SELECT unnest(range_agg(tstzrange(start_at, start_at + '5 minutes'))) AS span
    FROM touched
)
SELECT (SELECT array_agg(id) FROM batch), (SELECT coalesce(sum(events), 0) FROM batch),
    (SELECT array_agg(lower(span) ORDER BY span) FROM span),
    (SELECT array_agg(upper(span) ORDER BY span) FROM span)
"""


def take_pending(
    *, namespace_id: int, priced: Sequence[int], run_id: int, at: datetime
) -> PendingWork:
    """Marks batches and new prices as aggregated by a run; returns what they touch.

    Part of the transaction that recomputes the buckets: both happen or neither.
    `priced` are the event names whose missing values are taken from item prices; a
    price that changes leaves what is older than PAST as it is.
    """
    [(batches, events, starts, ends)] = sql.fetch(
        TAKE_PENDING,
        namespace_id=namespace_id,
        priced=list(priced),
        sealed_at=at - PAST,
        run_id=run_id,
        at=at,
    )
    return PendingWork(
        batches or [], int(events), list(zip(starts or (), ends or (), strict=True))
    )


FORGET_SEEN = """
DELETE FROM events_seenevent WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM events_seenevent WHERE seen_at < %(before)s LIMIT %(limit)s
))
"""
PIECE = 50_000  # rows of one transaction


def forget(*, before: datetime) -> None:
    """Deletes what was seen and aggregated before, piece by piece."""
    while sql.execute(FORGET_SEEN, before=before, limit=PIECE) == PIECE:
        pass
    Batch.objects.filter(aggregated_at__lt=before).delete()
    PriceChange.objects.filter(aggregated_at__lt=before).delete()
