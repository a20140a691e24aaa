"""Reads: KPIs and metrics over a span, each in a constant number of statements."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from django.db.models import DateTimeField, Value
from django.db.models.expressions import RawSQL

from analytics import formula, sums, tables
from analytics.formula import Formula, Series
from analytics.models import KPI, WHOLE, Fill, Metric
from analytics.tables import Column, Table
from events import periods
from events import queries as events
from events.buckets import TooManyCells
from events.periods import Period
from segmentation.cuts import Cut

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
SILENCE = timedelta(days=7)
MOST_NUMBERS = 1_000_000  # read for one answer
FEW = 20  # unknown names that are told of


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
    """Returns which names are asked for, and warnings for a few that are unknown."""
    asked, there = dict.fromkeys(names), set(found)
    unknown = [name for name in asked if name not in there]
    warnings = [f"unknown {what}: {name}" for name in unknown[:FEW]]
    if len(unknown) > FEW:
        warnings.append(f"{len(unknown) - FEW:,} more are no {what}")
    return [name for name in found if not names or name in asked], warnings


class KPIState(NamedTuple):
    """Whether a KPI can be trusted, and which of its metrics never had any data."""

    status: Status
    metrics_without_data: list[str]


def statuses(
    *, namespace_id: int, kpis: Sequence[KPI], now: datetime
) -> dict[str, KPIState]:
    """Returns KPI name → state, in one statement.

    `missing_config`: the formula names a metric that is gone or inactive.
    `missing_data`: a metric waits for its rebuild, or had buckets and none in the last
    7 days of the namespace's data. What never had any is not missing: its zero is
    right until the first such event. A namespace without any bucket is ok. What is
    pushed ahead of time, such as targets, says nothing yet.
    """
    last_at = RawSQL(LAST, [namespace_id, now], output_field=DateTimeField())
    metrics = list(Metric.objects.filter(active=True).annotate(last_at=last_at))
    latest = max((one.last_at for one in metrics if one.last_at), default=None)
    last = {one.name: one.last_at for one in metrics}
    missing = {
        one.name
        for one in metrics
        if latest and (one.stale or (one.last_at or latest) < latest - SILENCE)
    }
    return {
        kpi.name: state(formula.parse(kpi.formula), last, missing=missing)
        for kpi in kpis
    }


def state(
    one: Formula, last: Mapping[str, datetime | None], *, missing: AbstractSet[str]
) -> KPIState:
    """Returns a KPI's state by metric name → start of the metric's last bucket, and the
    names of the metrics whose data are missing.
    """
    without = [name for name in one.names if name in last and last[name] is None]
    if not last.keys() >= set(one.names):
        return KPIState(Status.MISSING_CONFIG, without)
    if missing & set(one.names):
        return KPIState(Status.MISSING_DATA, without)
    return KPIState(Status.OK, without)


def data_as_of(*, namespace_id: int, now: datetime) -> datetime:
    """Returns the time up to which the numbers have all that was received.

    Every event that was acknowledged before it is in the buckets, and every price.
    `now` must have been read before this is asked: what comes later may be missing.
    """
    waiting = events.pending_from(namespace_id=namespace_id)
    return min(now, waiting or now)


def kpi_values(
    *,
    namespace_id: int,
    names: Sequence[str],
    period: Period,
    now: datetime,
    segmentation: Cut | None = None,
) -> Table:
    """Returns KPIs over a period: two statements, or three to compare it.

    A value is the formula over the cell's sums, the aggregate the formula over the
    sums of all cells; None where something is divided by nothing. With a segmentation,
    each KPI is followed by those of its leaves, which cost a statement more. Raises
    TooManyCells and ComparisonError.
    """
    rows = list(
        KPI.objects.in_order()
        .annotate(first_at=first_bucket(namespace_id, period))
        .values_list("name", "formula", "first_at")
    )
    kept, warnings = known([name for name, _, _ in rows], names, what="KPI")
    formulas = {name: formula.parse(text) for name, text, _ in rows if name in kept}
    cuts = periods.compared(period, first_at=rows[0][2] if rows else None, now=now)
    wanted = {name for one in formulas.values() for name in one.names}
    found = read(cuts, namespace_id=namespace_id, names=wanted, cut=segmentation)
    columns = [
        kpi_columns(formulas, parts, cells=len(edges) - 1)
        for parts, edges in zip(found, cuts, strict=True)
    ]
    warnings += gone(formulas, found[0]) + partial(
        segmentation, names=list(wanted), since=cuts[0][0]
    )
    table = tables.joined(cuts, columns, warnings=warnings)
    if not period.complete:
        return table
    first_at = rows[0][2] if rows else None
    return marked(table, cuts, namespace_id, period, first_at=first_at, now=now)


def marked(
    table: Table,
    cuts: Sequence[Sequence[datetime]],
    namespace_id: int,
    period: Period,
    *,
    first_at: datetime | None,
    now: datetime,
) -> Table:
    """Returns the table with what is `complete`, in one statement.

    `first_at` is when the namespace's data begin. Of cells that are compared with, it
    does not matter which time was asked for.
    """
    as_of = data_as_of(namespace_id=namespace_id, now=now)
    asked_from = first_at and max(first_at, period.start or first_at)
    asked_to = min(as_of, period.end or as_of)
    limits = [(asked_from, asked_to), (first_at, as_of)]
    told = [
        periods.complete(edges, start=start, end=end)
        for edges, (start, end) in zip(cuts, limits, strict=False)
    ]
    return tables.with_complete(table, told)


def kpi_columns(
    formulas: Mapping[str, Formula], parts: Sequence["Part"], *, cells: int
) -> list[Column]:
    return [
        column(name, one, part.sums, cells, segment=part.path)
        for name, one in formulas.items()
        for part in parts
    ]


class Part(NamedTuple):
    """The sums of metrics: of the whole namespace, or of a leaf, by its path."""

    path: str | None
    sums: dict[str, Series]


def read(
    cuts: Sequence[Sequence[datetime]],
    *,
    namespace_id: int,
    names: AbstractSet[str],
    cut: Cut | None,
) -> list[list[Part]]:
    """Returns the whole and the leaves for each of some edges. Raises TooManyCells."""
    numbers, paths = [WHOLE], list[str | None]([None])
    if cut:
        numbers += cut.segments
        paths += [leaf.path for leaf in cut.leaves]
    if len(cuts[0]) * len(numbers) * len(names) > MOST_NUMBERS:
        raise TooManyCells(
            f"expected at most {MOST_NUMBERS:,} numbers in all: ask for fewer cells, "
            "fewer names, or a smaller segmentation"
        )
    found = (
        sums.of(namespace_id=namespace_id, names=names, segments=numbers, edges=edges)
        for edges in cuts
    )
    return [[Part(*pair) for pair in zip(paths, each, strict=True)] for each in found]


def gone(formulas: Mapping[str, Formula], parts: Sequence[Part]) -> list[str]:
    """Returns warnings for KPIs that cannot be told, as a whole or by leaf."""
    whole, *leaves = parts
    missing = [
        f"KPI {name} names a metric that is gone or inactive"
        for name, one in formulas.items()
        if not whole.sums.keys() >= set(one.names)
    ]
    uncut = [
        f"KPI {name} is not told by segment: it names a metric that is pushed"
        for name, one in formulas.items()
        if leaves and whole.sums.keys() >= set(one.names) > leaves[0].sums.keys()
    ]
    return missing + uncut


def column(
    name: str,
    one: Formula,
    found: Mapping[str, Series],
    cells: int,
    *,
    segment: str | None = None,
) -> Column:
    """Returns a KPI's numbers: its formula over the cells' sums, and over their sum."""
    if not found.keys() >= set(one.names):
        return Column(name, [None] * cells, None, segment)
    *values, aggregate = formula.gaps(one.series(found))
    return Column(name, values, aggregate, segment)


def partial(cut: Cut | None, *, names: Sequence[str], since: datetime) -> list[str]:
    """Returns a warning where the leaves of a segmentation do not make the whole."""
    if cut is None or not names:
        return []
    told = Fill.objects.filter(segmentation=cut.id, definition=cut.definition)
    fill = told.first()
    if fill is None:
        return [f"segmentation {cut.name} waits for its numbers: ask in a minute"]
    if not fill.finished_at:
        done = f"{fill.done} of {fill.total} days"
        return [f"segmentation {cut.name} is being filled: {done} are done"]
    if since < fill.from_at:
        whole_from = f"{fill.from_at:%Y-%m-%d %H:%M} UTC"
        return [f"segmentation {cut.name} is complete from {whole_from} on"]
    return []


def metric_values(
    *,
    namespace_id: int,
    names: Sequence[str],
    period: Period,
    now: datetime,
    segmentation: Cut | None = None,
) -> Table:
    """Returns metrics over a period: two statements, or three to compare it.

    With a segmentation, each metric is followed by its leaves, which cost a statement
    more. Raises TooManyCells and ComparisonError.
    """
    active = Metric.objects.filter(active=True).order_by("name")
    rows = list(
        active.annotate(first_at=first_bucket(namespace_id, period)).values_list(
            "name", "first_at"
        )
    )
    kept, warnings = known([name for name, _ in rows], names, what="metric")
    cuts = periods.compared(period, first_at=rows[0][1] if rows else None, now=now)
    found = read(cuts, namespace_id=namespace_id, names=set(kept), cut=segmentation)
    # All that were active a moment ago, but for one that was switched off just now.
    still = [name for name in kept if all(name in parts[0].sums for parts in found)]
    columns = [metric_columns(still, parts) for parts in found]
    warnings += partial(segmentation, names=kept, since=cuts[0][0])
    table = tables.joined(cuts, columns, warnings=warnings)
    if not period.complete:
        return table
    first_at = rows[0][1] if rows else None
    return marked(table, cuts, namespace_id, period, first_at=first_at, now=now)


def metric_columns(names: Sequence[str], parts: Sequence[Part]) -> list[Column]:
    return [
        metric_column(name, part.sums[name], segment=part.path)
        for name in names
        for part in parts
        if name in part.sums
    ]


def metric_column(name: str, cells: Series, *, segment: str | None = None) -> Column:
    *values, aggregate = formula.gaps(cells)
    return Column(name, values, aggregate, segment)


def first_bucket(namespace_id: int, period: Period) -> RawSQL | Value:
    """Returns when the namespace's data begin, for a period that needs to know."""
    at = DateTimeField()
    if period.start and not period.complete:
        return Value(None, output_field=at)
    return RawSQL(FIRST, [namespace_id], output_field=at)
