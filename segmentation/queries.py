"""Reads: segmentations with their tests, as plain values, and the rows of both."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Annotated, TypedDict, TypeVar

from django.db.models import Case, QuerySet, Value, When
from django_stubs_ext import Annotations
from rest_framework.exceptions import ValidationError

from accounts.queries import Scope
from api.errors import Missing
from events import queries as events
from segmentation import checks, tree
from segmentation.changes import Status
from segmentation.cuts import Cut
from segmentation.groups import Draw
from segmentation.models import ABTest, Segment, Segmentation
from segmentation.tree import Group

UNREADABLE = "the tree cannot be read any more: there are no numbers by it"
RowT = TypeVar("RowT", bound=ABTest)


class HasStatus(TypedDict):
    status: str


def cuts(*, namespace_id: int) -> list[Cut]:
    """Returns the segmentations of a namespace, the newest first, in three queries."""
    return made(Segmentation.objects.filter(namespace=namespace_id))


def cut(*, namespace_id: int, segmentation_id: str) -> Cut | None:
    """Returns a segmentation of a namespace."""
    rows = Segmentation.objects.filter(namespace=namespace_id, pk=segmentation_id)
    return next(iter(made(rows)), None)


def existing(*, namespace_id: int, segmentation_id: str) -> Cut:
    """Returns a segmentation of a namespace.

    Raises Missing, and ValidationError where its tree cannot be read.
    """
    row = segmentation(namespace_id=namespace_id, segmentation_id=segmentation_id)
    if found := made([row]):
        return found[0]
    raise ValidationError({"segmentation": [f"Of {row.name} {UNREADABLE}."]})


def every() -> list[Cut]:
    """Returns the segmentations of all namespaces, in three queries."""
    return made(Segmentation.objects.all())


def made(rows: Iterable[Segmentation]) -> list[Cut]:
    """Returns segmentations with their segments and those of their tests that exist.

    Those whose tree cannot be read are left out: they have no numbers, and keep nobody
    else's from being computed.
    """
    found = [one for one in rows if checks.fault(one.tree) is None]
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
            segments=numbers.get(one.pk, ()),
            draws={
                name: known[one.namespace_id, name]
                for name in tree.tests(one.tree)
                if (one.namespace_id, name) in known
            },
        )
        for one in found
        if len(numbers.get(one.pk, ())) == len(tree.leaves(one.tree))
    ]


def segment_numbers(*, namespace_id: int) -> list[int]:
    """Returns the numbers of all leaves, whether their trees can be read or not."""
    rows = Segment.objects.filter(segmentation__namespace=namespace_id)
    return list(rows.values_list("pk", flat=True))


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
    found: dict[str, dict[str, str]] = {}
    for one in segmentations(namespace_id=namespace_id):
        for name in set() if checks.fault(one.tree) else tree.tests(one.tree):
            found.setdefault(name, {})[one.pk] = one.name
    return found


def group(*, scope: Scope, name: str, user_id: str, at: datetime) -> Group:
    """Returns the group that an A/B test has a user in. Raises Missing."""
    row = test(tests(namespace_id=scope.id), name=name)
    return draw(row).group(events.user_key(user_id, scope=scope), at=at)
