"""Reads: the catalogue, and whether its numbers can be trusted."""

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from django.db.models import DateTimeField, Value
from django.db.models.expressions import RawSQL

from analytics.formulas import formula
from analytics.formulas.formula import Formula
from analytics.models import KPI, Backfill, Kind, Metric
from events import queries as event_queries
from segmentation.resolved import ResolvedSegmentation
from timegrid.periods import Period

FIRST = """
SELECT min(first.start_at)
FROM analytics_metric AS metric, LATERAL (
    SELECT start_at FROM analytics_bucket
    WHERE namespace_id = %s AND resolution = 300 AND metric_id = metric.id
        AND segment = 0
    ORDER BY start_at LIMIT 1
) AS first
"""
LAST = """
SELECT start_at FROM analytics_bucket
WHERE namespace_id = %s AND resolution = 300 AND metric_id = analytics_metric.id
    AND segment = 0 AND start_at <= %s
ORDER BY start_at DESC LIMIT 1
"""
EARLIEST = """
SELECT start_at FROM analytics_bucket
WHERE namespace_id = %s AND resolution = 300 AND metric_id = analytics_metric.id
    AND segment = 0 AND start_at <= %s
ORDER BY start_at LIMIT 1
"""
SILENCE = timedelta(days=7)
GONE = "names a metric that is gone or inactive: {}"
UNREADABLE = "has a formula that cannot be read"
FEW = 20  # unknown names that are told of


class Status(StrEnum):
    """Whether a KPI's numbers can be trusted."""

    OK = "ok"
    MISSING_CONFIG = "missing_config"
    MISSING_DATA = "missing_data"


def catalogue(names: Sequence[str]) -> tuple[list[KPI], list[str]]:
    """Returns active KPIs in order (no names: all) and warnings for unknown names."""
    kpis = list(KPI.objects.in_order())
    chosen, warnings = known([kpi.name for kpi in kpis], names, what="KPI")
    return [kpi for kpi in kpis if kpi.name in chosen], warnings


def unreadable(kpis: Sequence[KPI]) -> list[str]:
    """Returns a warning for each KPI whose formula cannot be read."""
    names = [kpi.name for kpi in kpis if formula.read(kpi.formula) is None]
    return [f"KPI {name} {UNREADABLE}" for name in names]


def known(
    existing: Sequence[str], names: Sequence[str], *, what: str
) -> tuple[list[str], list[str]]:
    """Returns which names are asked for, and warnings for a few that are unknown."""
    asked, there = dict.fromkeys(names), set(existing)
    unknown = [name for name in asked if name not in there]
    warnings = [f"unknown {what}: {name}" for name in unknown[:FEW]]
    if len(unknown) > FEW:
        warnings.append(f"{len(unknown) - FEW:,} more are no {what}")
    return [name for name in existing if not names or name in asked], warnings


class KPIState(NamedTuple):
    """Whether a KPI can be trusted; which of its metrics never had any data, and which
    are gone or inactive.
    """

    status: Status
    metrics_without_data: list[str] = []
    metrics_gone: list[str] = []

    @property
    def fault(self) -> str | None:
        """What is missing in its config, to go on after the KPI's name."""
        if self.status != Status.MISSING_CONFIG:
            return None
        return (
            GONE.format(", ".join(self.metrics_gone))
            if self.metrics_gone
            else UNREADABLE
        )


class DataState(NamedTuple):
    """When a namespace's data begin, None without any, and KPI name → state."""

    data_from: datetime | None
    kpis: dict[str, KPIState]


def data_state(*, namespace_id: int, kpis: Sequence[KPI], now: datetime) -> DataState:
    """Returns which numbers of a namespace can be trusted, in one statement.

    `missing_config`: the formula names a metric that is gone or inactive, or cannot be
    read.
    `missing_data`: a metric waits for its rebuild, or had buckets and none in the last
    7 days of the namespace's data. What never had any is not missing: its zero is
    right until the first such event. A namespace without any bucket is ok. What is
    pushed ahead of time, such as targets, says nothing yet.
    """
    metrics = list(
        Metric.objects.filter(active=True, kind__in=Kind.values).annotate(
            first_at=metric_bucket(EARLIEST, namespace_id, now),
            last_at=metric_bucket(LAST, namespace_id, now),
        )
    )
    missing = silent(
        {metric.name: (metric.stale, metric.last_at) for metric in metrics}
    )
    last = {metric.name: metric.last_at for metric in metrics}
    states = {
        kpi.name: state(formula.read(kpi.formula), last, missing=missing)
        for kpi in kpis
    }
    first_at = min(
        (metric.first_at for metric in metrics if metric.first_at), default=None
    )
    return DataState(first_at, states)


def silent(metrics: Mapping[str, tuple[bool, datetime | None]]) -> set[str]:
    """Returns the metrics that are stale, or whose last bucket is long before the last
    of all: each is (stale, start of its last bucket).
    """
    latest = max((last_at for _, last_at in metrics.values() if last_at), default=None)
    return {
        name
        for name, (stale, last_at) in metrics.items()
        if latest and (stale or (last_at or latest) < latest - SILENCE)
    }


def metric_bucket(statement: str, namespace_id: int, now: datetime) -> RawSQL:
    return RawSQL(statement, [namespace_id, now], output_field=DateTimeField())


def state(
    formula: Formula | None,
    last: Mapping[str, datetime | None],
    *,
    missing: AbstractSet[str],
) -> KPIState:
    """Returns a KPI's state by metric name → start of the metric's last bucket, and the
    names of the metrics whose data are missing.
    """
    if formula is None:
        return KPIState(Status.MISSING_CONFIG)
    without = [name for name in formula.names if name in last and last[name] is None]
    if gone := [name for name in formula.names if name not in last]:
        return KPIState(Status.MISSING_CONFIG, without, gone)
    if missing & set(formula.names):
        return KPIState(Status.MISSING_DATA, without)
    return KPIState(Status.OK, without)


def data_as_of(*, namespace_id: int, now: datetime) -> datetime:
    """Returns the time up to which the numbers have all that was received.

    Every event that was acknowledged before it is in the buckets, and every price.
    `now` must have been read before this is asked: what comes later may be missing.
    """
    waiting = event_queries.pending_from(namespace_id=namespace_id)
    return min(now, waiting or now)


def partial(
    segmentation: ResolvedSegmentation | None,
    *,
    names: Collection[str],
    since: datetime,
) -> list[str]:
    """Returns a warning where the leaves of a segmentation do not make the whole."""
    if segmentation is None or not names:
        return []
    rows = Backfill.objects.filter(
        segmentation=segmentation.id, definition=segmentation.definition
    )
    fill = rows.first()
    if fill is None:
        return [
            f"segmentation {segmentation.name} waits for its numbers: ask in a minute"
        ]
    if not fill.finished_at:
        done = f"{fill.done} of {fill.total} days"
        return [f"segmentation {segmentation.name} is being filled: {done} are done"]
    if fill.from_at and since < fill.from_at:
        whole_from = f"{fill.from_at:%Y-%m-%d %H:%M} UTC"
        return [f"segmentation {segmentation.name} is complete from {whole_from} on"]
    return []


def first_bucket(namespace_id: int, period: Period) -> RawSQL | Value:
    """Returns when the namespace's data begin, for a period that needs to know."""
    at = DateTimeField()
    if period.start and not period.complete:
        return Value(None, output_field=at)
    return RawSQL(FIRST, [namespace_id], output_field=at)
