"""How far the numbers are behind the events, and whether the wake-up calls arrive."""

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from kombu import Connection
from kombu.exceptions import OperationalError

from events import failures
from events import queries as event_queries

TOLERATED_SECONDS = 900

State = Mapping[str, bool | float]


def state(*, now: datetime) -> State:
    """Returns `redis` (it answers), in seconds how long the oldest event waits: in the
    inbox for a drain, in history for an aggregation (0: nothing waits), and `failing`:
    how many pieces of periodic work failed at their last attempt.

    Raises the database's OperationalError.
    """
    return {
        "redis": broker_answers(),
        "inbox_lag_seconds": seconds(since=event_queries.oldest_waiting(), now=now),
        "aggregation_lag_seconds": seconds(
            since=event_queries.oldest_pending(), now=now
        ),
        "failing": failures.number(),
    }


def ready(state: State) -> bool:
    """Says whether the state is one in which the numbers can be trusted to be fresh."""
    lags = state["inbox_lag_seconds"], state["aggregation_lag_seconds"]
    return bool(state["redis"]) and max(lags) <= TOLERATED_SECONDS


def seconds(*, since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0


def broker_answers() -> bool:
    """Tries once, for at most a second."""
    options = {"socket_timeout": 1, "socket_connect_timeout": 1}
    with Connection(settings.SECRET_REDIS_URL, transport_options=options) as connection:
        try:
            connection.ensure_connection(max_retries=0)
        except OperationalError:
            return False
    return True
