"""Queries in, answers out: float seconds UTC outside, datetimes inside."""

from collections.abc import Callable
from typing import Any

from rest_framework import serializers

from analytics.formulas import formula
from analytics.models import KPI, Unit
from analytics.series.queries import KPIState, Status
from analytics.series.tables import Column, Table
from api.answers import Warned
from api.serializers import ListField, NamespaceInput
from api.spans import SpanQuery
from timegrid.comparisons import Comparison

MOST_NAMES = 1_000
FORMATS = (
    "{input} is not answered here: expected json or csv. A report can be xlsx: "
    "POST /tasks/private/analytics_report_export/."
)
Answer = dict[str, Any]


def names_field(**options: Any) -> ListField:
    """Returns a list of names, each of which a row of the catalogue could have."""
    child = serializers.CharField(max_length=64)
    return ListField(child=child, max_length=MOST_NAMES, **options)


class NamesQuery(NamespaceInput):
    """Which KPIs: repeated `kpis=`; none means all."""

    kpis = names_field(
        default=list, help_text="KPI names, as a repeated parameter. Default: all."
    )


class TableQuery(SpanQuery, NamespaceInput):
    format = serializers.ChoiceField(
        ["json", "csv"],
        required=False,
        error_messages={"invalid_choice": FORMATS},
        help_text="Before what `Accept` says. Default: json.",
    )
    compare = serializers.ChoiceField(
        list(Comparison),
        required=False,
        help_text="Adds `previous`, cell for cell: as many cells right before, or the "
        "same ones by the local clock 7 days, or 52 weeks, before (of months: the same "
        "months a year before).",
    )
    complete = serializers.BooleanField(
        default=False,
        help_text="Adds `complete`, whether all that was received is counted in a "
        "cell: false of the running cell, of those that reach beyond the time asked "
        "for, and of those before the first data.",
    )


class SegmentedQuery(TableQuery):
    segmentation = serializers.CharField(
        required=False,
        help_text="The id of a segmentation: each series is followed by those of its "
        "leaves, with the leaf's path as `segment`.",
    )


class KPIValuesQuery(SegmentedQuery, NamesQuery):
    """Which KPIs, and which part of the data."""


class MetricValuesQuery(SegmentedQuery):
    names = names_field(
        default=list, help_text="Metric names, as a repeated parameter. Default: all."
    )


def kpi_config(kpi: KPI) -> Answer:
    metadata = {
        "display_name": kpi.display_name,
        "unit": kpi.unit,
        "description": kpi.description,
    }
    readable = formula.read(kpi.formula)
    metrics = list(readable.names) if readable else []
    return {"name": kpi.name, "metadata": metadata, "metrics": metrics}


def kpi_status(kpi: KPI, *, state: KPIState) -> Answer:
    """Returns a KPI's state with its config; metrics that are gone, where any are."""
    status = {name: value for name, value in state._asdict().items() if value}
    status.setdefault("metrics_without_data", [])
    return {**status, "kpi": kpi_config(kpi)}


def kpi_table(table: Table) -> Answer:
    def numbers(column: Column) -> Answer:
        return {"aggregate": column.aggregate, "values": column.values}

    return {**starts(table), "kpis": columns(table, name="kpi", numbers=numbers)}


def metric_table(table: Table) -> Answer:
    def numbers(column: Column) -> Answer:
        return {"values": column.values}

    return {**starts(table), "metrics": columns(table, name="name", numbers=numbers)}


def starts(table: Table) -> Answer:
    """Returns when the cells start, and those that they are compared with, and which
    of them are complete, where that was asked for.
    """
    body: Answer = {}
    for prefix, cells in (("", table), ("previous_", table.previous)):
        if cells:
            body[f"{prefix}start_timestamps"] = cells.start_timestamps
        if cells and cells.complete is not None:
            body[f"{prefix}complete"] = cells.complete
        if cells and cells.end_timestamp is not None:
            body[f"{prefix}end_timestamp"] = cells.end_timestamp
    return body


def columns(
    table: Table, *, name: str, numbers: Callable[[Column], Answer]
) -> list[Answer]:
    """Returns a column's `name` and numbers, with those it is compared with."""
    bodies = [
        {name: column.name, **segment(column), **numbers(column)}
        for column in table.columns
    ]
    if table.previous:
        for body, previous in zip(bodies, table.previous.columns, strict=True):
            body["previous"] = numbers(previous)
    return bodies


def segment(column: Column) -> Answer:
    return {"segment": column.segment} if column.segment else {}


def answer(body: Answer, *, warnings: list[str]) -> Answer:
    """Returns the body, with `warnings` where there is something to warn of."""
    return {**body, "warnings": warnings} if warnings else body


# What follows describes the answers in the API's documentation and shapes nothing:
# DRF would take longer to write ten thousand numbers than to read them.


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
    metrics_without_data = serializers.ListField(
        child=serializers.CharField(),
        help_text="Those of its metrics of whose kind no event was ever counted: their "
        "zero is right, nothing is missing.",
    )
    metrics_gone = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text="Those of its metrics that are gone or inactive, where any are.",
    )
    kpi = KPIConfig()


class KPIStatusesAnswer(Warned):
    data_from = serializers.FloatField(
        allow_null=True,
        help_text="Seconds. The start of the namespace's first bucket; null: none yet.",
    )
    data_as_of = serializers.FloatField(
        help_text="Seconds. Every event that was acknowledged before is in the numbers."
    )
    statuses = KPIStatus(many=True)


class KPINumbers(serializers.Serializer[Answer]):
    """`null` is a gap: something was divided by nothing, or there was no such time."""

    aggregate = serializers.FloatField(allow_null=True)
    values = serializers.ListField(child=serializers.FloatField(allow_null=True))


class KPIColumn(KPINumbers):
    kpi = serializers.CharField()
    segment = serializers.CharField(
        required=False, help_text="With `segmentation`: the leaf's path."
    )
    previous = KPINumbers(
        required=False, help_text="With `compare`: the earlier numbers, cell for cell."
    )


class Cells(Warned):
    start_timestamps = serializers.ListField(child=serializers.FloatField())
    previous_start_timestamps = serializers.ListField(
        child=serializers.FloatField(),
        required=False,
        help_text="With `compare`: as many starts of earlier cells. Two are equal "
        "where the clock skipped an hour then, or shows it twice now: `null` is the "
        "value of the first.",
    )
    previous_end_timestamp = serializers.FloatField(
        required=False,
        help_text="With `compare`, while the period runs: where the earlier aggregates "
        "end, which are over as much time as has passed of it. The cell that holds it "
        "ends there too.",
    )
    complete = serializers.ListField(
        child=serializers.BooleanField(),
        required=False,
        help_text="With `complete`: whether all received is counted in a cell.",
    )
    previous_complete = serializers.ListField(
        child=serializers.BooleanField(),
        required=False,
        help_text="With `complete` and `compare`: the same of the earlier cells.",
    )


class KPIValuesAnswer(Cells):
    kpis = KPIColumn(many=True)


class PreviousMetricNumbers(serializers.Serializer[Answer]):
    """`null` is a gap: there was no such time."""

    values = serializers.ListField(child=serializers.FloatField(allow_null=True))


class MetricColumn(serializers.Serializer[Answer]):
    name = serializers.CharField()
    segment = serializers.CharField(
        required=False, help_text="With `segmentation`: the leaf's path."
    )
    values = serializers.ListField(child=serializers.FloatField())
    previous = PreviousMetricNumbers(
        required=False, help_text="With `compare`: the earlier values, cell for cell."
    )


class MetricValuesAnswer(Cells):
    metrics = MetricColumn(many=True)
