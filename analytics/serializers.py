"""Queries in, answers out: float seconds UTC outside, datetimes inside."""

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from analytics import buckets, formula
from analytics.buckets import Granularity, SpanError
from analytics.models import KPI, Unit
from analytics.queries import Period, Status, Table

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


@extend_schema_field(OpenApiTypes.STR)
class TimezoneField(serializers.Field[ZoneInfo, str, str, Any]):
    """An IANA name, such as Europe/Paris."""

    def to_internal_value(self, data: str) -> ZoneInfo:
        try:
            return ZoneInfo(data)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            message = f"{data!r} is no time zone; expected one such as Europe/Paris"
            raise ValidationError(message) from None


def namespace_field() -> serializers.CharField:
    help_text = "Default: the caller's only one, or `default`."
    return serializers.CharField(required=False, max_length=200, help_text=help_text)


class NamesQuery(serializers.Serializer[Answer]):
    """Which KPIs: repeated `kpis=`; none means all."""

    kpis = serializers.ListField(
        child=serializers.CharField(),
        default=list,
        help_text="KPI names, as a repeated parameter. Default: all.",
    )


class SpanQuery(serializers.Serializer[Answer]):
    """Which part of the data, and how finely cut."""

    namespace = namespace_field()
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

    def validate(self, attrs: Answer) -> Answer:
        start, end = attrs.get("start_timestamp"), attrs.get("end_timestamp")
        if start and end and start > end:
            raise ValidationError("start_timestamp must not be after end_timestamp")
        return attrs


class KPIStatusesQuery(NamesQuery):
    namespace = namespace_field()


class KPIValuesQuery(SpanQuery, NamesQuery):
    pass


class MetricValuesQuery(SpanQuery):
    names = serializers.ListField(
        child=serializers.CharField(),
        default=list,
        help_text="Metric names, as a repeated parameter. Default: all.",
    )


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


# What follows describes the answers in the API's documentation and shapes nothing:
# DRF would take longer to write ten thousand numbers than to read them.


class Warned(serializers.Serializer[Answer]):
    warnings = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text="Absent where there is nothing to warn of.",
    )


class KPIMetadata(serializers.Serializer[Answer]):
    display_name = serializers.CharField()
    unit = serializers.ChoiceField(Unit.choices)
    description = serializers.CharField()


class KPIConfig(serializers.Serializer[Answer]):
    name = serializers.CharField()
    metadata = KPIMetadata()
    metrics = serializers.ListField(child=serializers.CharField())


class KPIConfigsAnswer(Warned):
    kpis = KPIConfig(many=True)


class KPIStatus(serializers.Serializer[Answer]):
    status = serializers.ChoiceField(list(Status))
    kpi = KPIConfig()


class KPIStatusesAnswer(Warned):
    statuses = KPIStatus(many=True)


class KPIColumn(serializers.Serializer[Answer]):
    """`null` is a gap: something was divided by nothing."""

    kpi = serializers.CharField()
    aggregate = serializers.FloatField(allow_null=True)
    values = serializers.ListField(child=serializers.FloatField(allow_null=True))


class Cells(Warned):
    start_timestamps = serializers.ListField(child=serializers.FloatField())


class KPIValuesAnswer(Cells):
    kpis = KPIColumn(many=True)


class MetricColumn(serializers.Serializer[Answer]):
    name = serializers.CharField()
    values = serializers.ListField(child=serializers.FloatField())


class MetricValuesAnswer(Cells):
    metrics = MetricColumn(many=True)


class ReadyAnswer(serializers.Serializer[Answer]):
    ready = serializers.BooleanField()
    redis = serializers.BooleanField()
    inbox_lag_seconds = serializers.FloatField()
    aggregation_lag_seconds = serializers.FloatField()


class ErrorAnswer(serializers.Serializer[Answer]):
    error_code = serializers.IntegerField()
    error_name = serializers.CharField()
    message = serializers.CharField()
    error_data = serializers.DictField()
