"""Segmentations as SQL: which leaf an event belongs to, by its user and its time."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

from segmentation import groups, tree
from segmentation.groups import Draw
from segmentation.tree import Group, Leaf


@dataclass(frozen=True, slots=True)
class Cut:
    """A segmentation with all that decides on its leaves.

    `segments` are the numbers of the leaves, in their order; a test that does not exist
    is not among the `draws`: nobody is in its groups.
    """

    id: str
    name: str
    tree: dict[str, Any]
    created_at: datetime
    segments: tuple[int, ...]
    draws: Mapping[str, Draw]

    @property
    def leaves(self) -> list[Leaf]:
        return tree.leaves(self.tree)

    @property
    def definition(self) -> str:
        """A hash of what decided on the leaves of past events.

        Not when tests end: that is always set for a time to come.
        """
        told = sorted(
            (one.name, one.salt, one.edges, one.start_at.isoformat())
            for one in self.draws.values()
        )
        return blake2b(repr((self.segments, told)).encode(), digest_size=16).hexdigest()

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
        draw = self.draws.get(node["split"]["ab_test_id"])
        if draw is None:
            return skipped
        return (
            f"CASE {group(draw)} WHEN {Group.A} THEN {in_a} "
            f"WHEN {Group.B} THEN {in_b} ELSE {skipped} END"
        )


def group(draw: Draw) -> str:
    """Returns an SQL expression over `user_key` and `occurred_at`: the Group."""
    during = f"occurred_at >= '{draw.start_at.isoformat()}'"
    if draw.end_at:
        during += f" AND occurred_at < '{draw.end_at.isoformat()}'"
    in_a, in_b = draw.edges
    place = groups.slot_in_sql(salt=draw.salt)
    drawn = f"width_bucket({place}, ARRAY[{in_a}, {in_b}])"
    return f"(CASE WHEN {during} THEN {drawn} ELSE {Group.NEITHER} END)"
