"""Segmentations and A/B tests in and out of JSON."""

from collections.abc import Set as AbstractSet
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from django_stubs_ext import Annotations
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from api.serializers import NamespaceInput
from api.spans import TimestampField
from events.event_body import PRINTABLE
from segmentation import checks
from segmentation.changes import Status
from segmentation.checks import TEST_ID, TEST_ID_EXPECTED
from segmentation.filters import ABTestFilter, SegmentationFilter
from segmentation.groups import Allocation
from segmentation.models import ABTest, Segmentation, new_salt
from segmentation.queries import HasStatus
from segmentation.tree import Group, TreeError

Body = dict[str, Any]

NAMES = {"name": "id", "start_at": "start_timestamp", "end_at": "end_timestamp"}
GROUPS = {Group.A: "a", Group.B: "b", Group.NEITHER: "skip"}
EXAMPLE = {
    "type": "ab_test",
    "split": {
        "ab_test_id": "my_ab_test1",
        "group_a": {"type": "analytics"},
        "group_b": {"type": "analytics"},
    },
    "skip": {"type": "analytics"},
}


@extend_schema_field({"type": "object", "example": EXAMPLE})
class TreeField(serializers.Field[Body, Any, Body, Any]):
    """A tree of A/B tests, with leaves of the type `analytics`."""

    def to_internal_value(self, data: Any) -> Body:
        try:
            return checks.check(data)
        except TreeError as error:
            raise ValidationError(str(error)) from None


def name_field() -> serializers.RegexField:
    return serializers.RegexField(PRINTABLE, max_length=64, trim_whitespace=False)


def share_field() -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=5,
        decimal_places=2,
        min_value=Decimal("0.01"),
        max_value=Decimal(100),
        help_text="Percent of all users.",
    )


class SegmentationsQuery(NamespaceInput):
    others = SegmentationFilter.base_filters


class SegmentationBody(NamespaceInput):
    name = name_field()
    segmentation = TreeField()


class NameBody(NamespaceInput):
    name = name_field()


class ABTestsQuery(NamespaceInput):
    others = ABTestFilter.base_filters


class ABTestBody(NamespaceInput):
    id = serializers.RegexField(
        TEST_ID,
        source="name",
        trim_whitespace=False,
        error_messages={"invalid": f"Expected {TEST_ID_EXPECTED}."},
    )
    salt = serializers.RegexField(
        PRINTABLE,
        max_length=64,
        trim_whitespace=False,
        required=False,
        help_text="Tests of the same salt draw the same users. Default: random.",
    )
    share_a = share_field()
    share_b = share_field()
    start_timestamp = TimestampField(
        source="start_at", required=False, help_text="Default: now."
    )
    end_timestamp = TimestampField(
        source="end_at",
        required=False,
        allow_null=True,
        help_text="From then on, nobody is in a group. Default: null, no end.",
    )


class GroupQuery(NamespaceInput):
    user_id = serializers.RegexField(
        PRINTABLE,
        max_length=200,
        trim_whitespace=False,
        help_text="As the events of this user have it.",
    )


def allocation(sent: Body, *, at: datetime) -> Allocation:
    """Returns a new A/B test by what a validated ABTestBody says of it."""
    defaults = {"salt": new_salt(), "start_at": at, "end_at": None}
    return Allocation(**{**defaults, **fields(sent)})


def fields(sent: Body) -> Body:
    """Returns the fields of Allocation that a validated ABTestBody sets."""
    return {name: value for name, value in sent.items() if name != "namespace"}


def segmentation(row: Segmentation, *, known: AbstractSet[str]) -> Body:
    """Returns a segmentation, given the ids of the A/B tests that exist."""
    body = {"id": row.pk, "name": row.name, "segmentation": row.tree}
    return warned(body, row, known=known)


def warned(body: Body, row: Segmentation, *, known: AbstractSet[str]) -> Body:
    """Returns the body, with `warnings` where there is something to warn of."""
    warnings = checks.warnings(row.tree, known=known)
    return {**body, "warnings": warnings} if warnings else body


def ab_test(
    row: Annotated[ABTest, Annotations[HasStatus]], *, uses: dict[str, dict[str, str]]
) -> Body:
    """Returns an A/B test with its status and the segmentations that name it."""
    return {
        "id": row.name,
        "salt": row.salt,
        "share_a": float(row.share_a),
        "share_b": float(row.share_b),
        "start_timestamp": row.start_at.timestamp(),
        "end_timestamp": row.end_at.timestamp() if row.end_at else None,
        "status": row.status,
        "segmentations": sorted(uses.get(row.name, {})),
    }


# What follows describes the answers in the API's documentation and shapes nothing.


class SegmentationWarnings(serializers.Serializer[Body]):
    warnings = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text="Absent where there is nothing to warn of.",
    )


class SegmentationAnswer(SegmentationWarnings):
    id = serializers.CharField()
    name = serializers.CharField()
    segmentation = TreeField()


@extend_schema_serializer(many=False)
class SegmentationsAnswer(serializers.Serializer[Body]):
    segmentations = SegmentationAnswer(many=True)


class CreatedSegmentation(SegmentationWarnings):
    id = serializers.CharField()


class CreatedABTest(serializers.Serializer[Body]):
    id = serializers.CharField()


class ABTestAnswer(serializers.Serializer[Body]):
    id = serializers.CharField()
    salt = serializers.CharField()
    share_a = serializers.FloatField()
    share_b = serializers.FloatField()
    start_timestamp = serializers.FloatField()
    end_timestamp = serializers.FloatField(allow_null=True)
    status = serializers.ChoiceField([status.value for status in Status])
    segmentations = serializers.ListField(
        child=serializers.CharField(), help_text="Ids of those that name it."
    )


@extend_schema_serializer(many=False)
class ABTestsAnswer(serializers.Serializer[Body]):
    ab_tests = ABTestAnswer(many=True)


class GroupAnswer(serializers.Serializer[Body]):
    ab_test_id = serializers.CharField()
    group = serializers.ChoiceField(list(GROUPS.values()))
