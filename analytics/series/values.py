"""Reads: KPIs and metrics over a period, cell by cell, in a few statements."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from analytics.formulas import formula
from analytics.formulas.formula import Formula
from analytics.formulas.rationals import Rationals
from analytics.models import KPI, WHOLE, Metric
from analytics.series import queries, sums
from analytics.series.tables import Column, Table
from segmentation.resolved import ResolvedSegmentation
from timegrid import buckets, comparisons, periods
from timegrid.buckets import TooManyCells
from timegrid.periods import Period

MOST_NUMBERS = 1_000_000  # read for one answer
PUSHED = "KPI {} is not told by segment: it names a metric that is pushed"
STALE = "metric {} waits for its rebuild: its past is not whole"
STALE_LEAVES = f"{STALE}, and it is not told by segment"

Formulas = Mapping[str, Formula | None]  # of KPIs; None: it cannot be read


class Part(NamedTuple):
    """The sums of metrics: of the whole namespace, or of a leaf, by its path."""

    path: str | None
    sums: dict[str, Rationals]


@dataclass(frozen=True, slots=True)
class Reading:
    """What is stored in cells: of the whole, then of the leaves.

    `stale` names metrics that wait for their rebuild; `end_at` is where the sums of all
    cells end, if that is before the last cell does.
    """

    edges: Sequence[datetime]
    parts: list[Part]
    stale: AbstractSet[str]
    complete: list[bool] | None = None
    end_at: datetime | None = None

    @property
    def cells(self) -> int:
        return len(self.edges) - 1


@dataclass(frozen=True, slots=True)
class Asked:
    """Which part of a namespace's data is asked for, by the leaves of a segmentation.

    `first_at` is when its data begin, for a period that needs to know.
    """

    namespace_id: int
    period: Period
    cut: ResolvedSegmentation | None
    first_at: datetime | None
    now: datetime

    def readings(self, names: AbstractSet[str]) -> list[Reading]:
        """Returns the sums of metrics and, where asked for, those to compare them with.

        Raises TooManyCells and ComparisonError.
        """
        cuts = periods.compared(self.period, first_at=self.first_at, now=self.now)
        found = [self.read(edges, names) for edges in cuts]
        if not (self.period.compare or self.period.complete):
            return found
        as_of = queries.data_as_of(namespace_id=self.namespace_id, now=self.now)
        if self.period.compare and (running := comparisons.running(*cuts, at=as_of)):
            found[1] = self.elapsed(found[1], *running)
        if self.period.complete:
            found = list(self.marked(found, as_of=as_of))
        return found

    def read(self, edges: Sequence[datetime], names: AbstractSet[str]) -> Reading:
        """Returns the sums in cells by their edges. Raises TooManyCells."""
        return read(edges, names, namespace_id=self.namespace_id, cut=self.cut)

    def elapsed(self, whole: Reading, place: int, end_at: datetime) -> Reading:
        """Returns earlier sums as they were when as much time had passed as now.

        The cell at `place` ends there, and so do the sums of all cells.
        """
        names = whole.parts[0].sums.keys()
        spans = buckets.around_hours(whole.edges[place], end_at)
        pieces = [self.read(span, names).parts for span in spans]
        parts = [
            Part(part.path, sums.ended(part.sums, place, [one.sums for one in rest]))
            for part, *rest in zip(whole.parts, *pieces, strict=True)
        ]
        return replace(whole, parts=parts, end_at=end_at)

    def marked(self, found: Iterable[Reading], *, as_of: datetime) -> Iterator[Reading]:
        """Yields readings with which of their cells are complete.

        Of those that are compared with, it does not matter which time was asked for.
        """
        start, end = self.period.start, self.period.end
        for one in found:
            from_at = self.first_at and max(self.first_at, start or self.first_at)
            told = periods.complete(
                one.edges,
                start=from_at,
                end=min(as_of, end or as_of),
                cut_at=one.end_at,
            )
            yield replace(one, complete=told)
            start, end = None, None


def read(
    edges: Sequence[datetime],
    names: AbstractSet[str],
    *,
    namespace_id: int,
    cut: ResolvedSegmentation | None,
) -> Reading:
    """Returns the sums of metrics in cells, of the whole and of leaves, in a statement.

    Raises TooManyCells.
    """
    numbers, paths = [WHOLE], list[str | None]([None])
    if cut:
        numbers += cut.segments
        paths += [leaf.path for leaf in cut.leaves]
    if len(edges) * len(numbers) * len(names) > MOST_NUMBERS:
        raise TooManyCells(
            f"expected at most {MOST_NUMBERS:,} numbers in all: ask for fewer cells, "
            "fewer names, or a smaller segmentation"
        )
    found = sums.of(
        namespace_id=namespace_id, names=names, segments=numbers, edges=edges
    )
    parts = [Part(*pair) for pair in zip(paths, found.of_segments, strict=True)]
    return Reading(edges, parts, found.stale)


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
    rows = list(
        KPI.objects.in_order()
        .annotate(first_at=queries.first_bucket(namespace_id, period))
        .values_list("name", "formula", "first_at")
    )
    kept, warnings = queries.known([name for name, _, _ in rows], names, what="KPI")
    formulas = {name: formula.read(text) for name, text, _ in rows if name in kept}
    first_at = rows[0][2] if rows else None
    asked = Asked(namespace_id, period, segmentation, first_at, now)
    wanted = metrics_of(formulas)
    found = asked.readings(wanted)
    columns = [kpi_columns(formulas, one.parts, cells=one.cells) for one in found]
    warnings += doubts(formulas, found[0])
    warnings += queries.partial(segmentation, names=wanted, since=found[0].edges[0])
    return joined(found, columns, warnings=warnings)


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
    kept, warnings = queries.known([name for name, _ in rows], names, what="metric")
    first_at = rows[0][1] if rows else None
    asked = Asked(namespace_id, period, segmentation, first_at, now)
    found = asked.readings(set(kept))
    # All that were active a moment ago, but for one that was switched off just now.
    still = [name for name in kept if all(name in one.parts[0].sums for one in found)]
    columns = [metric_columns(still, one.parts, cells=one.cells) for one in found]
    warnings += waiting(found[0])
    warnings += queries.partial(segmentation, names=kept, since=found[0].edges[0])
    return joined(found, columns, warnings=warnings)


def joined(
    readings: Sequence[Reading], columns: Sequence[list[Column]], *, warnings: list[str]
) -> Table:
    """Returns the table of the first reading's columns; a second's are `previous`."""
    table, *previous = (
        Table(
            start_timestamps=buckets.timestamps(one.edges),
            columns=found,
            warnings=warnings,
            complete=one.complete,
            end_timestamp=one.end_at.timestamp() if one.end_at else None,
        )
        for one, found in zip(readings, columns, strict=True)
    )
    return replace(table, previous=previous[0]) if previous else table


def metrics_of(formulas: Formulas) -> set[str]:
    """Returns the metrics that formulas name."""
    return {name for one in formulas.values() if one for name in one.names}


def kpi_columns(
    formulas: Formulas, parts: Sequence[Part], *, cells: int
) -> list[Column]:
    """Returns each KPI of the whole, and then of the leaves."""
    return [
        Column(name, one, part.sums, cells, part.path)
        for name, one in formulas.items()
        for part in parts
    ]


def metric_columns(
    names: Sequence[str], parts: Sequence[Part], *, cells: int
) -> list[Column]:
    """Returns each metric of the whole, and then of those leaves that it is told of."""
    return [
        Column(name, formula.metric(name), part.sums, cells, part.path)
        for name in names
        for part in parts
        if name in part.sums
    ]


def doubts(formulas: Formulas, found: Reading) -> list[str]:
    """Returns warnings for KPIs that cannot be told, as a whole or by leaf."""
    whole, *leaves = (part.sums.keys() for part in found.parts)
    told = [
        f"KPI {name} {queries.UNREADABLE}"
        for name, one in formulas.items()
        if one is None
    ]
    readable = {name: set(one.names) for name, one in formulas.items() if one}
    told += [
        f"KPI {name} {queries.GONE.format(', '.join(sorted(metrics - whole)))}"
        for name, metrics in readable.items()
        if metrics - whole
    ]
    told += [
        PUSHED.format(name)
        for name, metrics in readable.items()
        if leaves and metrics <= whole and metrics - leaves[0] - found.stale
    ]
    return told + waiting(found)


def waiting(found: Reading) -> list[str]:
    """Returns a warning for each metric that waits for its rebuild."""
    text = STALE_LEAVES if len(found.parts) > 1 else STALE
    return [text.format(name) for name in sorted(found.stale)]
