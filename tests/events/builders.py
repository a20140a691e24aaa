"""Events for tests that speak to the services, without HTTP."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from events import keys, services
from events.arrivals import Arrival

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def arrival(
    namespace_id: int,
    name: str = "view",
    user: int = 1,
    *,
    at: datetime = NOON,
    value: object = None,
    **fields: object,
) -> Arrival:
    """Returns an event of a user whose key is `user`."""
    absent = dict.fromkeys(["item_id", "order_id", "session_id", "event_hash"])
    known = {
        "namespace_id": namespace_id,
        "shard": keys.shard_number(user),
        "user_key": user,
        "event_name": name,
        "occurred_at": at,
        "value": None if value is None else Decimal(str(value)),
        "ensure_goal": False,
    }
    return Arrival(**{**absent, **known, **fields})  # type: ignore[arg-type]  # a test's


def identified(one: Arrival, event_hash: str) -> Arrival:
    """Returns an event that counts once, however often it is sent."""
    return one._replace(event_hash=event_hash)


def record(arrivals: Iterable[Arrival], *, at: datetime = NOON) -> int:
    return services.record(arrivals=list(arrivals), received_at=at)
