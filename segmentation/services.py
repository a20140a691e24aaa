"""Writes of segmentations and A/B tests: those of a namespace, one after the other."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError

from api.errors import Duplicated
from db import sql
from segmentation import changes, queries, tree
from segmentation.groups import Allocation
from segmentation.models import ABTest, Segment, Segmentation

SEGMENTATION_LIMIT, TEST_LIMIT = 50, 100  # in a namespace
WHOLE = ""


class RefusedError(ValueError):
    """A rule forbids it: `reasons` has a sentence for each field, WHOLE for none."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        super().__init__(" ".join(reasons.values()))
        self.reasons = reasons


def enter(namespace_id: int) -> None:
    """Keeps others from writing here until the transaction ends; waits for them."""
    sql.lock("segmentation", key=namespace_id)


@transaction.atomic
def create_segmentation(
    *, namespace_id: int, name: str, checked: dict[str, Any], at: datetime
) -> Segmentation:
    """Stores a checked tree and its leaves. Raises Duplicated and RefusedError."""
    enter(namespace_id)
    require_free(namespace_id=namespace_id, name=name)
    require_room(
        queries.segmentations(namespace_id=namespace_id).count(),
        SEGMENTATION_LIMIT,
        "segmentations",
    )
    made = Segmentation.objects.create(
        namespace_id=namespace_id, name=name, tree=checked, created_at=at
    )
    Segment.objects.bulk_create(
        Segment(segmentation=made, position=leaf.position, path=leaf.path)
        for leaf in tree.leaves(checked)
    )
    return made


@transaction.atomic
def rename(*, namespace_id: int, segmentation_id: str, name: str) -> None:
    """Raises Missing, and Duplicated where another segmentation has the name."""
    enter(namespace_id)
    row = queries.segmentation(
        namespace_id=namespace_id, segmentation_id=segmentation_id
    )
    if row.name != name:
        require_free(namespace_id=namespace_id, name=name)
        Segmentation.objects.filter(pk=row.pk).update(name=name)


@transaction.atomic
def delete_segmentation(*, namespace_id: int, segmentation_id: str) -> None:
    """Leaves the A/B tests that it names.

    Raises Missing, and RefusedError where something is built on it.
    """
    enter(namespace_id)
    row = queries.segmentation(
        namespace_id=namespace_id, segmentation_id=segmentation_id
    )
    try:
        row.delete()
    except ProtectedError as error:
        schedules = ", ".join(sorted(map(str, error.protected_objects)))
        raise RefusedError(
            {WHOLE: f"Scheduled reports are cut by it: {schedules}."}
        ) from None


def require_free(*, namespace_id: int, name: str) -> None:
    if queries.segmentations(namespace_id=namespace_id).filter(name=name).exists():
        raise Duplicated(
            kind="analytics-segmentation",
            key=name,
            name="DUPLICATED_ANALYTICS_SEGMENTATION_NAME",
        )


def require_room(count: int, limit: int, what: str) -> None:
    if count >= limit:
        raise RefusedError({WHOLE: f"A namespace holds at most {limit} {what}."})


@transaction.atomic
def create_test(made: Allocation, *, namespace_id: int, at: datetime) -> ABTest:
    """Raises Duplicated and RefusedError."""
    enter(namespace_id)
    others = queries.tests(namespace_id=namespace_id)
    if others.filter(name=made.name).exists():
        raise Duplicated(kind="ab-test", key=made.name, name="DUPLICATED_AB_TEST")
    require_room(others.count(), TEST_LIMIT, "A/B tests")
    require(changes.refusals(None, made, now=at))
    return ABTest.objects.create(
        namespace_id=namespace_id, created_at=at, **asdict(made)
    )


@transaction.atomic
def change_test(
    *, namespace_id: int, name: str, sent: Mapping[str, Any], at: datetime
) -> None:
    """Sets fields of Allocation. Raises Missing and RefusedError."""
    enter(namespace_id)
    row = queries.test(queries.tests(namespace_id=namespace_id), name=name)
    before = queries.allocation(row)
    require(changes.refusals(before, replace(before, **sent), now=at))
    if sent:
        ABTest.objects.filter(pk=row.pk).update(**sent)


@transaction.atomic
def delete_test(*, namespace_id: int, name: str) -> None:
    """Raises Missing, and RefusedError where a segmentation names the A/B test."""
    enter(namespace_id)
    row = queries.test(queries.tests(namespace_id=namespace_id), name=name)
    users = queries.uses(namespace_id=namespace_id).get(name, {})
    if users:
        titles = ", ".join(f"{title!r} ({id})" for id, title in users.items())
        raise RefusedError({WHOLE: f"Segmentations name this A/B test: {titles}."})
    row.delete()


def require(reasons: Mapping[str, str]) -> None:
    if reasons:
        raise RefusedError(reasons)
