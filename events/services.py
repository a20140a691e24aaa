"""Writes: events into the inbox, out of it into history, and away when they are old."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from db import sql
from db.statements import Blocks
from events import history, names, seen
from events.arrivals import Arrival, microseconds
from events.event_body import PAST
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
_SQL = Blocks(__file__)
MOVE = _SQL.fill("move_to_history")
TAKE_PENDING = _SQL.fill("take_pending")
PRICES = _SQL.fill("put_prices")
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
    name_ids = names.ensure(
        {(arrival.namespace_id, arrival.event_name) for arrival in fresh}
    )
    received = microseconds(received_at)
    with sql.copying(COPY) as copy:
        copy.set_types(list(INBOX_TYPES.values()))
        for arrival in fresh:
            name_id = name_ids[arrival.namespace_id, arrival.event_name]
            copy.write_row(inbox_row(arrival, name_id=name_id, received=received))
    return len(fresh)


def inbox_row(arrival: Arrival, *, name_id: int, received: int) -> tuple[object, ...]:
    return (
        arrival.namespace_id,
        arrival.shard,
        arrival.user_key,
        name_id,
        microseconds(arrival.occurred_at),
        received,
        arrival.value,
        arrival.item_id,
        arrival.order_id,
        arrival.session_id,
        arrival.ensure_goal,
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
