"""The numbers under which buckets are stored: the whole, leaves, and parts of leaves.

A leaf that a test puts users into is also stored in sixteen parts, by the users' shards:
disjoint sets of users, drawn by the hash of their ids, as additive as everything else.
How much the parts differ tells how much chance there is in their sum.
"""

from collections.abc import Iterable, Sequence

from analytics.models import WHOLE
from events.keys import SHARDS
from segmentation.cuts import Cut
from segmentation.tree import Leaf


def parts(segment: int) -> list[int]:
    """Returns the numbers of a leaf's parts, in the order of shards."""
    return [-(segment * SHARDS + shard) for shard in range(SHARDS)]


def of_leaf(segment: int, leaf: Leaf) -> list[int]:
    """Returns all numbers under which a leaf's values are stored."""
    return [segment, *(parts(segment) if leaf.is_tested else [])]


def stored(cuts: Iterable[Cut]) -> list[int]:
    """Returns all numbers under which the leaves' values are stored."""
    return [
        number
        for cut in cuts
        for pair in zip(cut.segments, cut.leaves, strict=True)
        for number in of_leaf(*pair)
    ]


def expression(cuts: Sequence[Cut], *, whole: bool) -> str:
    """Returns an SQL expression over `user_key` and `occurred_at`.

    It is the array of the numbers that an event's values are stored under.
    """
    arrays = [f"ARRAY[{WHOLE}]"] if whole else []
    return " || ".join([*arrays, *(cut.case(leaf_array) for cut in cuts)])


def leaf_array(segment: int, leaf: Leaf) -> str:
    if not leaf.is_tested:
        return f"ARRAY[{segment}]"
    part = f"-({segment * SHARDS} + (user_key & {SHARDS - 1})::int)"
    return f"ARRAY[{segment}, {part}]"
