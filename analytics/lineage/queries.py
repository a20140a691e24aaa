"""Where a published number comes from, so that it can be recomputed by hand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

from analytics.formulas import formula
from analytics.formulas.formula import Formula
from analytics.formulas.rationals import MILLIONTHS, Rationals, array
from analytics.kinds import rules
from analytics.lineage import sources
from analytics.lineage.sources import Summand, Writers
from analytics.models import KPI, Kind, Metric
from analytics.series import queries
from analytics.series.tables import Column
from events import past
from timegrid import buckets, periods
from timegrid.buckets import Extent, Span
from timegrid.periods import Period


class Published(NamedTuple):
    """A KPI, and when the data begin, for a period that does not say."""

    name: str
    text: str
    unit: str
    first_at: datetime | None

    @property
    def formula(self) -> Formula | None:
        """None where the text cannot be read."""
        return formula.read(self.text)


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that a published aggregate was made of.

    From `history_from` on, all events are still in history; `complete` says whether
    all those are that the aggregate depends on.
    """

    kpi: Published
    span: Span
    resolution: int
    summands: list[Summand]
    writers: Writers
    history_from: datetime
    complete: bool

    @property
    def aggregate(self) -> float | None:
        """The formula over the sums, as it is published."""
        sums = {summand.metric.name: exact(summand.total) for summand in self.summands}
        [aggregate] = Column(self.kpi.name, self.kpi.formula, sums, cells=0).numbers
        return aggregate

    @property
    def fault(self) -> str | None:
        """What is missing in the KPI's config."""
        if self.kpi.formula is None:
            return queries.UNREADABLE
        known = {summand.metric.name for summand in self.summands}
        gone = [name for name in self.kpi.formula.names if name not in known]
        return queries.GONE.format(", ".join(gone)) if gone else None

    @property
    def warnings(self) -> list[str]:
        """What a reader who recomputes the number should know."""
        warnings = [text for summand in self.summands for text in doubts(summand)]
        if fault := self.fault:
            warnings.append(f"KPI {self.kpi.name} {fault}")
        return warnings + self.writers.warnings


def explain(
    *, namespace_id: int, name: str, period: Period, now: datetime
) -> Explanation | None:
    """Returns what a KPI's aggregate over a period is made of; None for no such KPI.

    Six statements, whatever the span. Raises SpanError and TooManyCells.
    """
    kpi = published(name, namespace_id=namespace_id, period=period)
    if kpi is None:
        return None
    edges = periods.cells(period, first_at=kpi.first_at, now=now)
    span, resolution = Extent(edges[0], edges[-1]), buckets.resolution_for(edges)
    metrics = summed(kpi.formula)
    summands = sources.summands(
        metrics, namespace_id=namespace_id, span=span, resolution=resolution
    )
    history = past.held(namespace_id=namespace_id, now=now)
    return Explanation(
        kpi=kpi,
        span=span,
        resolution=resolution,
        summands=summands,
        writers=sources.writers(summands, namespace_id=namespace_id),
        history_from=history[-1].start_at,
        complete=holds(
            history, metrics, since=span.start_at, until=min(span.end_at, now)
        ),
    )


def published(name: str, *, namespace_id: int, period: Period) -> Published | None:
    """Returns an active KPI by its name."""
    first_at = queries.first_bucket(namespace_id, period)
    kpis = KPI.objects.in_order().annotate(first_at=first_at)
    for stored_name, text, unit, at in kpis.values_list(
        "name", "formula", "unit", "first_at"
    ):
        if stored_name == name:
            return Published(name, text, unit, at)
    return None


def exact(total: str) -> Rationals:
    """Returns a sum with at most six decimals, as text, as a series of its own."""
    millionths = int(Fraction(total) * MILLIONTHS)
    return Rationals.of(array([millionths]), per=MILLIONTHS)


def summed(formula: Formula | None) -> list[Metric]:
    """Returns the active metrics that a formula names, in its order."""
    if formula is None:
        return []
    active = Metric.objects.filter(active=True)
    metrics = active.in_bulk(formula.names, field_name="name")
    return [metrics[name] for name in formula.names if name in metrics]


def holds(
    history: Sequence[Span],
    metrics: Sequence[Metric],
    *,
    since: datetime,
    until: datetime,
) -> bool:
    """Says whether history has all that the metrics' buckets were computed from."""
    used = [
        rules.lookback(metric.kind)
        for metric in metrics
        if metric.kind != Kind.EXTERNAL
    ]
    start_at = since - max(used, default=timedelta(0))
    return any(span.start_at <= start_at and until <= span.end_at for span in history)


def doubts(summand: Summand) -> Iterator[str]:
    """Yields what keeps a metric's sum from being recomputed, or from being right."""
    name, listed = summand.metric.name, len(summand.buckets)
    if summand.metric.stale:
        yield f"metric {name} waits for its rebuild"
    if not summand.agrees:
        yield f"the resolutions of metric {name} differ: run manage.py verify"
    if buckets.FIVE_MINUTES not in summand.sums:
        finest = min(summand.sums)
        yield f"metric {name} has too many buckets below {finest} s to sum them here"
    if (count := summand.sums[summand.resolution][0]) > listed:
        yield f"{count - listed:,} more buckets of metric {name} are not listed"
