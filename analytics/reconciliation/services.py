"""Are the stored numbers what they should be? Read anew, while the pipeline goes on.

Each check is one statement over sets, which needs no more memory than the database
grants to any, and sees one moment of the data. Nothing is written, nobody waits.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from analytics.buckets import segment_backfill
from analytics.kinds import rules, segments, specs, statements
from analytics.kinds.specs import MetricSpec
from analytics.models import Metric
from analytics.reconciliation import differences
from db import sql
from db.statements import complete
from events import past
from timegrid import buckets
from timegrid.buckets import DAY, Span

SHOWN = 20  # differences that are told one by one


class Difference(NamedTuple):
    """A bucket that is not as it should be: exact values, None where there is none."""

    metric: str
    resolution: int
    start_at: datetime
    stored: str | None
    expected: str | None
    check: str


@dataclass(slots=True)
class Verified:
    """What was checked in a namespace, the first differences, and all by metric."""

    buckets: int = 0
    days: int = 0
    first: list[Difference] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Takes the rows of a check: differences, each with its place among those of
        its metric and resolution, and how many these are.
        """
        for *columns, rank, total in rows:
            difference = Difference(*columns)
            self.counts[difference.metric] += total if rank == 1 else 0
            if len(self.first) < SHOWN:
                self.first.append(difference)


def verify(*, namespace_id: int, now: datetime) -> Verified:
    """Checks all buckets of a namespace, and against history those that it can tell.

    Raises the database's OperationalError.
    """
    verified = Verified()
    for check in (differences.ROLLED_UP, differences.SHAPE):
        with sql.snapshot():
            verified.add(differences.run(check, namespace_id=namespace_id))
    with sql.snapshot():
        verified.add(cut_up(namespace_id=namespace_id))
    with sql.snapshot():
        [(verified.buckets,)] = sql.fetch(differences.COUNT, namespace_id=namespace_id)
        spans = past.held(namespace_id=namespace_id, now=now)
    for span in spans:
        # The oldest day first: it is the next to be dropped.
        for day in buckets.cut_at(span, resolution=DAY):
            with sql.snapshot():
                verified.add(recomputed(namespace_id=namespace_id, day=day, held=span))
            verified.days += 1
    return verified


def cut_up(*, namespace_id: int) -> list[tuple[Any, ...]]:
    """Returns where leaves do not sum to the whole, or parts of a leaf to the leaf."""
    filled = segment_backfill.filled(namespace_id=namespace_id)
    leaves = [
        (cut.id, segment, since) for cut, since in filled for segment in cut.segments
    ]
    ids, numbers, sinces = zip(*leaves, strict=True) if leaves else [()] * 3
    metrics = [spec.metric_id for spec in specs.computed(namespace_id)]
    return differences.run(
        differences.CUT,
        namespace_id=namespace_id,
        metrics=metrics,
        segmentations=list(ids),
        numbers=list(numbers),
        sinces=list(sinces),
    )


def recomputed(*, namespace_id: int, day: Span, held: Span) -> list[tuple[Any, ...]]:
    """Returns where five minutes of a day differ from what history, held as a whole in
    `held`, makes of them.

    Left out is what events or prices change that no aggregation covered yet, and what
    came from a file of buckets.
    """
    metrics = recomputable(day, held=held)
    if not metrics:  # a statement over no kind of metric is none
        return []
    computed = specs.specs(metrics, namespace_id=namespace_id)
    filled = segment_backfill.filled(namespace_id=namespace_id)
    stored = segments.whole_and([cut for cut, since in filled if since <= day.start_at])
    kinds = {spec.kind for spec in computed}
    sums = statements.sums(spans=[day], kinds=kinds, segments=stored)
    return differences.run(
        complete(differences.HISTORY, sums=sums),
        namespace_id=namespace_id,
        segments=stored.numbers,
        start_at=day.start_at,
        end_at=day.end_at,
        look_backs=[rules.lookback(spec.kind) for spec in computed],
        **unaggregated(computed, namespace_id=namespace_id, day=day),
        **specs.parameters(computed),
    )


def recomputable(day: Span, *, held: Span) -> list[Metric]:
    """Returns the metrics whose buckets of a day history can tell."""
    active = Metric.objects.filter(active=True, kind__in=rules.RULES)
    return [
        metric
        for metric in active
        if not metric.stale
        and held.start_at + rules.lookback(metric.kind) <= day.start_at
    ]


def unaggregated(
    metrics: Sequence[MetricSpec], *, namespace_id: int, day: Span
) -> dict[str, Any]:
    """Returns the parameters that tell what no aggregation has covered yet: spans, and
    the moments of events whose price has changed.
    """
    priced = [spec.event_name_id for spec in metrics if spec.kind in rules.PRICED]
    waiting = past.unaggregated(namespace_id=namespace_id)
    return {
        "priced": [spec.kind in rules.PRICED for spec in metrics],
        "repriced": past.repriced(namespace_id=namespace_id, names=priced, span=day),
        "open_from": [span.start_at for span in waiting],
        "open_to": [span.end_at for span in waiting],
    }
