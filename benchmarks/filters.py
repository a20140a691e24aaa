"""The filters' memory, errors and speed: `python -m benchmarks.filters`, one minute.

Bars: at most 3.5 bytes per user when the newest slice is full and 6.5 at any fill,
above 100,000 users a counter (6,250 a shard), with an error of at most 1e-5.
"""

from collections.abc import Callable
from time import process_time
from typing import TypeVar

import numpy as np

from benchmarks import combinations
from benchmarks.crowds import SHARDS, empty, fill, grown, numbered, stored_bytes
from goals.counters.bloom import Addresses, Filters, cross
from goals.counters.bounds import bounds, false_positive_rate
from goals.counters.hashing import LAYOUT, Hashes, Ints

STEP = 1.02
LARGE = 6250  # users a shard of a counter of 100,000
STRANGERS = 5_000_000
# Kimball's filters as a counter opens them, for comparison: users and bytes of each, by
# default of 100,000 users and doubling, all with an error of 0.001.
KIMBALL = (185_925, 425_984), (365_169, 851_968), (771_659, 1_835_008)

T = TypeVar("T")
Table = dict[tuple[int, int], bytes]


def main() -> None:
    """Prints the tables."""
    filters = memory()
    growth()
    saturation(filters)
    combinations.table()
    speed()


def memory() -> Filters:
    """Fills one shard of a counter and prints bytes per user and error; returns it."""
    print(f"{'users':>12} {'a shard':>10} {'pages':>6} {'bytes/user':>10}  errors")
    filters = empty(np.array([1]))
    worst = {"small": (0.0, 0), "large": (0.0, 0)}
    for target in map(int, targets()):
        fill(filters, target)
        pages, ratio = len(filters.changed()[1]), stored_bytes(filters) / target
        size = "large" if target >= LARGE else "small"
        worst[size] = max(worst[size], (ratio, target))
        if target in LAYOUT.first_user or target in (10, 100, 1000):
            errors = error(filters) if target in LAYOUT.first_user else ""
            print(f"{target * SHARDS:12,} {target:10,} {pages:6,} ", end="")
            print(f"{ratio:10.2f}  {errors}")
    for size, (ratio, target) in worst.items():
        print(f"most bytes/user, {size} counters: {ratio:.2f} at {target:,} a shard")
    return filters


def targets() -> Ints:
    """Returns fills to measure: every 2 %, and every slice exactly full."""
    steps = np.arange(0, np.log(LAYOUT.capacity) / np.log(STEP))
    fills = np.append(STEP**steps, (10, 100, 1000)).astype(np.int64)
    return np.unique(np.append(fills, LAYOUT.first_user[1:]))


def error(filters: Filters) -> str:
    """Asks for users never added and tells how many look seen."""
    strangers = numbered(1 << 50, (1 << 50) + STRANGERS)
    seen = sum(
        filters.contains(users=part, rows=np.zeros(len(part), np.int64)).sum()
        for part in np.array_split(strangers, 50)
    )
    rate = false_positive_rate(
        user_count=filters.user_count, bits_set=filters.bits_set
    )[0]
    return f"{seen / STRANGERS:.1e} measured, {rate:.1e} designed"


def growth() -> None:
    """Prints the memory of a counter with ten times the users it begins with."""
    print(f"\n{'ten times':>12} {'bytes':>11} {'a user':>7}  Kimball's, a user")
    for first in (LAYOUT.users_per_page * SHARDS, 100_000):
        users = 10 * first
        filters = empty(np.array([1]))
        fill(filters, users // SHARDS)
        own, other = SHARDS * stored_bytes(filters), kimball(users)
        print(f"{first:12,} {own:11,} {own / users:7.2f}  ", end="")
        print(f"{other:,} {other / users:.2f}")


def kimball(users: int) -> int:
    """Returns the bytes of the filters that Kimball opens, one after another."""
    total, room = 0, 0
    for capacity, size in KIMBALL:
        total += size if users > room else 0
        room += capacity
    return total


def saturation(filters: Filters) -> None:
    """Goes on adding to a full counter and prints the corrected estimates."""
    print(f"\n{'last slice':>12} {'looked new':>12} {'estimate':>12}  off")
    before = LAYOUT.first_user[-2]
    for times in (1.2, 2, 3, 5, 10):
        truth = int(before + times * (LAYOUT.capacity - before))
        fill(filters, truth)
        found = bounds(user_count=filters.user_count, bits_set=filters.bits_set)
        print(f"{times:>11} x {filters.user_count[0]:12,} {found.count:12,}  ", end="")
        print(f"{found.count / truth - 1:+.3%}, within {found.lower:,}-{found.upper:,}")


def speed() -> None:
    """Prints the CPU time of batches, half of them new, and of goals' questions."""
    print(f"\n{'50,000 pairs, half new':24} {'needed':>8} {'load':>8}", end="")
    print(f"{'contains':>9} {'add':>8} {'changed':>8}  ms")
    sizes = (6, 300), (6, 62_500), (6, 400_000), (1000, 60), (1000, 2000)
    for counters, users in sizes:
        stored = grown(counters, users)
        half = 25_000 // counters
        mixed = np.append(numbered(0, half), numbered(1 << 50, (1 << 50) + half))
        asked, rows = cross(users=mixed, rows=np.arange(counters))
        order = np.random.default_rng(1).permutation(len(rows))
        report(f"{counters} x {users:,} users", stored, (asked[order], rows[order]))
    title = "500 users x 1,000"
    report(title, stored, cross(users=numbered(0, 500), rows=np.arange(counters)))


def report(title: str, stored: Filters, pairs: tuple[Hashes, Ints]) -> None:
    """Prints the best of five rounds."""
    addresses, contents = stored.changed()
    where = zip(addresses.counters.tolist(), addresses.pages.tolist(), strict=True)
    table = dict(zip(where, contents, strict=True))
    best = min((one_round(stored, table, *pairs) for _ in range(5)), key=sum)
    print(f"{title:24}", *(f"{1000 * seconds:8.1f}" for seconds in best))


def one_round(stored: Filters, table: Table, users: Hashes, rows: Ints) -> list[float]:
    """Returns the CPU seconds of a drain's steps, all but the database's."""
    filters = Filters(
        counters=stored.counters, user_count=stored.user_count, bits_set=stored.bits_set
    )
    pairs = {"users": users, "rows": rows}
    times: list[float] = []
    wanted = timed(times, filters.needed, **pairs)
    where = zip(wanted.counters.tolist(), wanted.pages.tolist(), strict=True)
    found = [address for address in where if address in table]
    contents = [table[address] for address in found]
    addresses = Addresses(*np.array(found, np.int64).reshape(-1, 2).T)
    timed(times, filters.load, wanted=wanted, stored=addresses, contents=contents)
    timed(times, filters.contains, **pairs)
    timed(times, filters.add, **pairs)
    timed(times, filters.changed)
    return times


def timed(times: list[float], step: Callable[..., T], **arguments: object) -> T:
    """Runs a step and notes its CPU seconds."""
    started = process_time()
    result = step(**arguments)
    times.append(process_time() - started)
    return result


if __name__ == "__main__":
    main()
