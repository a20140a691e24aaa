"""Reads: KPIs and metrics over a period, cell by cell, in a few statements."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from analytics.formulas import formula
from analytics.formulas.formula import Formula
from analytics.models import KPI, Metric
from analytics.series import queries
from analytics.series.readings import Reading, SegmentSums, Selection
from analytics.series.tables import Column, Table
from segmentation.resolved import ResolvedSegmentation
from timegrid import buckets
from timegrid.periods import Period

PUSHED = "KPI {} is not told by segment: it names a metric that is pushed"
STALE = "metric {} waits for its rebuild: its past is not whole"
STALE_LEAVES = f"{STALE}, and it is not told by segment"

Formulas = Mapping[str, Formula | None]  # of KPIs; None: it cannot be read


def kpi_values(
    *,
    namespace_id: int,
    names: Sequence[str],
    period: Period,
    now: datetime,
    segmentation: ResolvedSegmentation | None = None,
) -> Table:
    """Returns KPIs over a period, in two statements.

    A value is the formula over the cell's sums, the aggregate the formula over the
    sums of all cells; None where something is divided by nothing. To compare costs two
    statements more, and up to three where the period runs; to say which cells are
    complete, one; a segmentation, whose leaves follow each KPI, one. Raises
    TooManyCells and ComparisonError.
    """
    first = queries.first_bucket(namespace_id, period)
    kpis = KPI.objects.in_order().annotate(first_at=first)
    rows = list(kpis.values_list("name", "formula", "first_at"))
    chosen, warnings = queries.known([name for name, _, _ in rows], names, what="KPI")
    formulas = {name: formula.read(text) for name, text, _ in rows if name in chosen}
    first_at = rows[0][2] if rows else None
    selection = Selection(namespace_id, period, segmentation, first_at, now)
    wanted = metrics_of(formulas)
    readings = selection.readings(wanted)
    columns = [kpi_columns(formulas, r.segments, cells=r.cells) for r in readings]
    warnings += doubts(formulas, readings[0])
    warnings += selection.partial(readings[0], names=wanted)
    return joined(readings, columns, warnings=warnings)


def metric_values(
    *,
    namespace_id: int,
    names: Sequence[str],
    period: Period,
    now: datetime,
    segmentation: ResolvedSegmentation | None = None,
) -> Table:
    """Returns metrics over a period, in as many statements as KPIs.

    With a segmentation, each metric is followed by its leaves. Raises TooManyCells and
    ComparisonError.
    """
    active = Metric.objects.filter(active=True).order_by("name")
    first = queries.first_bucket(namespace_id, period)
    rows = list(active.annotate(first_at=first).values_list("name", "first_at"))
    chosen, warnings = queries.known([name for name, _ in rows], names, what="metric")
    first_at = rows[0][1] if rows else None
    selection = Selection(namespace_id, period, segmentation, first_at, now)
    readings = selection.readings(set(chosen))
    # All that were active a moment ago, but for one that was switched off just now.
    still = [n for n in chosen if all(n in r.segments[0].sums for r in readings)]
    columns = [metric_columns(still, r.segments, cells=r.cells) for r in readings]
    warnings += waiting(readings[0])
    warnings += selection.partial(readings[0], names=chosen)
    return joined(readings, columns, warnings=warnings)


def joined(
    readings: Sequence[Reading], columns: Sequence[list[Column]], *, warnings: list[str]
) -> Table:
    """Returns the table of the first reading's columns; a second's are `previous`."""
    table, *previous = (
        Table(
            start_timestamps=buckets.timestamps(reading.edges),
            columns=columns_of_reading,
            warnings=warnings,
            complete=reading.complete,
            end_timestamp=reading.end_at.timestamp() if reading.end_at else None,
        )
        for reading, columns_of_reading in zip(readings, columns, strict=True)
    )
    return replace(table, previous=previous[0]) if previous else table


def metrics_of(formulas: Formulas) -> set[str]:
    """Returns the metrics that formulas name."""
    return {name for formula in formulas.values() if formula for name in formula.names}


def kpi_columns(
    formulas: Formulas, segments: Sequence[SegmentSums], *, cells: int
) -> list[Column]:
    """Returns each KPI of the whole, and then of the leaves."""
    return [
        Column(name, formula, segment.sums, cells, segment.path)
        for name, formula in formulas.items()
        for segment in segments
    ]


def metric_columns(
    names: Sequence[str], segments: Sequence[SegmentSums], *, cells: int
) -> list[Column]:
    """Returns each metric of the whole, and then of those leaves that it is told of."""
    return [
        Column(name, formula.metric(name), segment.sums, cells, segment.path)
        for name in names
        for segment in segments
        if name in segment.sums
    ]


def doubts(formulas: Formulas, reading: Reading) -> list[str]:
    """Returns warnings for KPIs that cannot be told, as a whole or by leaf."""
    whole, *leaves = (segment.sums.keys() for segment in reading.segments)
    warnings = [
        f"KPI {name} {queries.UNREADABLE}"
        for name, formula in formulas.items()
        if formula is None
    ]
    readable = {
        name: set(formula.names) for name, formula in formulas.items() if formula
    }
    warnings += [
        f"KPI {name} {queries.GONE.format(', '.join(sorted(metrics - whole)))}"
        for name, metrics in readable.items()
        if metrics - whole
    ]
    warnings += [
        PUSHED.format(name)
        for name, metrics in readable.items()
        if leaves and metrics <= whole and metrics - leaves[0] - reading.stale
    ]
    return warnings + waiting(reading)


def waiting(reading: Reading) -> list[str]:
    """Returns a warning for each metric that waits for its rebuild."""
    text = STALE_LEAVES if len(reading.segments) > 1 else STALE
    return [text.format(name) for name in sorted(reading.stale)]
