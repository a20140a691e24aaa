"""How a request names a part of the data: float seconds outside, datetimes inside."""

import math
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from api import zones
from api.serializers import Input
from timegrid import buckets
from timegrid.buckets import Granularity, SpanError
from timegrid.comparisons import Comparison
from timegrid.periods import Period

EARLIEST, LATEST = -1.5e11, 3.5e9  # the published bounds of a timestamp


class TimestampField(serializers.FloatField):
    """Float seconds since 1970 UTC."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=EARLIEST, max_value=LATEST, **options)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        seconds = super().run_validation(data)
        if isinstance(data, str | Decimal) and math.isfinite(seconds):
            seconds = Decimal(str(data).strip())  # which says more than a float holds
        try:
            return None if seconds is None else buckets.moment(seconds)
        except SpanError as error:
            raise ValidationError(str(error)) from None


@extend_schema_field(OpenApiTypes.STR)
class TimezoneField(serializers.Field[ZoneInfo, str, str, Any]):
    """An IANA name, such as Europe/Paris."""

    def to_internal_value(self, data: str) -> ZoneInfo:
        try:
            return zones.zone(data)
        except ValueError as error:
            message = f"{data!r} is no IANA time zone: {error}"
            raise ValidationError(message) from None


class SpanQuery(Input):
    """Which part of the data, and how finely cut."""

    start_timestamp = TimestampField(
        required=False,
        help_text="Seconds since 1970 UTC; cells start there or before. "
        "Default: the first stored data.",
    )
    end_timestamp = TimestampField(
        required=False,
        help_text="Seconds since 1970 UTC; cells end there or after. Default: now.",
    )
    granularity = serializers.ChoiceField(
        list(Granularity),
        required=False,
        help_text="Size of the cells. Default: what suits the span.",
    )
    timezone = TimezoneField(
        required=False,
        help_text="IANA name of the clock by which hours, days, weeks and months "
        "begin, such as Europe/Paris. Default: UTC.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        start, end = attrs.get("start_timestamp"), attrs.get("end_timestamp")
        if start and end and start > end:
            raise ValidationError("start_timestamp must not be after end_timestamp")
        return attrs


def period(query: dict[str, Any]) -> Period:
    """Returns the part of the data that a validated SpanQuery asks for.

    A query that has a `compare`, a Comparison's value, or `complete` asks for that too.
    """
    granularity, compare = query.get("granularity"), query.get("compare")
    return Period(
        start=query.get("start_timestamp"),
        end=query.get("end_timestamp"),
        granularity=Granularity(granularity) if granularity else None,
        zone=query.get("timezone", ZoneInfo("UTC")),
        compare=Comparison(compare) if compare else None,
        complete=query.get("complete", False),
    )
