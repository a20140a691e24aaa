"""A/B tests and segmentations for tests, as the API would make them."""

from datetime import datetime
from itertools import count

from segmentation import queries, tree
from segmentation.models import ABTest, Segment, Segmentation
from segmentation.resolved import ResolvedSegmentation
from tests.analytics.builders import NOON

numbers = count()
Node = dict[str, object]


def leaf() -> Node:
    return {"type": "analytics"}


def split(test: str, a: Node, b: Node, skip: Node) -> Node:
    """Returns a node; a test that is on the path already becomes another."""
    below = {"ab_test_id": test, "group_a": a, "group_b": b}
    return {"type": "ab_test", "split": below, "skip": skip}


def ab_test(shop: int, name: str, *, start_at: datetime, **fields: object) -> ABTest:
    fields = {"salt": name, "created_at": NOON, **fields}
    return ABTest.objects.create(
        namespace_id=shop, name=name, start_at=start_at, **fields
    )


def segmented(shop: int, sent: Node, *, name: str = "") -> ResolvedSegmentation:
    """Returns a new segmentation with its segments."""
    row = Segmentation.objects.create(
        namespace_id=shop,
        name=name or f"segmentation {next(numbers)}",
        tree=sent,
        created_at=NOON,
    )
    Segment.objects.bulk_create(
        Segment(segmentation=row, position=one.position, path=one.path)
        for one in tree.leaves(sent)
    )
    found = queries.resolved_segmentation(namespace_id=shop, segmentation_id=row.pk)
    assert found
    return found
