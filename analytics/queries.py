"""Reads: KPIs and metrics over a span, each in a constant number of statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import DateTimeField, Value
from django.db.models.expressions import RawSQL

from access import sql
from analytics import formula, sums
from analytics.formula import Formula, Series
from analytics.models import KPI, Metric
from events import buckets, periods
from events.periods import Period

FIRST = """
SELECT min(first.start_at)
FROM analytics_metric AS metric, LATERAL (
    SELECT start_at FROM analytics_bucket
    WHERE namespace_id = %s AND resolution = 300 AND metric_id = metric.id
        AND segment = 0
    ORDER BY start_at LIMIT 1
) AS first
"""


@dataclass(frozen=True, slots=True)
class Column:
    """A KPI's or a metric's numbers: one value a cell, and one for all of them."""

    name: str
    values: list[float | None]
    aggregate: float | None


@dataclass(frozen=True, slots=True)
class Table:
    """Columns over the same cells; `start_timestamps` in seconds."""

    start_timestamps: list[float]
    columns: list[Column]
    warnings: list[str]


LAST = """
SELECT metric.name, (
    SELECT start_at FROM analytics_bucket
    WHERE namespace_id = %(namespace_id)s AND resolution = 300
        AND metric_id = metric.id AND segment = 0
    ORDER BY start_at DESC LIMIT 1
)
FROM analytics_metric AS metric WHERE metric.active
"""
SILENCE = timedelta(days=7)


class Status(StrEnum):
    """Whether a KPI's numbers can be trusted."""

    OK = "ok"
    MISSING_CONFIG = "missing_config"
    MISSING_DATA = "missing_data"


def catalogue(names: Sequence[str]) -> tuple[list[KPI], list[str]]:
    """Returns active KPIs in order (no names: all) and warnings for unknown names."""
    kpis = list(KPI.objects.in_order())
    kept, warnings = known([kpi.name for kpi in kpis], names, what="KPI")
    return [kpi for kpi in kpis if kpi.name in kept], warnings


def known(
    found: Sequence[str], names: Sequence[str], *, what: str
) -> tuple[list[str], list[str]]:
    """Returns which names are asked for, and a warning for each that is unknown."""
    unknown = [name for name in dict.fromkeys(names) if name not in found]
    warnings = [f"unknown {what}: {name}" for name in unknown]
    return [name for name in found if not names or name in names], warnings


def statuses(*, namespace_id: int | None, kpis: Sequence[KPI]) -> dict[str, Status]:
    """Returns KPI name → status, in one statement.

    `missing_config`: the formula names a metric that is gone or inactive.
    `missing_data`: a metric has had no bucket in the last 7 days of the namespace's
    data. A namespace without any bucket is ok: nothing is missing yet.
    """
    last = dict(sql.fetch(LAST, namespace_id=namespace_id))
    return {kpi.name: status(formula.parse(kpi.formula), last) for kpi in kpis}


def status(one: Formula, last: Mapping[str, datetime | None]) -> Status:
    """Returns the status by metric name → start of the metric's last bucket."""
    if not last.keys() >= set(one.names):
        return Status.MISSING_CONFIG
    latest = max((at for at in last.values() if at), default=None)
    ends = [last[name] for name in one.names]
    if latest and any(at is None or at < latest - SILENCE for at in ends):
        return Status.MISSING_DATA
    return Status.OK


def kpi_values(
    *, namespace_id: int, names: Sequence[str], period: Period, now: datetime
) -> Table:
    """Returns KPIs over a period: two statements, whatever the span.

    A value is the formula over the cell's sums, the aggregate the formula over the
    sums of all cells; None where something is divided by nothing. Raises SpanError.
    """
    rows = list(
        KPI.objects.in_order()
        .annotate(first_at=first_bucket(namespace_id, period))
        .values_list("name", "formula", "first_at")
    )
    kept, warnings = known([name for name, _, _ in rows], names, what="KPI")
    formulas = {name: formula.parse(text) for name, text, _ in rows if name in kept}
    edges = periods.cells(period, first_at=rows[0][2] if rows else None, now=now)
    wanted = {name for one in formulas.values() for name in one.names}
    found = sums.of(namespace_id=namespace_id, names=wanted, edges=edges)
    columns = [
        column(name, one, found, len(edges) - 1) for name, one in formulas.items()
    ]
    warnings += [
        f"KPI {name} names a metric that is gone or inactive"
        for name, one in formulas.items()
        if not found.keys() >= set(one.names)
    ]
    return Table(buckets.timestamps(edges), columns, warnings)


def column(name: str, one: Formula, found: Mapping[str, Series], cells: int) -> Column:
    """Returns a KPI's numbers: its formula over the cells' sums, and over their sum."""
    if not found.keys() >= set(one.names):
        return Column(name, [None] * cells, None)
    *values, aggregate = formula.gaps(one.series(found))
    return Column(name, values, aggregate)


def metric_values(
    *, namespace_id: int, names: Sequence[str], period: Period, now: datetime
) -> Table:
    """Returns metrics over a period: two statements, whatever the span."""
    active = Metric.objects.filter(active=True).order_by("name")
    rows = list(
        active.annotate(first_at=first_bucket(namespace_id, period)).values_list(
            "name", "first_at"
        )
    )
    kept, warnings = known([name for name, _ in rows], names, what="metric")
    edges = periods.cells(period, first_at=rows[0][1] if rows else None, now=now)
    found = sums.of(namespace_id=namespace_id, names=set(kept), edges=edges)
    columns = [
        Column(name, found[name][:-1].tolist(), float(found[name][-1]))
        for name in kept
        if name in found  # or it was switched off this moment
    ]
    return Table(buckets.timestamps(edges), columns, warnings)


def first_bucket(namespace_id: int, period: Period) -> RawSQL | Value:
    """Returns when the namespace's data begin, for a period that does not say."""
    at = DateTimeField()
    if period.start:
        return Value(None, output_field=at)
    return RawSQL(FIRST, [namespace_id], output_field=at)
