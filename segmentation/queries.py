"""Reads: segmentations with their tests, as plain values, and the rows of both."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Annotated, TypedDict, TypeVar

from django.db.models import Case, QuerySet, Value, When
from django_stubs_ext import Annotations
from rest_framework.exceptions import ValidationError

from accounts.queries import Scope
from api.errors import Missing
from events import queries as event_queries
from segmentation import checks, tree
from segmentation.changes import Status
from segmentation.groups import Allocation
from segmentation.models import ABTest, Segment, Segmentation
from segmentation.resolved import ResolvedSegmentation
from segmentation.tree import Group

UNREADABLE = "the tree cannot be read any more: there are no numbers by it"
RowT = TypeVar("RowT", bound=ABTest)


class HasStatus(TypedDict):
    status: str


def resolved_segmentations(*, namespace_id: int) -> list[ResolvedSegmentation]:
    """Returns the segmentations of a namespace, the newest first, in three queries."""
    return resolve(Segmentation.objects.filter(namespace=namespace_id))


def resolved_segmentation(
    *, namespace_id: int, segmentation_id: str
) -> ResolvedSegmentation | None:
    """Returns a segmentation of a namespace."""
    rows = Segmentation.objects.filter(namespace=namespace_id, pk=segmentation_id)
    return next(iter(resolve(rows)), None)


def existing_segmentation(
    *, namespace_id: int, segmentation_id: str
) -> ResolvedSegmentation:
    """Returns a segmentation of a namespace.

    Raises Missing, and ValidationError where its tree cannot be read.
    """
    row = segmentation(namespace_id=namespace_id, segmentation_id=segmentation_id)
    for resolved in resolve([row]):
        return resolved
    raise ValidationError({"segmentation": [f"Of {row.name} {UNREADABLE}."]})


def all_resolved_segmentations() -> list[ResolvedSegmentation]:
    """Returns the segmentations of all namespaces, in three queries."""
    return resolve(Segmentation.objects.all())


def leaf_numbers(rows: Sequence[Segmentation]) -> dict[str, tuple[int, ...]]:
    """Returns the numbers of the leaves of segmentations, by their ids."""
    segments = Segment.objects.filter(segmentation__in=rows)
    groups = groupby(segments, key=lambda segment: segment.segmentation_id)
    return {
        segmentation_id: tuple(segment.pk for segment in group)
        for segmentation_id, group in groups
    }


def resolve(rows: Iterable[Segmentation]) -> list[ResolvedSegmentation]:
    """Returns segmentations with their segments and those of their tests that exist.

    Those whose tree cannot be read are left out: they have no numbers, and keep nobody
    else's from being computed.
    """
    readable = [row for row in rows if checks.fault(row.tree) is None]
    numbers = leaf_numbers(readable)
    known = allocations({row.namespace_id for row in readable}) if readable else {}
    return [
        ResolvedSegmentation(
            id=row.pk,
            name=row.name,
            tree=row.tree,
            created_at=row.created_at,
            segments=numbers.get(row.pk, ()),
            allocations={
                name: known[row.namespace_id, name]
                for name in tree.tests(row.tree)
                if (row.namespace_id, name) in known
            },
        )
        for row in readable
        if len(numbers.get(row.pk, ())) == len(tree.leaves(row.tree))
    ]


def segment_numbers(*, namespace_id: int) -> list[int]:
    """Returns the numbers of all leaves, whether their trees can be read or not."""
    rows = Segment.objects.filter(segmentation__namespace=namespace_id)
    return list(rows.values_list("pk", flat=True))


def allocations(namespace_ids: Iterable[int]) -> dict[tuple[int, str], Allocation]:
    """Returns the A/B tests of namespaces by namespace and name."""
    rows = ABTest.objects.filter(namespace__in=list(namespace_ids))
    return {(test.namespace_id, test.name): allocation(test) for test in rows}


def allocation(row: ABTest) -> Allocation:
    return Allocation(
        name=row.name,
        salt=row.salt,
        share_a=row.share_a,
        share_b=row.share_b,
        start_at=row.start_at,
        end_at=row.end_at,
    )


def segmentations(*, namespace_id: int) -> QuerySet[Segmentation]:
    return Segmentation.objects.filter(namespace=namespace_id)


def segmentation(*, namespace_id: int, segmentation_id: str) -> Segmentation:
    """Returns a segmentation of a namespace. Raises Missing."""
    rows = segmentations(namespace_id=namespace_id)
    row = None if "\0" in segmentation_id else rows.filter(pk=segmentation_id).first()
    if row is None:
        raise Missing(kind="analytics-segmentation", key=segmentation_id)
    return row


def tests(*, namespace_id: int) -> QuerySet[ABTest]:
    return ABTest.objects.filter(namespace=namespace_id)


def test(rows: QuerySet[ABTest, RowT], *, name: str) -> RowT:
    """Returns the one of a namespace's A/B tests that has this id. Raises Missing."""
    row = None if "\0" in name else rows.filter(name=name).first()
    if row is None:
        raise Missing(kind="ab-test", key=name)
    return row


def with_status(
    rows: QuerySet[ABTest], *, now: datetime
) -> QuerySet[Annotated[ABTest, Annotations[HasStatus]]]:
    """Adds to each A/B test its `status`, a Status."""
    status = Case(
        When(start_at__gt=now, then=Value(Status.PLANNED.value)),
        When(end_at__lte=now, then=Value(Status.ENDED.value)),
        default=Value(Status.RUNNING.value),
    )
    return rows.annotate(status=status)


def test_names(*, namespace_id: int) -> set[str]:
    """Returns the ids of a namespace's A/B tests."""
    return set(tests(namespace_id=namespace_id).values_list("name", flat=True))


def uses(*, namespace_id: int) -> dict[str, dict[str, str]]:
    """Returns, by id of an A/B test, the segmentations that name it: id → name."""
    users_of: dict[str, dict[str, str]] = {}
    for row in segmentations(namespace_id=namespace_id):
        for name in set() if checks.fault(row.tree) else tree.tests(row.tree):
            users_of.setdefault(name, {})[row.pk] = row.name
    return users_of


def group(*, scope: Scope, name: str, user_id: str, at: datetime) -> Group:
    """Returns the group that an A/B test has a user in. Raises Missing."""
    row = test(tests(namespace_id=scope.id), name=name)
    return allocation(row).group(event_queries.user_key(user_id, scope=scope), at=at)
