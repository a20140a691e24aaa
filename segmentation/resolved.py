"""Segmentations as SQL: which leaf an event belongs to, by its user and its time."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

from segmentation import groups, tree
from segmentation.groups import Allocation
from segmentation.tree import Group, Leaf


@dataclass(frozen=True, slots=True)
class ResolvedSegmentation:
    """A segmentation with all that decides on its leaves.

    `segments` are the numbers of the leaves, in their order; a test that does not exist
    is not among the `allocations`: nobody is in its groups.
    """

    id: str
    name: str
    tree: dict[str, Any]
    created_at: datetime
    segments: tuple[int, ...]
    allocations: Mapping[str, Allocation]

    @property
    def leaves(self) -> list[Leaf]:
        return tree.leaves(self.tree)

    @property
    def definition(self) -> str:
        """A hash of what decided on the leaves of past events.

        Not when tests end: that is always set for a time to come.
        """
        tests = sorted(
            (test.name, test.salt, test.edges, test.start_at.isoformat())
            for test in self.allocations.values()
        )
        return blake2b(
            repr((self.segments, tests)).encode(), digest_size=16
        ).hexdigest()

    def case(self, value: Callable[[int, Leaf], str]) -> str:
        """Returns an SQL expression over `user_key` and `occurred_at`.

        Its value is that of the event's leaf, as `value` writes it for a number and a
        leaf.
        """
        pairs = zip(self.segments, self.leaves, strict=True)
        return self._case(self.tree, (value(*pair) for pair in pairs))

    def _case(self, node: dict[str, Any], values: Iterator[str]) -> str:
        if tree.is_leaf(node):
            return next(values)
        in_a, in_b, skipped = (
            self._case(below, values) for below in tree.branches(node)
        )
        allocation = self.allocations.get(node["split"]["ab_test_id"])
        if allocation is None:
            return skipped
        return (
            f"CASE {group(allocation)} WHEN {Group.A} THEN {in_a} "
            f"WHEN {Group.B} THEN {in_b} ELSE {skipped} END"
        )


def group(allocation: Allocation) -> str:
    """Returns an SQL expression over `user_key` and `occurred_at`: the Group."""
    during = f"occurred_at >= '{allocation.start_at.isoformat()}'"
    if allocation.end_at:
        during += f" AND occurred_at < '{allocation.end_at.isoformat()}'"
    in_a, in_b = allocation.edges
    slot = groups.slot_in_sql(salt=allocation.salt)
    drawn = f"width_bucket({slot}, ARRAY[{in_a}, {in_b}])"
    return f"(CASE WHEN {during} THEN {drawn} ELSE {Group.NEITHER} END)"
