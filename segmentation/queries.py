"""Reads: segmentations with their tests, as plain values."""

from collections.abc import Iterable
from itertools import groupby

from segmentation import tree
from segmentation.cuts import Cut
from segmentation.groups import Draw
from segmentation.models import ABTest, Segment, Segmentation


def cuts(*, namespace_id: int) -> list[Cut]:
    """Returns the segmentations of a namespace, the newest first, in three queries."""
    return made(Segmentation.objects.filter(namespace=namespace_id))


def cut(*, namespace_id: int, segmentation_id: str) -> Cut | None:
    """Returns a segmentation of a namespace."""
    rows = Segmentation.objects.filter(namespace=namespace_id, pk=segmentation_id)
    return next(iter(made(rows)), None)


def made(rows: Iterable[Segmentation]) -> list[Cut]:
    """Returns segmentations with their segments and those of their tests that exist."""
    found = list(rows)
    segments = Segment.objects.filter(segmentation__in=found)
    numbers = {
        key: tuple(one.pk for one in group)
        for key, group in groupby(segments, key=lambda one: one.segmentation_id)
    }
    known = draws({one.namespace_id for one in found}) if found else {}
    return [
        Cut(
            id=one.pk,
            name=one.name,
            tree=one.tree,
            created_at=one.created_at,
            segments=numbers[one.pk],
            draws={
                name: known[one.namespace_id, name]
                for name in tree.tests(one.tree)
                if (one.namespace_id, name) in known
            },
        )
        for one in found
    ]


def draws(namespace_ids: Iterable[int]) -> dict[tuple[int, str], Draw]:
    """Returns the A/B tests of namespaces by namespace and name."""
    rows = ABTest.objects.filter(namespace__in=list(namespace_ids))
    return {(one.namespace_id, one.name): draw(one) for one in rows}


def draw(one: ABTest) -> Draw:
    return Draw(
        name=one.name,
        salt=one.salt,
        share_a=one.share_a,
        share_b=one.share_b,
        start_at=one.start_at,
        end_at=one.end_at,
    )
