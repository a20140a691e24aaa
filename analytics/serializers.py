"""Queries in, answers out: float seconds UTC outside, datetimes inside."""

from typing import Any

from rest_framework import serializers

from analytics import formula
from analytics.models import KPI, Unit
from analytics.queries import Status, Table
from events.spans import SpanQuery, namespace_field

Answer = dict[str, Any]


class NamesQuery(serializers.Serializer[Answer]):
    """Which KPIs: repeated `kpis=`; none means all."""

    kpis = serializers.ListField(
        child=serializers.CharField(),
        default=list,
        help_text="KPI names, as a repeated parameter. Default: all.",
    )


class KPIStatusesQuery(NamesQuery):
    namespace = namespace_field()


class KPIValuesQuery(SpanQuery, NamesQuery):
    namespace = namespace_field()


class MetricValuesQuery(SpanQuery):
    namespace = namespace_field()
    names = serializers.ListField(
        child=serializers.CharField(),
        default=list,
        help_text="Metric names, as a repeated parameter. Default: all.",
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
