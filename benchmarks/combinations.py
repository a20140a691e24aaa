"""How often a path to a goal has a step that never happened.

Users each do a fifth of 50 events and then the goal. The bar: at most 0.1 % of their
combinations have a wrong event; and none may lack a right one.
"""

from typing import NamedTuple

import numpy as np

from benchmarks.crowds import SHARDS, empty, numbered
from events.arrivals import WIRE, Arrivals
from goals.counters import marks
from goals.counters.bloom import Filters, cross
from goals.counters.bounds import false_positive_rate
from goals.counters.filter_pages import Bools
from goals.counters.hashing import LAYOUT, Hashes, Ints
from goals.paths import combinations

EVENTS = 50  # counters 1 to 50; the goal is the next
GOAL = EVENTS + 1
DONE = 0.2  # the chance of a user to have done an event
COMPLETIONS = 100_000
CROWD = 5000  # users who come at once
BATCH = 50_000
SINCE = np.array([combinations.NEVER] * GOAL + [0])
# Users of a counter and shard: 100,000 of a counter, and two and three full slices.
FILLS = (100_000 // SHARDS, *LAYOUT.first_user[2:4].tolist())


class Tally(NamedTuple):
    """Of completions: what is wrong with their steps, and what was to be expected."""

    completions: int
    wrong: int
    wrong_combinations: int
    missing: int
    expected: float


def table() -> None:
    """Prints one line per fill of the events' filters."""
    print(f"\n{'users of each':>13} {'completions':>11} {'wrong steps':>11}", end="")
    print(f" {'designed':>8} {'missing':>7} {'wrong combinations':>18}")
    for users in FILLS:
        shards = max(1, round(COMPLETIONS * DONE / users))
        runs = [run(users, seed) for seed in range(shards)]
        found = Tally(*map(sum, zip(*runs, strict=True)))
        print(f"{users * SHARDS:13,} {found.completions:11,}", end=" ")
        print(f"{found.wrong / found.completions:11.6f}", end=" ")
        print(f"{found.expected / found.completions:8.6f} {found.missing:7}", end=" ")
        print(f"{found.wrong_combinations / found.completions:18.4%}")


def run(users: int, seed: int) -> Tally:
    """Fills one shard's filters until so many users did each event, and walks paths."""
    random = np.random.default_rng(seed)
    filters, done = empty(np.arange(GOAL + 1)), []
    everyone = numbered(0, round(users / DONE))
    for part in np.array_split(everyone, -(-len(everyone) // CROWD)):
        did = random.random((len(part), EVENTS)) < DONE
        visit(filters, part, did)
        done.append(did)
    walkers = everyone[:COMPLETIONS]
    truth = np.concatenate(done)[: len(walkers)]
    return walked(filters, walkers, truth)


def visit(filters: Filters, users: Hashes, did: Bools) -> None:
    """Adds users to the global counter and to those of the events they did."""
    which, event = np.nonzero(did)
    filters.add(
        users=np.append(users, users[which]),
        rows=np.append(np.full(len(users), marks.EVERYBODY), event + 1),
    )


def walked(filters: Filters, users: Hashes, truth: Bools) -> Tally:
    """Lets users reach the goal and compares their paths with what they did."""
    rates = false_positive_rate(
        user_count=filters.user_count, bits_set=filters.bits_set
    )[1:GOAL]
    wrong = np.zeros(truth.shape, np.bool_)
    missing = np.zeros(truth.shape, np.bool_)
    for start in range(0, len(users), BATCH):
        for reached, before in completed(filters, users[start : start + BATCH]):
            steps, at = before[:, 1:GOAL], np.searchsorted(users, reached)
            wrong[at], missing[at] = steps & ~truth[at], truth[at] & ~steps
    return Tally(
        completions=int(filters.user_count[GOAL]),
        wrong=int(wrong.sum()),
        wrong_combinations=int(wrong.any(axis=1).sum()),
        missing=int(missing.sum()),
        expected=float((~truth @ rates).sum()),
    )


def completed(filters: Filters, users: Hashes) -> list[tuple[Hashes, Bools]]:
    """Counts the goal of one batch as a drain does; returns users and their steps."""
    batch = arrivals(users)
    found = marks.pairs(batch, counters=filters.counters)
    new = filters.add(users=found.users, rows=found.rows)
    reached = combinations.completions(found, new, ids=batch["id"], since=SINCE)
    every: Ints = np.arange(len(filters.counters))
    result = []
    for part in combinations.pieces(reached, counters=len(every)):
        known = combinations.known_users(part, found, new)
        asked, rows = cross(users=known, rows=every)
        held = filters.contains(users=asked, rows=rows).reshape(len(every), -1)
        before = combinations.steps(part, found, new, users=known, known=held.T)
        result.append((part.users, before))
    return result


def arrivals(users: Hashes) -> Arrivals:
    """Returns the events of users who all reach the goal."""
    found = np.zeros(len(users), WIRE)
    found["id"] = np.arange(1, len(users) + 1)
    found["user_key"] = users.view(np.int64)
    found["event_name_id"] = GOAL
    return found
