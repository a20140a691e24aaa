"""The pipeline by hand, for one namespace: what waits is drained, then aggregated.

Workers may do the same meanwhile: every stage takes its lock.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

from events import queries as event_queries
from events.keys import SHARDS, Shard
from pipeline import aggregate, drain

# Events recorded between two passes of drains: twice as many may wait in the inbox.
PASS = 200_000
AGGREGATED = 2 * PASS  # between two aggregations: each looks back on the one before
DRAINS = min(os.cpu_count() or 1, 4)
PATIENCE = 0.05  # seconds, where another process is at work

Clock = Callable[[], datetime]


@dataclass(slots=True)
class Background:
    """Drains a namespace while it is filled, one pass over its shards at a time.

    What comes `ordered` by time is aggregated beside; else each time would compute the
    same buckets again.
    """

    namespace_id: int
    ordered: bool
    clock: Clock
    pool: ThreadPoolExecutor
    waiting: int = 0
    drained: int = 0
    drains: list[Future[int]] = field(default_factory=list)
    aggregation: list[Future[int]] = field(default_factory=list)

    def recorded(self, events: int) -> None:
        """Takes note of events in the inbox: with enough of them, a pass is started.

        Waits for the pass before, so that the inbox stays small.
        """
        self.waiting += events
        if self.waiting >= PASS:
            self.drained += finished(self.drains)
            self.waiting = 0
            self.drains = start(self.pool, self.namespace_id, at=self.clock())
            if self.ordered and self.drained >= AGGREGATED:
                self.aggregate()

    def aggregate(self) -> None:
        """Starts an aggregation, unless one is under way."""
        if all(aggregation.done() for aggregation in self.aggregation):
            finished(self.aggregation)
            self.drained = 0
            aggregation = self.pool.submit(
                aggregate_namespace, self.namespace_id, self.clock()
            )
            self.aggregation = [aggregation]


@contextmanager
def background(
    namespace_id: int, *, ordered: bool, clock: Clock
) -> Iterator[Background]:
    """Yields what drains a namespace, and waits until it has ended."""
    with ThreadPoolExecutor(DRAINS + 1) as pool:
        work = Background(namespace_id, ordered, clock, pool)
        try:
            yield work
            finished([*work.drains, *work.aggregation])
        finally:
            pool.shutdown(cancel_futures=True)


def start(
    pool: ThreadPoolExecutor, namespace_id: int, at: datetime
) -> list[Future[int]]:
    return [
        pool.submit(drain_shard, Shard(namespace_id, number), at)
        for number in range(SHARDS)
    ]


def finished(running: Sequence[Future[int]]) -> int:
    return sum(drained.result() for drained in running)


def aggregate_namespace(namespace_id: int, at: datetime) -> int:
    """Aggregates what is drained, in a thread; returns how many events."""
    try:
        run = aggregate.aggregate(namespace_id=namespace_id, at=at)
    finally:
        connection.close()
    return run.events if run else 0


def drain_shard(shard: Shard, at: datetime) -> int:
    """Drains what waits in a shard, in a thread; returns how many events."""
    total, drained = 0, drain.BATCH
    try:
        while drained == drain.BATCH:
            drained = drain.drain(shard, at=at)
            total += drained
    finally:
        connection.close()
    return total


def catch_up(namespace_id: int, *, clock: Clock) -> None:
    """Returns when all that was received before is in buckets."""
    until = clock()
    with ThreadPoolExecutor(DRAINS) as pool:
        while is_pending(namespace_id, until):
            drained = finished(start(pool, namespace_id, at=clock()))
            if not aggregate.aggregate(namespace_id=namespace_id, at=clock()):
                time.sleep(0 if drained else PATIENCE)


def is_pending(namespace_id: int, until: datetime) -> bool:
    since = event_queries.pending_from(namespace_id=namespace_id)
    return since is not None and since <= until
