"""The hashes of event ids: an event whose hash was seen in 7 days is a repeat.

Hashes are stored in sorted order, so that two requests never wait for each other.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

import numpy as np
from django.db import IntegrityError, transaction
from numpy.typing import NDArray

from db import sql
from db.statements import complete
from events.arrivals import Arrival, microseconds

Key = tuple[int, str]  # a namespace's id and the hash of an event id
Remember = Callable[[Collection[Key], datetime], Collection[Key]]

REMEMBER = """
INSERT INTO events_seenevent AS seen (namespace_id, event_hash, seen_at)
SELECT namespace_id, event_hash, %(at)s
FROM unnest(%(namespaces)s::bigint[], %(hashes)s::uuid[])
    AS sent (namespace_id, event_hash)
ORDER BY 1, 2
ON CONFLICT $otherwise
RETURNING namespace_id, translate(event_hash::text, '-', '')
"""
LEAVE = "DO NOTHING"
RENEW = """(namespace_id, event_hash) DO UPDATE SET seen_at = EXCLUDED.seen_at
WHERE seen.seen_at < %(since)s"""
COPY = """
COPY events_seenevent (namespace_id, event_hash, seen_at) FROM STDIN (FORMAT BINARY)
"""
# https://www.postgresql.org/docs/current/sql-copy.html: each value follows its size.
BEGIN, END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
ROW = np.dtype(
    [
        ("columns", ">i2"),
        *[("size_1", ">i4"), ("namespace_id", ">i8")],
        *[("size_2", ">i4"), ("event_hash", "V16")],
        *[("size_3", ">i4"), ("seen_at", ">i8")],
    ]
)


def fresh(
    arrivals: Sequence[Arrival], *, at: datetime, remember: Remember
) -> list[Arrival]:
    """Returns the events that are no repeats, and remembers them as seen.

    `remember` remembers distinct keys and returns those that were not seen.
    """
    first: dict[Key, Arrival] = {}
    for arrival in arrivals:
        if arrival.event_hash:
            first.setdefault((arrival.namespace_id, arrival.event_hash), arrival)
    if not first:
        return list(arrivals)
    remembered = remember(first.keys(), at)
    if len(remembered) == len(arrivals):
        return list(arrivals)
    new = {id(first[key]) for key in remembered}
    return [
        arrival for arrival in arrivals if not arrival.event_hash or id(arrival) in new
    ]


def remember(
    keys: Collection[Key], at: datetime, *, since: datetime | None = None
) -> list[Key]:
    """Remembers hashes; returns those that were not seen, or not `since` a time."""
    namespaces, hashes = zip(*keys, strict=True)
    return sql.fetch(
        complete(REMEMBER, otherwise=RENEW if since else LEAVE),
        namespaces=sql.array(namespaces),
        hashes=sql.array(hashes),
        since=since,
        at=at,
    )


def remember_many(
    keys: Collection[Key], at: datetime, *, since: datetime | None
) -> Collection[Key]:
    """The same where most likely none was seen: then it takes half as long."""
    try:
        with transaction.atomic(), sql.copying(COPY) as copy:
            copy.write(BEGIN + rows(keys, at).tobytes() + END)
    except IntegrityError:
        return remember(keys, at, since=since)
    return keys


def rows(keys: Collection[Key], at: datetime) -> NDArray[np.void]:
    """Returns the rows of a binary COPY, `[k]`, sorted."""
    namespaces, hashes = zip(*sorted(keys), strict=True)
    table = np.empty(len(keys), ROW)
    table["columns"], table["size_1"], table["size_2"], table["size_3"] = 3, 8, 16, 8
    table["namespace_id"] = namespaces
    table["event_hash"] = np.frombuffer(bytes.fromhex("".join(hashes)), "V16")
    table["seen_at"] = microseconds(at)
    return table
