"""Trees of A/B tests: what was sent is checked, then walked from leaf to leaf.

A node is `{"type": "analytics"}`, a leaf, or `{"type": "ab_test", "split":
{"ab_test_id", "group_a", "group_b"}, "skip"}` with a node for those in group A, in
group B, and in neither.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

MAX_DEPTH = 16
MAX_NODES = 255


class TreeError(ValueError):
    """A tree was refused: the message names the place in it and what was expected."""


class Group(IntEnum):
    """Where an A/B test puts a user, and in which order a tree has its branches."""

    A = 0
    B = 1
    NEITHER = 2


LABELS = {Group.A: "A", Group.B: "B", Group.NEITHER: "neither"}
WHOLE_PATH = "all"

Step = tuple[str, Group]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf by its place among all, from 0, and the steps that lead to it."""

    position: int
    steps: tuple[Step, ...]

    @property
    def path(self) -> str:
        """The steps as people read them: `my_test: A / other: neither`."""
        steps = (f"{test}: {LABELS[group]}" for test, group in self.steps)
        return " / ".join(steps) or WHOLE_PATH

    @property
    def is_tested(self) -> bool:
        """Whether a test put users here, in its group A or B."""
        return any(group != Group.NEITHER for _, group in self.steps)


def branches(node: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the nodes below an `ab_test`, in the order of Group."""
    return [node["split"]["group_a"], node["split"]["group_b"], node["skip"]]


def is_leaf(node: dict[str, Any]) -> bool:
    return bool(node["type"] == "analytics")


def walk(
    node: dict[str, Any], steps: tuple[Step, ...] = ()
) -> Iterator[tuple[dict[str, Any], tuple[Step, ...]]]:
    """Yields the nodes of a checked tree with the steps to them, parents first."""
    yield node, steps
    if not is_leaf(node):
        test = node["split"]["ab_test_id"]
        for group, below in zip(Group, branches(node), strict=True):
            yield from walk(below, (*steps, (test, group)))


def leaves(tree: dict[str, Any]) -> list[Leaf]:
    """Returns the leaves of a checked tree, from left to right."""
    paths = (steps for node, steps in walk(tree) if is_leaf(node))
    return [Leaf(position, steps) for position, steps in enumerate(paths)]


def tests(tree: dict[str, Any]) -> set[str]:
    """Returns the ids of the A/B tests that a checked tree names."""
    return {node["split"]["ab_test_id"] for node, _ in walk(tree) if not is_leaf(node)}
