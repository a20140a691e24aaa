"""Drain: what waits in the inbox is counted, marked and moved into history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from operator import attrgetter

import numpy as np
from django.db import transaction

from db import sql
from events import failures, keys, names
from events import queries as event_queries
from events import services as event_services
from events.arrivals import Arrivals, days
from events.failures import Attempts
from events.keys import Shard
from events.names import Entry
from events.services import FirstTime
from goals.counters import filter_store, marks
from goals.counters.bloom import Filters, cross
from goals.counters.filter_pages import Bools
from goals.counters.hashing import Ints
from goals.counters.marks import GLOBAL, Pairs
from goals.paths import combinations, path_store
from goals.paths.combinations import NEVER, Combinations

BATCH = 50_000  # events of one transaction: bounds its memory and its time
RUN = 32 * BATCH  # then the worker's other tasks get their turn; the next tick goes on


def drain_all(*, at: datetime) -> int:
    """Drains the shards that have events waiting; returns how many were counted.

    Any number of workers may do this at once: each skips the shards that others hold.
    Of a backlog, one run takes about RUN events, a BATCH of each shard in turn. A shard
    that fails is noted for its namespace, and stops no other.
    """
    total = 0
    with failures.attempts("drain", at=at) as attempts:
        waiting = attempts.failing_last(
            event_queries.pending_shards(), subject=attrgetter("namespace_id")
        )
        while waiting and total < RUN:
            drained = {shard: drain_next(attempts, shard) for shard in waiting}
            total += sum(drained.values())
            waiting = [shard for shard, count in drained.items() if count == BATCH]
    return total


def drain_next(attempts: Attempts, shard: Shard) -> int:
    """Drains the next BATCH of a shard; returns how many, 0 where that failed."""
    work = partial(drain, shard, at=attempts.at)
    return attempts.attempt(shard.namespace_id, work) or 0


def pause(*, namespace_id: int) -> None:
    """Keeps the inbox of a namespace as it is until this transaction ends.

    Waits for the drains that are under way.
    """
    for number in range(keys.SHARDS):
        sql.lock("drain", key=lock_key(Shard(namespace_id, number)))


def lock_key(shard: Shard) -> int:
    return shard.namespace_id * keys.SHARDS + shard.number


@transaction.atomic
def drain(shard: Shard, *, at: datetime) -> int:
    """Counts up to BATCH events of a shard and moves them into history, or none.

    Returns how many; 0 also means that another worker has the shard.
    """
    if not sql.try_lock("drain", key=lock_key(shard)):
        return 0
    arrivals = event_queries.waiting(shard, limit=BATCH)
    if len(arrivals):
        Drain(shard, arrivals, at).run()
    return len(arrivals)


@dataclass(slots=True)
class Drain:
    """One batch of a shard on its way: `run` does its steps in the caller's
    transaction.
    """

    shard: Shard
    arrivals: Arrivals
    at: datetime

    def run(self) -> None:
        """Ask which names are goals, count the users, mark and move their events,
        remember the users, and keep the paths by which they reached goals.
        """
        name_ids = np.unique(self.arrivals["event_name_id"]).tolist()
        goals = self.goals(name_ids)
        known = names.entries(namespace_id=self.namespace_id) if goals else []
        filters, pairs = self.filters([*name_ids, *(entry.id for entry in known)])
        new = self.count(filters, pairs)
        first_times = self.move(marks.marks(pairs, new, len(self.arrivals)))
        self.remember(filters, first_times)
        if goals:
            numbers = numbers_of(filters.counters, known)
            self.record_paths(filters, pairs, new, goals=goals, numbers=numbers)

    @property
    def namespace_id(self) -> int:
        return self.shard.namespace_id

    def goals(self, wanted: Sequence[int]) -> dict[int, int]:
        """Returns, of these event names, the goals, each with the number of the first
        arrival that counts for it. Makes goals of what an event waiting anywhere asks
        for.
        """
        # First what waits: if it is drained meanwhile, the goal it made is read after.
        asked = event_queries.asked_goals(namespace_id=self.namespace_id, names=wanted)
        known = path_store.goals(wanted)
        sooner = {name: n for name, n in asked.items() if n < known.get(name, NEVER)}
        if sooner:
            path_store.add_goals(sooner, namespace_id=self.namespace_id, at=self.at)
        return known | sooner

    def filters(self, name_ids: Sequence[int]) -> tuple[Filters, Pairs]:
        """Returns the filters of event names, all of the batch's among them, and the
        pairs of user and counter that they are asked for.
        """
        counters = np.unique([GLOBAL, *name_ids])
        filters = filter_store.filters(self.shard, counters=counters)
        return filters, marks.pairs(self.arrivals, counters=counters)

    def count(self, filters: Filters, pairs: Pairs) -> Bools:
        """Adds the users to the filters; returns which pairs were new, `[p]`."""
        filter_store.load(filters, users=pairs.users, rows=pairs.rows, shard=self.shard)
        return filters.add(users=pairs.users, rows=pairs.rows)

    def move(self, firsts: marks.Marks) -> list[FirstTime]:
        """Moves the batch with its marks into history; returns who was first seen."""
        event_services.ensure_days(days(self.arrivals))
        return event_services.move_to_history(
            ids=self.arrivals["id"].tolist(),
            first_of_name=firsts.of_name.astype(int).tolist(),
            first_of_user=firsts.of_user.astype(int).tolist(),
            at=self.at,
            **self.shard.parameters,
        )

    def remember(self, filters: Filters, first_times: Sequence[FirstTime]) -> None:
        """Writes the filters and counters, and when their users were first seen."""
        filter_store.save(filters, value_sums=value_sums(first_times), shard=self.shard)
        path_store.add_first_seen(first_times, shard=self.shard)

    def record_paths(
        self,
        filters: Filters,
        pairs: Pairs,
        new: Bools,
        *,
        goals: dict[int, int],
        numbers: Ints,
    ) -> None:
        """Adds the new completions of goals to the paths that led to them."""
        since = np.array([goals.get(n, NEVER) for n in filters.counters.tolist()])
        reached = combinations.completions(
            pairs, new, ids=self.arrivals["id"], since=since
        )
        path_store.add_paths(
            self.paths(filters, pairs, new, reached=reached),
            counters=filters.counters,
            numbers=numbers,
            shard=self.shard,
        )

    def paths(
        self, filters: Filters, pairs: Pairs, new: Bools, *, reached: Pairs
    ) -> list[Combinations]:
        """Returns the paths of completions, as many at once as memory allows.

        The filters know the batch already, which `combinations.steps` sets right.
        """
        rows = np.arange(len(filters.counters))
        result = []
        for piece in combinations.pieces(reached, counters=len(rows)):
            users = combinations.known_users(piece, pairs, new)
            asked, asked_rows = cross(users=users, rows=rows)
            filter_store.load(filters, users=asked, rows=asked_rows, shard=self.shard)
            known = filters.contains(users=asked, rows=asked_rows)
            by_user = known.reshape(len(rows), len(users)).T
            steps = combinations.steps(piece, pairs, new, users=users, known=by_user)
            result.append(combinations.combinations(piece.rows, steps))
        return result


def numbers_of(counters: Ints, entries: Sequence[Entry]) -> Ints:
    """Returns the numbers by which paths know the event names of counters."""
    number_of = {entry.id: entry.number for entry in entries} | {GLOBAL: 0}
    return np.array([number_of[counter] for counter in counters.tolist()])


def value_sums(first_times: Sequence[FirstTime]) -> dict[int, Decimal]:
    """Returns the values of first occurrences, per counter that has any."""
    sums: dict[int, Decimal] = {}
    for first in first_times:
        if first.value_sum is not None:
            total = sums.get(first.event_name_id, Decimal(0))
            sums[first.event_name_id] = total + first.value_sum
    return sums
