"""What was sent as a tree is one, or the place where it is none is told."""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from reprlib import repr as shortened
from typing import Any

from segmentation import tree
from segmentation.tree import MAX_DEPTH, MAX_NODES, TreeError

TEST_ID = re.compile(r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")
TEST_ID_EXPECTED = (
    "the id of an A/B test: 1 to 64 letters, digits, dots, dashes and underscores, "
    "beginning with a letter or a digit"
)
LEAF_KEYS = ["type"]
NODE_KEYS = ["type", "split", "skip"]
SPLIT_KEYS = ["ab_test_id", "group_a", "group_b"]
ROOT = "segmentation"


@dataclass(frozen=True, slots=True)
class Position:
    """Where in a tree something stands, and the A/B tests above it."""

    name: str
    value: Any
    tests: tuple[str, ...] = ()


def check(value: object) -> dict[str, Any]:
    """Returns a decoded JSON value that is a tree, as it is.

    Nothing recurses, however deep or large the value is. Raises TreeError.
    """
    positions = [Position(ROOT, value)]
    for position in positions:  # which grows by what stands below each
        positions += below(position)
        if len(positions) > MAX_NODES:
            raise wrong(ROOT, f"at most {MAX_NODES} nodes")
    return dict(positions[0].value)


def below(position: Position) -> list[Position]:
    """Returns where the nodes below a node stand. Raises TreeError."""
    name, node = position.name, require_object(position.value, at=position.name)
    if len(position.tests) >= MAX_DEPTH:
        raise wrong(ROOT, f"a tree at most {MAX_DEPTH} nodes deep")
    kind = node.get("type")
    if kind == "analytics":
        require_keys(node, LEAF_KEYS, at=name)
        return []
    if kind != "ab_test":
        raise wrong(f"{name}.type", '"analytics" or "ab_test"')
    require_keys(node, NODE_KEYS, at=name)
    split = require_object(node["split"], at=f"{name}.split")
    require_keys(split, SPLIT_KEYS, at=f"{name}.split")
    test = new_test(split["ab_test_id"], position)
    return [
        Position(f"{name}.split.group_a", split["group_a"], (*position.tests, test)),
        Position(f"{name}.split.group_b", split["group_b"], (*position.tests, test)),
        Position(f"{name}.skip", node["skip"], (*position.tests, test)),
    ]


def new_test(value: Any, position: Position) -> str:
    """Returns the id of an A/B test that does not decide above its place already."""
    name = f"{position.name}.split.ab_test_id"
    if not isinstance(value, str) or not TEST_ID.match(value):
        raise wrong(name, TEST_ID_EXPECTED)
    if value in position.tests:
        raise wrong(name, f"another A/B test than {value}, which has split these users")
    return value


def require_object(value: Any, *, at: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise wrong(at, "an object")
    return value


def require_keys(value: dict[str, Any], keys: Sequence[str], *, at: str) -> None:
    """Raises TreeError unless the object has these keys and no others."""
    for key in keys:
        if key not in value:
            raise wrong(f"{at}.{key}", "this key, which is missing")
    for key in value.keys() - set(keys):
        listed = ", ".join(keys)
        raise wrong(at, f"the keys {listed}, and not {shortened(key)}")


def wrong(at: str, expected: str) -> TreeError:
    return TreeError(f"{at}: expected {expected}")


def fault(value: object) -> str | None:
    """Returns why a stored tree cannot be read, if it cannot (any more)."""
    try:
        check(value)
    except TreeError as error:
        return f"the tree cannot be read: {error}"
    return None


def warnings(value: dict[str, Any], *, known: AbstractSet[str]) -> list[str]:
    """Returns what a stored tree lacks, given the ids of the tests that exist."""
    if unreadable := fault(value):
        return [unreadable]
    return [
        f"the A/B test {name} does not exist: nobody is in its groups"
        for name in sorted(tree.tests(value) - known)
    ]
