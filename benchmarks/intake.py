"""Events in over HTTP: batches against a bare COPY, single events against a GET."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import orjson
from django.db import connection, transaction

from benchmarks import http
from benchmarks.report import Finding, median_seconds, milliseconds, seconds
from embedded.shop import Event, Shop
from events.services import INBOX_TYPES

EVENTS, BATCH, CONNECTIONS, WORKERS = 100_000, 500, 4, 2
COLUMNS = ", ".join(INBOX_TYPES)


def shop_events(number: int) -> list[Event]:
    """Returns that many events of the simulated shop, all within the window."""
    end = datetime.now(UTC) - timedelta(minutes=5)
    events = Shop(seed=1, rate=number / 86_400).events(end - timedelta(days=4), end)
    return list(itertools.islice(events, number))


def batches(port: int, token: str) -> Iterator[Finding]:
    """Compares the rate of batches over HTTP with a bare COPY of the rows they made."""
    events = [without_id(event) for event in shop_events(EVENTS)]
    bodies = [
        orjson.dumps({"events": events[start : start + BATCH]})
        for start in range(0, len(events), BATCH)
    ]
    requests: list[http.Request] = [("POST", "/v0/analytics", body) for body in bodies]
    taken = seconds(
        lambda: http.send(requests, port=port, token=token, connections=CONNECTIONS)
    )
    rows = copied_out()
    bare = median_seconds(lambda: copy_in(rows), rounds=3)
    yield Finding(
        "intake of batches of 500 / bare COPY of the same rows",
        ratio=bare / taken,
        bar=0.40,
        at_least=True,
        details=f"{EVENTS / taken:,.0f} events/s over HTTP with {WORKERS} web workers "
        f"and {CONNECTIONS} connections; {EVENTS / bare:,.0f} rows/s bare",
    )


def without_id(event: Event) -> Event:
    """An `event_id` is one more row in another table, which a bare COPY has not."""
    return {name: value for name, value in event.items() if name != "event_id"}


def copied_out() -> list[list[bytes]]:
    """Takes the inbox as COPY lines, in the batches in which they came."""
    statement = f"COPY (SELECT {COLUMNS} FROM events_inboxevent) TO STDOUT"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        lines = [bytes(line) for line in copy]
    return [lines[start : start + BATCH] for start in range(0, len(lines), BATCH)]


def copy_in(rows: list[list[bytes]]) -> None:
    """Copies the same rows into the same table, a transaction a batch."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE events_inboxevent")
        for lines in rows:
            statement = f"COPY events_inboxevent ({COLUMNS}) FROM STDIN"
            with transaction.atomic(), cursor.copy(statement) as copy:
                copy.write(b"".join(lines))


def singles(port: int, token: str) -> Iterator[Finding]:
    """Compares one event a request with a GET that reads one row, 16 connections."""
    event = {"event_name": "product_view", "user_id": "", "item_id": "item-1"}
    posts: list[http.Request] = [
        ("POST", "/v0/analytics", orjson.dumps({**event, "user_id": f"u{number}"}))
        for number in range(4_000)
    ]
    gets: list[http.Request] = [
        ("GET", "/analytics/kpis/configs/?kpis=new_users", None)
    ]
    http.send(gets * 500, port=port, token=token, connections=16)
    read = http.send(gets * 4_000, port=port, token=token, connections=16)
    written = http.send(posts, port=port, token=token, connections=16)
    yield Finding(
        "single-event POST p50 / authenticated GET p50",
        ratio=sorted(written)[2_000] / sorted(read)[2_000],
        bar=2.5,
        at_least=False,
        details=f"POST {milliseconds(written)}; GET {milliseconds(read)}",
    )


def run(port: int, token: str) -> Iterator[Finding]:
    yield from batches(port, token)
    yield from singles(port, token)
