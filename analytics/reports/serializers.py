"""Reports in and out of JSON: what is asked for, and how far it is."""

from collections.abc import Mapping
from typing import Any

from django_filters import ChoiceFilter
from django_filters.rest_framework import FilterSet
from rest_framework import serializers

from analytics.models import Format, Report, Status
from analytics.series.serializers import names_field
from api.answers import Warned
from api.serializers import (
    Body,
    Input,
    ListField,
    NamespaceInput,
    namespace_field,
    require_number,
)
from api.spans import SpanQuery, TimestampField, TimezoneField

TASK = "analytics_report_export"
URL = f"/tasks/private/{TASK}/"
MOST_TASKS = 64
NONE_AT_ALL = "Without any name in `kpis` and `metrics`: all KPIs."


def listed(what: str) -> ListField:
    return names_field(
        required=False,
        allow_null=True,
        help_text=f"Names of {what}; one that is unknown is left out, with a warning. "
        + NONE_AT_ALL,
    )


class ZoneField(TimezoneField):
    """As in a query; JSON can also hold what is no text."""

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value(data if isinstance(data, str) else f"{data}")


class SecondsField(TimestampField):
    """As in a query; in JSON it is a number."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if data is not serializers.empty:
            require_number(data)
        return super().run_validation(data)


class Payload(SpanQuery):
    """What a report holds; null is as good as absent."""

    start_timestamp = SecondsField(
        required=False,
        help_text="Seconds since 1970 UTC. Default: the first stored data.",
    )
    end_timestamp = SecondsField(
        required=False,
        help_text="Seconds since 1970 UTC. Default: when it is asked for.",
    )
    segmentation_id = serializers.CharField(
        max_length=64,
        required=False,
        allow_null=True,
        help_text="Each column is followed by those of the segmentation's leaves.",
    )
    kpis = listed("KPIs")
    metrics = listed("metrics")
    timezone = ZoneField(required=False, help_text="IANA name. Default: UTC.")
    format = serializers.ChoiceField(Format.choices, default=Format.CSV.value)

    def to_internal_value(self, data: Any) -> Any:
        """Leaves out what is null."""
        if isinstance(data, Mapping):
            data = {name: value for name, value in data.items() if value is not None}
        return super().to_internal_value(data)


class ExportBody(NamespaceInput):
    payload = Payload(required=False, allow_null=True)


def canonical(sent: Mapping[str, Any]) -> Body:
    """Returns a validated Payload as plain JSON: what asks for the same is the same."""
    payload = dict(sent)
    for name in ("start_timestamp", "end_timestamp"):
        if name in payload:
            payload[name] = payload[name].timestamp()
    for name in ("kpis", "metrics"):
        if name in payload:
            payload[name] = list(dict.fromkeys(payload[name]))
    payload["timezone"] = payload["timezone"].key if "timezone" in payload else "UTC"
    payload.setdefault("format", Format.CSV.value)
    return {name: value for name, value in payload.items() if value not in (None, [])}


class NamespaceQuery(Input):
    namespace = namespace_field("Default: any that the caller may read.")


class ReportFilter(FilterSet):  # type: ignore[misc]  # django-filter is untyped
    status = ChoiceFilter(choices=[(status.value, status.value) for status in Status])

    class Meta:
        model = Report
        fields: list[str] = []


class RecentsQuery(NamespaceInput):
    others = ReportFilter.base_filters
    page = serializers.IntegerField(min_value=1, max_value=1_000_000, default=1)
    amt = serializers.IntegerField(min_value=1, max_value=MOST_TASKS, default=50)


def task(report: Report) -> Body:
    """Returns a report as clients follow it; `progress` is for people."""
    body: Body = {
        "task_id": report.pk,
        "name": TASK,
        "start_time": report.requested_at.timestamp(),
        "status": report.status,
        "progress": progress(report),
        "format": report.payload["format"],
        "payload": report.payload,
    }
    if report.explanation:
        body["message"] = report.explanation
    if report.status == Status.COMPLETED:
        body["download"] = download(report)
        body |= {"size": report.size, "sha256": report.sha256}
    return body


def download(report: Report) -> str:
    """Returns the path of a report's file."""
    return f"{URL}{report.pk}/download/"


def progress(report: Report) -> str:
    """Returns how far a report is, in percent, or why it has failed."""
    failed = report.status == Status.FAILED and report.message
    return failed or f"{report.progress} %"


# What follows describes the answers in the API's documentation and shapes nothing.


class Requested(Warned):
    task_id = serializers.CharField()


class Asked(serializers.Serializer[Body]):
    """A payload with what was left out, as it was taken."""

    kpis = serializers.ListField(child=serializers.CharField(), required=False)
    metrics = serializers.ListField(child=serializers.CharField(), required=False)
    start_timestamp = serializers.FloatField(required=False)
    end_timestamp = serializers.FloatField(required=False)
    granularity = serializers.CharField(required=False)
    timezone = serializers.CharField()
    segmentation = serializers.CharField(required=False)
    format = serializers.ChoiceField(Format.choices)


class Task(serializers.Serializer[Body]):
    task_id = serializers.CharField()
    name = serializers.CharField()
    start_time = serializers.FloatField(help_text="When it was asked for, in seconds.")
    status = serializers.ChoiceField(Status.choices)
    progress = serializers.CharField(
        help_text="Such as `37 %`, or what went wrong where the task has failed."
    )
    message = serializers.CharField(
        required=False, help_text="What went wrong in an attempt."
    )
    download = serializers.CharField(
        required=False, help_text="The path of the file, once it is completed."
    )
    size = serializers.IntegerField(required=False, help_text="Bytes.")
    sha256 = serializers.CharField(required=False)
    format = serializers.ChoiceField(Format.choices)
    payload = Asked(help_text="What was asked for.")


class Tasks(serializers.Serializer[Body]):
    has_next = serializers.BooleanField()
    next_page = serializers.IntegerField()
    tasks = Task(many=True)
