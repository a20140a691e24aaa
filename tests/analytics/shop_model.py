"""The shop's numbers, slowly: every kind of metric written as its definition reads.

`past` is a plain list of events in any order. A function named for a kind returns the
events that count; `expected` sums them in buckets.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType

from analytics.models import Kind, Metric
from events.arrivals import Arrival

PAUSE = timedelta(minutes=30)  # a longer one ends a visit
DAY = timedelta(days=1)
TWO_DAYS = 2 * DAY
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Prices = Mapping[str, Decimal]
Amounts = list[tuple[datetime, Decimal]]
Sums = dict[datetime, Decimal]


def in_order(past: Iterable[Arrival]) -> list[Arrival]:
    """Earlier before later; at the same moment, those without session id last."""
    return sorted(
        past,
        key=lambda one: (one.occurred_at, one.session_id is None, one.session_id or ""),
    )


def within(before: Sequence[Arrival], one: Arrival) -> list[Arrival]:
    """Returns what of `before` is at most a day older than the event."""
    return [other for other in before if one.occurred_at - other.occurred_at <= DAY]


def named(past: Iterable[Arrival], name: str) -> list[Arrival]:
    return [one for one in past if one.event_name == name]


def first_lines(lines: Iterable[Arrival]) -> list[Arrival]:
    """Returns the lines that no other of their order precedes by a day or less."""
    lines = in_order(lines)
    return [
        line
        for place, line in enumerate(lines)
        if line.order_id is None
        or line.order_id not in {one.order_id for one in within(lines[:place], line)}
    ]


def orders(past: Sequence[Arrival], name: str) -> list[Arrival]:
    return first_lines(named(past, name))


def visits(past: Sequence[Arrival]) -> list[list[Arrival]]:
    """Returns the events of every user, cut wherever the user paused."""
    found: list[list[Arrival]] = []
    for user in sorted({one.user_key for one in past}):
        mine = in_order(one for one in past if one.user_key == user)
        for place, one in enumerate(mine):
            if place == 0 or one.occurred_at - mine[place - 1].occurred_at > PAUSE:
                found.append([])
            found[-1].append(one)
    return found


def sessions(past: Sequence[Arrival]) -> list[Arrival]:
    """Returns the first event of every visit, and of every session id new to it."""
    return [
        one
        for visit in visits(past)
        for place, one in enumerate(visit)
        if place == 0 or (one.session_id and is_new(one, visit[:place]))
    ]


def is_new(one: Arrival, before: Sequence[Arrival]) -> bool:
    return one.session_id not in {other.session_id for other in within(before, one)}


def session_id(one: Arrival, before: Sequence[Arrival]) -> str | None:
    """Returns its own, else the latest in the visit and the day before, else None."""
    known = [other.session_id for other in within(before, one) if other.session_id]
    return one.session_id or (known[-1] if known else None)


def sessions_with(past: Sequence[Arrival], name: str) -> list[Arrival]:
    """Returns the events of a name that none precedes in their session and the day."""
    found = []
    for visit in visits(past):
        ids = [session_id(one, visit[:place]) for place, one in enumerate(visit)]
        mine = [place for place, one in enumerate(visit) if one.event_name == name]
        for place in mine:
            before = [other for other in mine if other < place]
            if not any(
                ids[other] == ids[place]
                and visit[place].occurred_at - visit[other].occurred_at <= DAY
                for other in before
            ):
                found.append(visit[place])
    return found


def attributed(past: Sequence[Arrival], name: str, after: str) -> list[Arrival]:
    """Returns the events whose user had `after` on the same item in the two days."""
    return [
        one
        for one in named(past, name)
        if one.item_id is not None
        and any(
            timedelta(0) <= one.occurred_at - cause.occurred_at <= TWO_DAYS
            for cause in named(past, after)
            if (cause.user_key, cause.item_id) == (one.user_key, one.item_id)
        )
    ]


def attributed_orders(past: Sequence[Arrival], name: str, after: str) -> list[Arrival]:
    return first_lines(attributed(past, name, after))


def amount(one: Arrival, prices: Prices) -> Decimal:
    """Returns its value, or the price of its item where it has none, or zero."""
    if one.value is not None:
        return one.value
    return prices.get(one.item_id or "", Decimal(0))


def values(metric: Metric, past: Sequence[Arrival], prices: Prices) -> Amounts:
    """Returns what a metric adds up: when, and how much."""
    name, after = metric.event_name, metric.after
    counting: dict[str, Callable[[], list[Arrival]]] = {
        Kind.COUNT: lambda: named(past, name),
        Kind.SUM: lambda: named(past, name),
        Kind.ORDERS: lambda: orders(past, name),
        Kind.SESSIONS: lambda: sessions(past),
        Kind.SESSIONS_WITH: lambda: sessions_with(past, name),
        Kind.ATTRIBUTED_SUM: lambda: attributed(past, name, after),
        Kind.ATTRIBUTED_ORDERS: lambda: attributed_orders(past, name, after),
    }
    is_sum = metric.kind in (Kind.SUM, Kind.ATTRIBUTED_SUM)
    return [
        (one.occurred_at, amount(one, prices) if is_sum else Decimal(1))
        for one in counting[metric.kind]()
    ]


def buckets(amounts: Amounts, resolution: int = 300) -> Sums:
    """Returns the start of a bucket → its sum; what sums to zero is not stored."""
    sums: Sums = {}
    for at, value in amounts:
        start_at = at - (at - EPOCH) % timedelta(seconds=resolution)
        sums[start_at] = sums.get(start_at, Decimal(0)) + value
    return {start_at: value for start_at, value in sums.items() if value}


def expected(
    metric: Metric,
    past: Sequence[Arrival],
    *,
    prices: Prices = MappingProxyType({}),
    resolution: int = 300,
) -> Sums:
    """Returns the buckets that a metric must have after this past."""
    return buckets(values(metric, past, prices), resolution)
