"""How an explanation looks outside: exact sums as text, timestamps as float seconds."""

from typing import Any

from rest_framework import serializers

from analytics.lineage.queries import Explanation
from analytics.lineage.sources import Summand
from analytics.models import AggregationRun, Cause, Kind, Unit
from api.answers import Warned
from api.serializers import NamespaceInput
from api.spans import SpanQuery
from events.past import Covered

Answer = dict[str, Any]


class ExplanationQuery(SpanQuery, NamespaceInput):
    """The part of the data that was asked for when the number was published."""


def explanation(explained: Explanation) -> Answer:
    return {
        "kpi": explained.kpi.name,
        "formula": explained.kpi.text,
        "unit": explained.kpi.unit,
        "start_timestamp": explained.span.start_at.timestamp(),
        "end_timestamp": explained.span.end_at.timestamp(),
        "aggregate": explained.aggregate,
        "resolution": explained.resolution,
        "metrics": [summand(item) for item in explained.summands],
        "runs": [run(item) for item in explained.writers.runs],
        "batches": [batch(item) for item in explained.writers.batches],
        "history": {
            "first_timestamp": explained.history_from.timestamp(),
            "holds_span": explained.complete,
        },
    }


def summand(summed: Summand) -> Answer:
    metric = summed.metric
    return {
        "name": metric.name,
        "kind": metric.kind,
        "event_name": metric.event_name,
        "after": metric.after,
        "definition": metric.definition,
        "unit": metric.unit,
        "sum": summed.total,
        "resolutions": {
            str(size): {"count": count, "sum": total}
            for size, (count, total) in summed.sums.items()
        },
        "agrees": summed.agrees,
        "buckets": [
            {"start_timestamp": start, "value": value, "run": run}
            for start, value, run in summed.buckets
        ],
    }


def run(written: AggregationRun) -> Answer:
    return {
        "id": written.pk,
        "cause": written.cause,
        "started_timestamp": written.started_at.timestamp(),
        "finished_timestamp": written.finished_at.timestamp(),
        "batches": written.batches,
        "events": written.events,
        "buckets": written.buckets,
    }


def batch(covered: Covered) -> Answer:
    return {
        "id": covered.id,
        "shard": covered.shard,
        "events": covered.events,
        "drained_timestamp": covered.drained_at.timestamp(),
        "run": covered.run_id,
    }


# What follows describes the answer in the API's documentation and shapes nothing.


class StoredSum(serializers.Serializer[Answer]):
    count = serializers.IntegerField()
    sum = serializers.CharField()


class StoredBucket(serializers.Serializer[Answer]):
    start_timestamp = serializers.FloatField()
    value = serializers.CharField()
    run = serializers.IntegerField(
        allow_null=True, help_text="null: written before runs were recorded."
    )


class SummandAnswer(serializers.Serializer[Answer]):
    name = serializers.CharField()
    kind = serializers.ChoiceField(Kind.choices)
    event_name = serializers.CharField(allow_blank=True)
    after = serializers.CharField(allow_blank=True)
    definition = serializers.CharField()
    unit = serializers.ChoiceField(Unit.choices)
    sum = serializers.CharField(help_text="Exact; the formula is computed over it.")
    resolutions = serializers.DictField(
        child=StoredSum(), help_text="By the length of a bucket in seconds."
    )
    agrees = serializers.BooleanField(help_text="All resolutions sum to the same.")
    buckets = StoredBucket(many=True)


class RunAnswer(serializers.Serializer[Answer]):
    id = serializers.IntegerField()
    cause = serializers.ChoiceField(Cause.choices)
    started_timestamp = serializers.FloatField()
    finished_timestamp = serializers.FloatField()
    batches = serializers.IntegerField()
    events = serializers.IntegerField()
    buckets = serializers.IntegerField()


class BatchAnswer(serializers.Serializer[Answer]):
    id = serializers.IntegerField()
    shard = serializers.IntegerField()
    events = serializers.IntegerField()
    drained_timestamp = serializers.FloatField()
    run = serializers.IntegerField()


class HistoryAnswer(serializers.Serializer[Answer]):
    first_timestamp = serializers.FloatField(
        help_text="From here on, all events are still held."
    )
    holds_span = serializers.BooleanField(
        help_text="All events that the number depends on are still held."
    )


class ExplanationAnswer(Warned):
    kpi = serializers.CharField()
    formula = serializers.CharField()
    unit = serializers.ChoiceField(Unit.choices)
    start_timestamp = serializers.FloatField()
    end_timestamp = serializers.FloatField()
    aggregate = serializers.FloatField(allow_null=True)
    resolution = serializers.IntegerField(help_text="Seconds; of the listed buckets.")
    metrics = SummandAnswer(many=True)
    runs = RunAnswer(many=True)
    batches = BatchAnswer(many=True)
    history = HistoryAnswer()
