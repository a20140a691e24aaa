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
        one
        for one in RESOLUTIONS
        if one == resolution or (one < resolution and seconds / one <= SUMMABLE)
    ]


def summand(metric: Metric, rows: Sequence[Row], *, resolution: int) -> Summand:
    mine = {size: row for number, size, *row in rows if number == metric.pk}
    stored = [column or [] for column in mine[resolution][2:]]
    return Summand(
        metric=metric,
        resolution=resolution,
        sums={size: (count, total) for size, (count, total, *_) in mine.items()},
        buckets=list(zip(*stored, strict=True)),
    )


def writers(found: Sequence[Summand], *, namespace_id: int) -> Writers:
    """Returns who wrote the listed buckets, newest first, in two statements, or three.

    A rebuild covers no batches, it reads history: its batches are those with events in
    its buckets.
    """
    numbers = {run for one in found for *_, run in one.buckets if run is not None}
    newest = sorted(numbers, reverse=True)[:MOST]
    runs = list(AggregationRun.objects.filter(namespace=namespace_id, pk__in=newest))
    reached = list(accumulate(run.batches for run in runs))
    listed = bisect_left(reached, MOST) + 1
    batches = past.batches_of(
        namespace_id=namespace_id, runs=[run.pk for run in runs[:listed]], limit=MOST
    )
    if rebuilt := [run.pk for run in runs if run.cause == Cause.REBUILD]:
        read = past.batches_in(
            namespace_id=namespace_id,
            span=span_of(found, set(rebuilt)),
            before_run=rebuilt[0],
            limit=MOST,
        )
        known = {one.id: one for one in [*batches, *read]}
        batches = [known[number] for number in sorted(known, reverse=True)][:MOST]
    left_out = {
        "runs": len(numbers) > MOST,
        "batches": len(batches) == MOST and (reached[-1] > MOST or bool(rebuilt)),
    }
    told = [
        f"only the newest {MOST:,} {what} are listed: ask for a shorter span"
        for what, more in left_out.items()
        if more
    ]
    return Writers(runs, batches, told)


def span_of(found: Sequence[Summand], runs: AbstractSet[int]) -> Span:
    """Returns from where to where the buckets reach that these runs wrote."""
    ends = [
        (start, start + one.resolution)
        for one in found
        for start, _, run in one.buckets
        if run in runs
    ]
    first, last = min(start for start, _ in ends), max(end for _, end in ends)
    return Span(buckets.moment(first), buckets.moment(last))
