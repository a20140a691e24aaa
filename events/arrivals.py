"""The rows of a drain as one numpy table, straight from PostgreSQL's binary COPY.

Format: "Binary Format" in PostgreSQL's documentation of COPY. All columns are NOT NULL
and of fixed width, so every row has the same bytes and the table needs no parsing.
"""

from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

COLUMNS = ["id", "user_key", "occurred_at", "event_name_id", "ensure_goal"]
WIRE = np.dtype(
    [
        ("fields", ">i2"),
        ("id_bytes", ">i4"),
        ("id", ">i8"),
        ("user_key_bytes", ">i4"),
        ("user_key", ">i8"),
        ("occurred_at_bytes", ">i4"),
        ("occurred_at", ">i8"),
        ("event_name_id_bytes", ">i4"),
        ("event_name_id", ">i4"),
        ("ensure_goal_bytes", ">i4"),
        ("ensure_goal", "?"),
    ]
)
HEADER_BYTES, TRAILER_BYTES = 19, 2
POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
DAY_MICROSECONDS = 86_400_000_000

Arrivals = NDArray[np.void]


def decode(copied: bytes) -> Arrivals:
    """Returns a structured array with COLUMNS, one row an event, in order of arrival.

    `occurred_at` is in microseconds since 2000-01-01 UTC.
    """
    rows = np.frombuffer(copied[HEADER_BYTES:-TRAILER_BYTES], dtype=WIRE)
    return rows[COLUMNS]


def days(arrivals: Arrivals) -> list[date]:
    """Returns the UTC days on which the events occurred, sorted."""
    found = np.unique(arrivals["occurred_at"] // DAY_MICROSECONDS)
    return [POSTGRES_EPOCH.date() + timedelta(days=int(day)) for day in found]
