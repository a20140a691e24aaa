"""Where in a tree a test parts users, and what can be asked of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from segmentation import tree
from segmentation.groups import Allocation
from segmentation.resolved import ResolvedSegmentation
from segmentation.tree import Group, Leaf, Step
from timegrid.buckets import Span


class NodeError(ValueError):
    """Nothing can be said of a test; the message tells people why."""


@dataclass(frozen=True, slots=True)
class Node:
    """A test that `steps` lead to; without an allocation where it does not exist."""

    test: str
    steps: tuple[Step, ...]
    allocation: Allocation | None

    @property
    def path(self) -> str:
        """The steps as people read them."""
        return Leaf(position=0, steps=self.steps).path

    def leads_to(self, group: Group, leaves: Sequence[Leaf]) -> list[int]:
        """Returns the positions of the leaves whose users are in a group of it."""
        start = (*self.steps, (self.test, group))
        steps = [leaf.steps[: len(start)] for leaf in leaves]
        return [row for row, first in enumerate(steps) if first == start]

    def parting(self, *, within: Span, as_of: datetime) -> tuple[Allocation, Span]:
        """Returns how users are drawn, and when they were: from its start to its end.

        Raises NodeError.
        """
        if self.allocation is None:
            raise NodeError(f"The A/B test {self.test} does not exist.")
        if self.allocation.start_at >= as_of:
            raise NodeError(f"The A/B test {self.test} has no numbers yet.")
        start_at = max(self.allocation.start_at, within.start_at)
        end_at = min(self.allocation.end_at or as_of, as_of, within.end_at)
        if start_at >= end_at:
            raise NodeError(
                f"The A/B test {self.test} has no numbers in the time asked for."
            )
        return self.allocation, Span(start_at, end_at)


def nodes(cut: ResolvedSegmentation) -> Iterator[Node]:
    """Yields the tests of a segmentation, from the root down."""
    for node, steps in tree.walk(cut.tree):
        if not tree.is_leaf(node):
            test = node["split"]["ab_test_id"]
            yield Node(test, steps, cut.allocations.get(test))
