"""Writes: history becomes buckets, five minutes become hours, hours become days."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from analytics.kinds import specs, statements
from analytics.kinds.segments import Segments
from analytics.kinds.specs import MetricSpec
from db import sql
from db.statements import Blocks
from events.keys import SHARDS
from timegrid import buckets
from timegrid.buckets import DAY, FIVE_MINUTES, HOUR, Span

Parameters = dict[str, Any]
PART_DAYS, PART_SPANS = 16, 300
_SQL = Blocks(__file__)
CLEAR = _SQL.fill("clear")
ROLL_UP = _SQL.fill(
    "roll_up",
    shard_values=", ".join(
        f"sum(shard_values[{shard}])" for shard in range(1, SHARDS + 1)
    ),
)


def pieces(spans: Sequence[Span]) -> Iterator[list[Span]]:
    """Yields spans as one statement takes them: two weeks at a time.

    That is all that is dirty, but after an import: a plan over hundreds of days, or
    thousands of spans, would take more memory than the events.
    """
    return buckets.batches(spans, days=PART_DAYS, most=PART_SPANS)


def recompute(
    *,
    namespace_id: int,
    metrics: Sequence[MetricSpec],
    segments: Segments,
    spans: Sequence[Span],
    run_id: int,
) -> int:
    """Replaces the buckets of the spans from history; returns how many were written.

    `spans` are sorted, disjoint and whole five minutes.
    """
    if not metrics:
        return 0
    ids, kinds = [spec.metric_id for spec in metrics], {spec.kind for spec in metrics}
    shared: Parameters = {"namespace_id": namespace_id, "segments": segments.numbers}
    known = {**specs.parameters(metrics), **shared, "run_id": run_id}
    sql.execute(sql.MEMORY)
    clear(FIVE_MINUTES, spans, metrics=ids, **shared)
    written = 0
    for piece in pieces(spans):
        statement = insertion(spans=piece, kinds=kinds, segments=segments)
        written += sql.execute(statement, **known)
    return written + roll_up(metrics=ids, spans=spans, run_id=run_id, **shared)


def insertion(
    *, spans: Sequence[Span], kinds: Collection[str], segments: Segments
) -> str:
    """Returns the INSERT of the five minutes of kinds, from history.

    Parameters: those of `statements.sums`, and run_id.
    """
    sums = statements.sums(spans=spans, kinds=kinds, segments=segments)
    return _SQL.fill("insert", sums=sums)


def roll_up(
    *,
    namespace_id: int,
    metrics: Sequence[int],
    segments: Sequence[int],
    spans: Sequence[Span],
    run_id: int,
) -> int:
    """Replaces the hours and days above the five minutes of the spans.

    Returns how many were written.
    """
    shared = {
        "namespace_id": namespace_id,
        "run_id": run_id,
        "metrics": list(metrics),
        "segments": list(segments),
    }
    written = 0
    for finer, resolution in ((FIVE_MINUTES, HOUR), (HOUR, DAY)):
        wider = buckets.widened(spans, resolution=resolution)
        clear(resolution, wider, **shared)
        written += sql.execute(
            ROLL_UP, finer=finer, resolution=resolution, **edges(wider), **shared
        )
    return written


def clear(resolution: int, spans: Sequence[Span], **shared: object) -> None:
    """Deletes the buckets of some metrics that start in the spans."""
    sql.execute(CLEAR, resolution=resolution, **edges(spans), **shared)


def edges(spans: Sequence[Span]) -> dict[str, list[datetime]]:
    return {
        "starts": [span.start_at for span in spans],
        "ends": [span.end_at for span in spans],
    }
