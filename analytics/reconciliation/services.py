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
from analytics.models import Metric
from analytics.reconciliation import differences
from db import sql
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
        for *difference, place, found in rows:
            one = Difference(*difference)
            self.counts[one.metric] += found if place == 1 else 0
            if len(self.first) < SHOWN:
                self.first.append(one)


def verify(*, namespace_id: int, now: datetime) -> Verified:
    """Checks all buckets of a namespace, and against history those that it can tell.

    Raises the database's OperationalError.
    """
    found = Verified()
    for check in (differences.ROLLED_UP, differences.SHAPE):
        with sql.snapshot():
            found.add(differences.run(check, namespace_id=namespace_id))
    with sql.snapshot():
        found.add(cut_up(namespace_id=namespace_id))
    with sql.snapshot():
        [(found.buckets,)] = sql.fetch(differences.COUNT, namespace_id=namespace_id)
        held = past.held(namespace_id=namespace_id, now=now)
    for span in held:
        # The oldest day first: it is the next to be dropped.
        for day in buckets.cut_at(span, resolution=DAY):
            with sql.snapshot():
                found.add(recomputed(namespace_id=namespace_id, day=day, held=span))
            found.days += 1
    return found


def cut_up(*, namespace_id: int) -> list[tuple[Any, ...]]:
    """Returns where leaves do not sum to the whole, or parts of a leaf to the leaf."""
    filled = segment_backfill.filled(namespace_id=namespace_id)
    leaves = [
        (cut.id, number, since) for cut, since in filled for number in cut.segments
    ]
    ids, numbers, sinces = zip(*leaves, strict=True) if leaves else [()] * 3
    metrics = [one.metric_id for one in specs.computed(namespace_id)]
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
    metrics = [
        one
        for one in Metric.objects.filter(active=True, kind__in=rules.RULES)
        if not one.stale and held.start_at + rules.lookback(one.kind) <= day.start_at
    ]
    if not metrics:  # a statement over no kind of metric is none
        return []
    targets = specs.specs(metrics, namespace_id=namespace_id)
    priced = [one.event_name_id for one in targets if one.kind in rules.PRICED]
    waiting = past.unsettled(namespace_id=namespace_id)
    filled = segment_backfill.filled(namespace_id=namespace_id)
    stored = segments.whole_and([cut for cut, since in filled if since <= day.start_at])
    sums = statements.sums(
        spans=[day],
        kinds={one.kind for one in targets},
        segments=stored,
    )
    return differences.run(
        differences.HISTORY.replace("{sums}", sums),
        namespace_id=namespace_id,
        segments=stored.numbers,
        start_at=day.start_at,
        end_at=day.end_at,
        look_backs=[rules.lookback(one.kind) for one in targets],
        priced=[one.kind in rules.PRICED for one in targets],
        repriced=past.repriced(namespace_id=namespace_id, names=priced, span=day),
        open_from=[span.start_at for span in waiting],
        open_to=[span.end_at for span in waiting],
        **specs.parameters(targets),
    )
