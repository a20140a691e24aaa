"""The buckets that sums were made of, and who wrote them."""

from bisect import bisect_left
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from analytics.models import AggregationRun, Cause, Metric
from db import sql
from events import past
from timegrid import buckets
from timegrid.buckets import RESOLUTIONS, Span

MOST = 1_000  # of a metric's buckets, of runs and of batches in one answer
SUMMABLE = 1_000_000  # buckets that may be read to show that finer sums agree
SPAN = """
    namespace_id = %(namespace_id)s AND resolution = size.seconds
    AND bucket.metric_id = asked.id AND segment = 0
    AND start_at >= %(start_at)s AND start_at < %(end_at)s
"""
SUMS = f"""
SELECT asked.id, size.seconds, summed.*, first.*
FROM unnest(%(metrics)s::bigint[]) AS asked (id)
CROSS JOIN unnest(%(resolutions)s::int[]) AS size (seconds)
CROSS JOIN LATERAL (
    SELECT count(*), trim_scale(coalesce(sum(value), 0))::text
    FROM analytics_bucket AS bucket WHERE {SPAN}
) AS summed
LEFT JOIN LATERAL (
    SELECT array_agg(extract(epoch FROM start_at)::float8 ORDER BY start_at),
        array_agg(trim_scale(value)::text ORDER BY start_at),
        array_agg(run_id ORDER BY start_at)
    FROM (
        SELECT start_at, value, run_id FROM analytics_bucket AS bucket WHERE {SPAN}
        ORDER BY start_at LIMIT %(limit)s
    ) AS bucket
) AS first ON size.seconds = %(resolution)s
"""

Row = tuple[Any, ...]
Stored = tuple[float, str, int | None]  # start in seconds, exact value, run


@dataclass(frozen=True, slots=True)
class Summand:
    """A metric over a span.

    `sums` are by resolution how many buckets it has, and their exact sum; `buckets`
    the first of those at the resolution that is read.
    """

    metric: Metric
    resolution: int
    sums: dict[int, tuple[int, str]]
    buckets: list[Stored]

    @property
    def total(self) -> str:
        """The exact sum that the formula is computed over."""
        return self.sums[self.resolution][1]

    @property
    def agrees(self) -> bool:
        """Whether the buckets of all resolutions sum to the same."""
        return len({total for _, total in self.sums.values()}) == 1


@dataclass(frozen=True, slots=True)
class Writers:
    """The runs that wrote buckets last, the batches these covered, and a warning for
    what is left out.
    """

    runs: list[AggregationRun]
    batches: list[past.Covered]
    warnings: list[str]


def summands(
    metrics: Sequence[Metric], *, namespace_id: int, span: Span, resolution: int
) -> list[Summand]:
    """Returns the sums and buckets of metrics over a span, in one statement.

    `resolution` is that of the published sums, in seconds.
    """
    rows = sql.fetch(
        SUMS,
        namespace_id=namespace_id,
        metrics=[metric.pk for metric in metrics],
        resolutions=summable(span, resolution=resolution, metrics=len(metrics)),
        resolution=resolution,
        start_at=span.start_at,
        end_at=span.end_at,
        limit=MOST,
    )
    return [summand(metric, rows, resolution=resolution) for metric in metrics]


def summable(span: Span, *, resolution: int, metrics: int) -> list[int]:
    """Returns the resolutions to sum: that which is published, and finer ones where
    that takes no long time.
    """
    seconds = (span.end_at - span.start_at).total_seconds() * metrics
    return [
        finer
        for finer in RESOLUTIONS
        if finer == resolution or (finer < resolution and seconds / finer <= SUMMABLE)
    ]


def summand(metric: Metric, rows: Sequence[Row], *, resolution: int) -> Summand:
    by_resolution = {
        size: row for metric_id, size, *row in rows if metric_id == metric.pk
    }
    stored = [column or [] for column in by_resolution[resolution][2:]]
    return Summand(
        metric=metric,
        resolution=resolution,
        sums={
            size: (count, total) for size, (count, total, *_) in by_resolution.items()
        },
        buckets=list(zip(*stored, strict=True)),
    )


def writers(summands: Sequence[Summand], *, namespace_id: int) -> Writers:
    """Returns who wrote the listed buckets, newest first, in two statements, or three.

    A rebuild covers no batches, it reads history: its batches are those with events in
    its buckets.
    """
    run_ids = {
        run_id
        for summand in summands
        for *_, run_id in summand.buckets
        if run_id is not None
    }
    newest = sorted(run_ids, reverse=True)[:MOST]
    runs = list(AggregationRun.objects.filter(namespace=namespace_id, pk__in=newest))
    reached = list(accumulate(run.batches for run in runs))
    listed = bisect_left(reached, MOST) + 1
    batches = past.batches_of(
        namespace_id=namespace_id, runs=[run.pk for run in runs[:listed]], limit=MOST
    )
    rebuilt = [run.pk for run in runs if run.cause == Cause.REBUILD]
    if rebuilt:
        span = span_of(summands, set(rebuilt))
        batches = with_read(batches, rebuilt[0], span, namespace_id=namespace_id)
    full = len(batches) == MOST and (reached[-1] > MOST or bool(rebuilt))
    return Writers(runs, batches, left_out(runs=len(run_ids) > MOST, batches=full))


def with_read(
    batches: Sequence[past.Covered], run_id: int, span: Span, *, namespace_id: int
) -> list[past.Covered]:
    """Returns batches and those that a rebuild read in a span, newest first."""
    read = past.batches_in(
        namespace_id=namespace_id, span=span, before_run=run_id, limit=MOST
    )
    by_id = {batch.id: batch for batch in [*batches, *read]}
    return [by_id[batch_id] for batch_id in sorted(by_id, reverse=True)][:MOST]


def left_out(**too_many: bool) -> list[str]:
    """Returns a warning for each list that is cut short."""
    return [
        f"only the newest {MOST:,} {what} are listed: ask for a shorter span"
        for what, cut in too_many.items()
        if cut
    ]


def span_of(summands: Sequence[Summand], runs: AbstractSet[int]) -> Span:
    """Returns from where to where the buckets reach that these runs wrote."""
    ends = [
        (start, start + summand.resolution)
        for summand in summands
        for start, _, run in summand.buckets
        if run in runs
    ]
    first, last = min(start for start, _ in ends), max(end for _, end in ends)
    return Span(buckets.moment(first), buckets.moment(last))
