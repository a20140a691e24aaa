"""Writes of what other programs know: values of metrics of the kind `external`."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from analytics.buckets import recompute, runs
from analytics.models import WHOLE, AggregationRun, Cause, Kind, Metric
from db import sql
from timegrid import buckets
from timegrid.buckets import FIVE_MINUTES, Span

PUT = """
WITH pushed AS MATERIALIZED (
    SELECT metric_id, to_timestamp(second) AS start_at, value
    FROM unnest(%(metrics)s::bigint[], %(seconds)s::bigint[], %(values)s::numeric[])
        AS pushed (metric_id, second, value)
), emptied AS (
    DELETE FROM analytics_bucket AS bucket USING pushed
    WHERE namespace_id = %(namespace_id)s AND resolution = 300
        AND bucket.metric_id = pushed.metric_id AND segment = 0
        AND bucket.start_at = pushed.start_at AND pushed.value = 0
)
INSERT INTO analytics_bucket
    (namespace_id, resolution, metric_id, segment, start_at, value, run_id)
SELECT %(namespace_id)s, 300, metric_id, 0, start_at, value, %(run_id)s
FROM pushed WHERE value <> 0
ON CONFLICT (namespace_id, resolution, metric_id, segment, start_at)
DO UPDATE SET value = EXCLUDED.value, run_id = EXCLUDED.run_id
"""


class PushError(ValueError):
    """Metrics that take no values from outside; `reasons` says why, by name."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        super().__init__(" ".join(reasons.values()))
        self.reasons = reasons


@transaction.atomic(savepoint=False)
def put(
    *,
    namespace_id: int,
    starts: Sequence[datetime],
    values: Mapping[str, Sequence[Decimal]],
    at: datetime,
) -> AggregationRun:
    """Sets five-minute buckets, all or none, then the hours and days above them.

    `starts` are distinct starts of five minutes; `values` has as many for each metric's
    name. A zero leaves no bucket. Raises PushError.

    Waits for other pushes of the namespace and for buckets that are loaded into it, but
    for no aggregation: that writes no bucket of an external metric.
    """
    metrics = ids(values)
    sql.lock("push", key=namespace_id)
    run = runs.begin(namespace_id=namespace_id, cause=Cause.PUSH, at=at)
    columns = {metrics[name]: column for name, column in values.items()}
    written = sql.execute(
        PUT, namespace_id=namespace_id, run_id=run.pk, **rows(starts, columns)
    )
    above = recompute.roll_up(
        namespace_id=namespace_id,
        metrics=list(metrics.values()),
        segments=[WHOLE],
        spans=spans(starts),
        run_id=run.pk,
    )
    return runs.finish(run, buckets=written + above)


def rows(
    starts: Sequence[datetime], columns: Mapping[int, Sequence[Decimal]]
) -> dict[str, str]:
    """Returns the parameters of PUT: a row for each start and metric, in parallel."""
    seconds = [int(start.timestamp()) for start in starts]
    values = (f"{value:f}" for column in columns.values() for value in column)
    return {
        "metrics": sql.array(metric_id for metric_id in columns for _ in starts),
        "seconds": sql.array(seconds * len(columns)),
        "values": sql.array(values),
    }


def ids(names: Iterable[str]) -> dict[str, int]:
    """Returns the ids of metrics by name. Raises PushError."""
    metrics = {
        metric.name: metric for metric in Metric.objects.filter(name__in=list(names))
    }
    reasons = {name: reason(name, metrics.get(name)) for name in names}
    if wrong := {name: why for name, why in reasons.items() if why}:
        raise PushError(wrong)
    return {name: metric.pk for name, metric in metrics.items()}


def reason(name: str, metric: Metric | None) -> str:
    """Returns why no values can be pushed for a metric; empty where they can."""
    if metric is None:
        return f"There is no metric named {name}."
    if metric.kind != Kind.EXTERNAL:
        return f"{name} is of the kind {metric.kind}: only external takes values."
    return "" if metric.active else f"{name} is not active."


def spans(starts: Iterable[datetime]) -> list[Span]:
    """Returns the spans, sorted and disjoint, of five minutes that start there."""
    each = [Span(at, at + timedelta(seconds=FIVE_MINUTES)) for at in sorted(starts)]
    return buckets.widened(each, resolution=FIVE_MINUTES)
