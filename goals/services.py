"""Writes: events leave the inbox, users are counted, and the paths to goals kept."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from operator import itemgetter

import numpy as np
from django.db import transaction

from db import sql
from events import failures, keys, names
from events import queries as inbox
from events import services as events
from events.arrivals import Arrivals, days
from events.failures import Attempts
from goals.counters import filter_store, marks
from goals.counters.bloom import Filters, cross
from goals.counters.filter_pages import Bools
from goals.counters.marks import GLOBAL, Pairs
from goals.models import Combination, Goal, SingleEvent
from goals.paths import combinations, path_store
from goals.paths.combinations import Combinations

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
        waiting = attempts.failing_last(inbox.pending_shards(), subject=itemgetter(0))
        while waiting and total < RUN:
            drained = {shard: drain_next(attempts, *shard) for shard in waiting}
            total += sum(drained.values())
            waiting = [shard for shard, events in drained.items() if events == BATCH]
    return total


def drain_next(attempts: Attempts, namespace_id: int, shard: int) -> int:
    """Drains the next BATCH of a shard; returns how many, 0 where that failed."""
    place = {"namespace_id": namespace_id, "shard": shard}
    work = partial(drain, at=attempts.at, **place)
    return attempts.attempt(namespace_id, work) or 0


def pause(*, namespace_id: int) -> None:
    """Keeps the inbox of a namespace as it is until this transaction ends.

    Waits for the drains that are under way.
    """
    for shard in range(keys.SHARDS):
        sql.lock("drain", key=namespace_id * keys.SHARDS + shard)


@transaction.atomic
def drain(*, namespace_id: int, shard: int, at: datetime) -> int:
    """Counts up to BATCH events of a shard and moves them into history, or none.

    Returns how many; 0 also means that another worker has the shard.
    """
    if not sql.locked("drain", key=namespace_id * keys.SHARDS + shard):
        return 0
    arrivals = inbox.waiting(namespace_id=namespace_id, shard=shard, limit=BATCH)
    if len(arrivals):
        events.ensure_days(days(arrivals))
        count(arrivals, namespace_id=namespace_id, shard=shard, at=at)
    return len(arrivals)


def count(arrivals: Arrivals, *, namespace_id: int, shard: int, at: datetime) -> None:
    """Adds the users to the counters, moves the events, and keeps the paths to goals.

    With a goal in the batch, the filters of all names are asked for its users' steps.
    """
    place = {"namespace_id": namespace_id, "shard": shard}
    here = np.unique(arrivals["event_name_id"]).tolist()
    since = goals_among(here, namespace_id=namespace_id, at=at)
    known = names.entries(namespace_id=namespace_id) if since else []
    counters = np.unique([GLOBAL, *here, *(one.id for one in known)])
    filters = filter_store.filters(counters=counters, **place)
    found = marks.pairs(arrivals, counters=counters)
    filter_store.load(filters, users=found.users, rows=found.rows, **place)
    new = filters.add(users=found.users, rows=found.rows)
    first_times = settled(arrivals, marks.marks(found, new, len(arrivals)), at, **place)
    filter_store.save(filters, value_sums=value_sums(first_times), **place)
    path_store.add_first_seen(first_times, **place)
    if since:
        goals = np.array(
            [since.get(one, combinations.NEVER) for one in counters.tolist()]
        )
        reached = combinations.completions(found, new, ids=arrivals["id"], since=goals)
        walked = walk(reached, found, new, filters=filters, **place)
        number_of = {one.id: one.number for one in known} | {GLOBAL: 0}
        numbers = np.array([number_of[one] for one in counters.tolist()])
        path_store.add_paths(walked, counters=counters, numbers=numbers, **place)


def walk(
    reached: Pairs, found: Pairs, new: Bools, *, filters: Filters, **place: int
) -> list[Combinations]:
    """Returns the paths of completions, as many at once as memory allows.

    The filters know the batch already, which `paths.steps` sets right.
    """
    every = np.arange(len(filters.counters))
    walked = []
    for part in combinations.parts(reached, counters=len(every)):
        users = combinations.known_users(part, found, new)
        asked, rows = cross(users=users, rows=every)
        filter_store.load(filters, users=asked, rows=rows, **place)
        known = filters.contains(users=asked, rows=rows).reshape(len(every), len(users))
        before = combinations.steps(part, found, new, users=users, known=known.T)
        walked.append(combinations.combinations(part.rows, before))
    return walked


def settled(
    arrivals: Arrivals, found: marks.Marks, at: datetime, **place: int
) -> list[events.FirstTime]:
    """Moves the batch into history, and returns the users first seen in it."""
    return events.settle(
        ids=arrivals["id"].tolist(),
        first_of_name=found.of_name.astype(int).tolist(),
        first_of_user=found.of_user.astype(int).tolist(),
        at=at,
        **place,
    )


def value_sums(first_times: Sequence[events.FirstTime]) -> dict[int, Decimal]:
    """Returns the values of first occurrences, per counter that has any."""
    sums: dict[int, Decimal] = {}
    for one in first_times:
        if one.value_sum is not None:
            sums[one.event_name_id] = sums.get(one.event_name_id, 0) + one.value_sum
    return sums


def goals_among(
    wanted: Sequence[int], *, namespace_id: int, at: datetime
) -> dict[int, int]:
    """Returns, of these event name ids, the goals, each with the number of the first
    arrival that counts for it. Makes goals of what an event waiting anywhere asks for.
    """
    # First what waits: if it is drained meanwhile, the goal it made is found after.
    asked = inbox.asked_goals(namespace_id=namespace_id, names=wanted)
    known = path_store.goals(wanted)
    sooner = {
        one: n for one, n in asked.items() if n < known.get(one, combinations.NEVER)
    }
    if sooner:
        path_store.add_goals(sooner, namespace_id=namespace_id, at=at)
    return known | sooner


@transaction.atomic
def create_goal(*, namespace_id: int, name: str, at: datetime) -> None:
    """Keeps the paths of users who reach `name` from now on; a goal may exist already.

    Raises NameLimitError.
    """
    ids = names.ensure({(namespace_id, name)})
    since = {ids[namespace_id, name]: inbox.next_arrival()}
    path_store.add_goals(since, namespace_id=namespace_id, at=at)


@transaction.atomic
def remove_goal(*, event_name_id: int) -> None:
    """Forgets a goal and the paths to it; its users stay counted.

    Waits for drains that are keeping paths to it.
    """
    Goal.objects.filter(event_name_id=event_name_id).delete()
    Combination.objects.filter(goal_id=event_name_id).delete()
    SingleEvent.objects.filter(goal_id=event_name_id).delete()
