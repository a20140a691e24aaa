"""What was sent is a tree, or the place where it is none is told."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from segmentation import checks, tree
from segmentation.models import readable_id
from segmentation.tree import MAX_DEPTH, MAX_NODES, TreeError
from tests.segmentation.builders import LEAF, split

VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(
    VALUES,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
KEYS = "ab_test_id, group_a, group_b"
INNER = "segmentation.skip.split.group_b.split.ab_test_id"
IDS = st.sampled_from(["a", "b", "c", "D-1", "", " ", "x" * 65, None, 5])
# Nearly right, so that what is checked late is reached too.
NODES = st.recursive(
    st.just(LEAF) | JSON,
    lambda node: (
        st.builds(split, IDS, node, node, node)
        | st.dictionaries(st.sampled_from(["type", "split", "skip"]), node)
    ),
    max_leaves=12,
)


def chain(depth):
    """Returns a tree so many nodes deep."""
    found = LEAF
    for number in range(depth - 1):
        found = split(f"test{number}", skip=found)
    return found


def bush(tests):
    """Returns a tree of 3 * tests + 1 nodes that is as flat as can be."""
    nodes = [LEAF] * (2 * tests + 1)
    for number in range(tests):
        nodes = [*nodes[3:], split(f"test{number}", *nodes[:3])]
    return nodes[0]


def refused(value):
    with pytest.raises(TreeError) as error:
        checks.check(value)
    return str(error.value)


@given(JSON | NODES)
@example(split("a", a=split("b", skip=split("c"))))
@example(split("a", a=split("b"), b=split("b")))
def test_any_json_is_a_tree_or_refused_and_nothing_else(value):
    try:
        checked = checks.check(value)
    except TreeError:
        return
    assert checked == value
    found = list(tree.walk(checked))
    assert len(found) <= MAX_NODES
    for _, steps in found:
        tests = [test for test, _ in steps]
        assert len(tests) < MAX_DEPTH
        assert len(set(tests)) == len(tests)
    assert len(tree.leaves(checked)) == len([1 for node, _ in found if node == LEAF])


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (5, "segmentation: expected an object"),
        ([], "segmentation: expected an object"),
        ({}, 'segmentation.type: expected "analytics" or "ab_test"'),
        ({"type": []}, 'segmentation.type: expected "analytics" or "ab_test"'),
        ({"type": "case"}, 'segmentation.type: expected "analytics" or "ab_test"'),
        (LEAF | {"skip": LEAF}, "segmentation: expected the keys type, and not 'skip'"),
        (
            {"type": "ab_test", "skip": LEAF},
            "segmentation.split: expected this key, which is missing",
        ),
        (split() | {"split": []}, "segmentation.split: expected an object"),
        (
            split() | {"split": {"ab_test_id": "a", "group_a": LEAF}},
            "segmentation.split.group_b: expected this key, which is missing",
        ),
        (
            split() | {"split": split()["split"] | {"group_c": LEAF}},
            f"segmentation.split: expected the keys {KEYS}, and not 'group_c'",
        ),
        (
            split(a={"type": "b"}),
            'segmentation.split.group_a.type: expected "analytics" or "ab_test"',
        ),
        (
            split("a", skip=split("b", b=split("a"))),
            f"{INNER}: expected another A/B test than a, which has split these users",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(value, told):
    assert refused(value) == told


@pytest.mark.parametrize(
    "test", ["", "-a", "a b", "a\0", "a\n", "é", "a" * 65, None, 1]
)
def test_only_what_can_be_the_id_of_a_test_is_taken(test):
    found = refused(split(test))
    assert found.startswith("segmentation.split.ab_test_id: expected the id of an A/B")


def test_an_unknown_key_is_told_in_short():
    assert len(refused(LEAF | {"x" * 100_000: 1})) < 100


def test_the_limits_are_the_stated_ones():
    assert checks.check(chain(MAX_DEPTH)) == chain(MAX_DEPTH)
    assert "at most 16 nodes deep" in refused(chain(MAX_DEPTH + 1))
    assert checks.check(bush(84)) == bush(84)  # 253 nodes
    assert refused(bush(85)) == "segmentation: expected at most 255 nodes"


def test_the_deepest_and_the_largest_are_refused_at_once():
    deep = LEAF
    for number in range(10_000):
        deep = split(f"test{number}", a=deep)
    assert "deep" in refused(deep)
    wide = split("a", *[split("b", *[split("c", *[bush(85)] * 3)] * 3)] * 3)
    assert "255 nodes" in refused(wide)


def test_the_same_test_may_split_different_users():
    tree_of_two = split("a", a=split("b"), b=split("b"))
    assert checks.check(tree_of_two) == tree_of_two


def test_an_id_is_the_same_here_as_in_the_table():
    assert checks.TEST_ID.pattern == re.compile(readable_id.regex).pattern


def test_what_does_not_exist_is_warned_of_in_order():
    value = split("b", a=split("a"), skip=split("known"))
    assert checks.warnings(value, known={"known", "other"}) == [
        "the A/B test a does not exist: nobody is in its groups",
        "the A/B test b does not exist: nobody is in its groups",
    ]
    assert checks.warnings(LEAF, known=set()) == []
