"""The numbers under which buckets are stored: the whole, leaves, and parts of leaves.

A leaf that a test puts users into is also stored in sixteen parts, by the users'
shards: disjoint sets of users, drawn by the hash of their ids, as additive as all else.
How much the parts differ tells how much chance there is in their sum.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from analytics.models import WHOLE
from events.keys import SHARDS
from segmentation import queries as segmentation
from segmentation.cuts import Cut
from segmentation.tree import Leaf


@dataclass(frozen=True, slots=True)
class Segments:
    """The numbers that values are stored under, and an SQL expression that has them.

    It is over `user_key` and `occurred_at`: the array of an event's numbers.
    """

    numbers: list[int]
    expression: str


ONLY_WHOLE = Segments([WHOLE], f"ARRAY[{WHOLE}]")


def every(*, namespace_id: int) -> Segments:
    """Returns all that a namespace's values are stored under, in three queries."""
    return whole_and(segmentation.cuts(namespace_id=namespace_id))


def whole_and(cuts: Sequence[Cut]) -> Segments:
    """Returns what the whole and the leaves of segmentations are stored under."""
    expression = " || ".join([ONLY_WHOLE.expression, *map(leaf_arrays, cuts)])
    return Segments([WHOLE, *numbers(cuts)], expression)


def leaves(cut: Cut) -> Segments:
    """Returns what the leaves of a segmentation are stored under."""
    return Segments(numbers([cut]), leaf_arrays(cut))


def parts(segment: int) -> list[int]:
    """Returns the numbers of a leaf's parts, in the order of shards."""
    return [-(segment * SHARDS + shard) for shard in range(SHARDS)]


def of_leaf(segment: int, leaf: Leaf) -> list[int]:
    """Returns all numbers under which a leaf's values are stored."""
    return [segment, *(parts(segment) if leaf.is_tested else [])]


def numbers(cuts: Iterable[Cut]) -> list[int]:
    """Returns all numbers under which the leaves' values are stored."""
    return [
        number
        for cut in cuts
        for pair in zip(cut.segments, cut.leaves, strict=True)
        for number in of_leaf(*pair)
    ]


def pairs(cut: Cut) -> Iterator[tuple[int, int]]:
    """Yields what sums to what: the whole and a leaf of it, a leaf and a part of it."""
    for number, leaf in zip(cut.segments, cut.leaves, strict=True):
        yield WHOLE, number
        for part in of_leaf(number, leaf)[1:]:
            yield number, part


def leaf_arrays(cut: Cut) -> str:
    return cut.case(leaf_array)


def leaf_array(segment: int, leaf: Leaf) -> str:
    if not leaf.is_tested:
        return f"ARRAY[{segment}]"
    part = f"-({segment * SHARDS} + (user_key & {SHARDS - 1})::int)"
    return f"ARRAY[{segment}, {part}]"
