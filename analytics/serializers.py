"""Queries in, answers out: float seconds UTC outside, datetimes inside."""

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from analytics import buckets, formula
from analytics.buckets import Granularity, SpanError
from analytics.models import KPI
from analytics.queries import Period, Table

EARLIEST, LATEST = -1.5e11, 3.5e9  # the published bounds of a timestamp
Answer = dict[str, Any]


class TimestampField(serializers.FloatField):
    """Float seconds since 1970 UTC."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=EARLIEST, max_value=LATEST, **options)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        seconds = super().run_validation(data)
        try:
            return None if seconds is None else buckets.moment(seconds)
        except SpanError as error:
            raise ValidationError(str(error)) from None


class TimezoneField(serializers.Field[ZoneInfo, str, str, Any]):
    """An IANA name, such as Europe/Paris."""

    def to_internal_value(self, data: str) -> ZoneInfo:
        try:
            return ZoneInfo(data)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            message = f"{data!r} is no time zone; expected one such as Europe/Paris"
            raise ValidationError(message) from None


class NamesQuery(serializers.Serializer[Answer]):
    """Which KPIs: repeated `kpis=`; none means all."""

    kpis = serializers.ListField(child=serializers.CharField(), default=list)


class SpanQuery(serializers.Serializer[Answer]):
    """Which part of the data, and how finely cut."""

    namespace = serializers.CharField(required=False, max_length=200)
    start_timestamp = TimestampField(required=False)
    end_timestamp = TimestampField(required=False)
    granularity = serializers.ChoiceField(list(Granularity), required=False)
    timezone = TimezoneField(required=False)

    def validate(self, attrs: Answer) -> Answer:
        start, end = attrs.get("start_timestamp"), attrs.get("end_timestamp")
        if start and end and start > end:
            raise ValidationError("start_timestamp must not be after end_timestamp")
        return attrs


class KPIStatusesQuery(NamesQuery):
    namespace = serializers.CharField(required=False, max_length=200)


class KPIValuesQuery(SpanQuery, NamesQuery):
    pass


class MetricValuesQuery(SpanQuery):
    names = serializers.ListField(child=serializers.CharField(), default=list)


def period(query: Answer) -> Period:
    """Returns the part of the data that a validated SpanQuery asks for."""
    granularity = query.get("granularity")
    return Period(
        start=query.get("start_timestamp"),
        end=query.get("end_timestamp"),
        granularity=Granularity(granularity) if granularity else None,
        zone=query.get("timezone", ZoneInfo("UTC")),
    )


def kpi_config(kpi: KPI) -> Answer:
    metadata = {
        "display_name": kpi.display_name,
        "unit": kpi.unit,
        "description": kpi.description,
    }
    metrics = list(formula.parse(kpi.formula).names)
    return {"name": kpi.name, "metadata": metadata, "metrics": metrics}


def kpi_table(table: Table) -> Answer:
    return {
        "start_timestamps": table.start_timestamps,
        "kpis": [
            {"kpi": one.name, "aggregate": one.aggregate, "values": one.values}
            for one in table.columns
        ],
    }


def metric_table(table: Table) -> Answer:
    return {
        "start_timestamps": table.start_timestamps,
        "metrics": [{"name": one.name, "values": one.values} for one in table.columns],
    }


def answer(body: Answer, *, warnings: list[str]) -> Answer:
    """Returns the body, with `warnings` where there is something to warn of."""
    return {**body, "warnings": warnings} if warnings else body
