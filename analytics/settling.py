"""The pipeline by hand, for one namespace: what waits is drained, then aggregated.

Workers may do the same meanwhile: every stage takes its lock.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime

from django.db import connection

from analytics import services
from events import queries as inbox
from events.keys import SHARDS
from goals import services as goals

# Events recorded between two passes of drains: twice as many may wait in the inbox.
PASS = 200_000
DRAINS = min(os.cpu_count() or 1, 4)
PATIENCE = 0.05  # seconds, where another process is at work

Clock = Callable[[], datetime]


@contextmanager
def draining(namespace_id: int, *, clock: Clock) -> Iterator[Callable[[int], None]]:
    """Drains a namespace in the background, one pass over its shards at a time.

    Yields a function to tell of recorded events: it starts a pass when there are
    enough of them, and waits for the one before, so that the inbox stays small.
    """
    waiting, running = 0, list[Future[int]]()

    def recorded(events: int) -> None:
        nonlocal waiting, running
        waiting += events
        if waiting >= PASS:
            finished(running)
            waiting, running = 0, start(pool, namespace_id, at=clock())

    with ThreadPoolExecutor(DRAINS) as pool:
        try:
            yield recorded
            finished(running)
        finally:
            pool.shutdown(cancel_futures=True)


def start(
    pool: ThreadPoolExecutor, namespace_id: int, at: datetime
) -> list[Future[int]]:
    return [pool.submit(drain, namespace_id, shard, at) for shard in range(SHARDS)]


def finished(running: Sequence[Future[int]]) -> int:
    return sum(one.result() for one in running)


def drain(namespace_id: int, shard: int, at: datetime) -> int:
    """Drains what waits in a shard, in a thread; returns how many events."""
    total, drained = 0, goals.BATCH
    try:
        while drained == goals.BATCH:
            drained = goals.drain(namespace_id=namespace_id, shard=shard, at=at)
            total += drained
    finally:
        connection.close()
    return total


def settle(namespace_id: int, *, clock: Clock) -> None:
    """Returns when all that was received before is in buckets."""
    until = clock()
    with ThreadPoolExecutor(DRAINS) as pool:
        while is_pending(namespace_id, until):
            drained = finished(start(pool, namespace_id, at=clock()))
            if not services.aggregate(namespace_id=namespace_id, at=clock()):
                time.sleep(0 if drained else PATIENCE)


def is_pending(namespace_id: int, until: datetime) -> bool:
    since = inbox.pending_from(namespace_id=namespace_id)
    return since is not None and since <= until
