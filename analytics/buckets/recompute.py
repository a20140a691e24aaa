"""Writes: history becomes buckets, five minutes become hours, hours become days."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from analytics import kinds
from analytics.catalogue import shipped
from analytics.kinds import segments
from analytics.kinds.segments import Segments
from analytics.models import KPI, AggregationRun, Cause, Metric
from db import sql
from events import failures, names, past
from events import queries as events
from events import services as intake
from events.keys import SHARDS
from events.services import Claim
from timegrid import buckets
from timegrid.buckets import DAY, FIVE_MINUTES, HOUR, Span

ANY_EVENT, NO_EVENT = 0, -1
Place = dict[str, Any]  # parameters that many statements share
PART_DAYS, PART_SPANS = 16, 300
CLEAR = """
DELETE FROM analytics_bucket AS bucket
USING unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[])
    AS span (start_at, end_at)
WHERE namespace_id = %(namespace_id)s AND resolution = %(resolution)s
    AND metric_id = ANY(%(metrics)s) AND segment = ANY(%(segments)s)
    AND bucket.start_at >= span.start_at AND bucket.start_at < span.end_at
"""
PARTS = ", ".join(f"sum(parts[{shard}])" for shard in range(1, SHARDS + 1))
ROLL_UP = f"""
INSERT INTO analytics_bucket
    (namespace_id, resolution, metric_id, segment, start_at, value, parts, run_id)
SELECT %(namespace_id)s, %(resolution)s, metric_id, segment,
    date_bin(make_interval(secs => %(resolution)s), bucket.start_at, 'epoch'),
    sum(value), CASE WHEN count(parts) > 0 THEN ARRAY[{PARTS}] END, %(run_id)s
FROM analytics_bucket AS bucket
JOIN unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[])
    AS span (start_at, end_at)
    ON bucket.start_at >= span.start_at AND bucket.start_at < span.end_at
WHERE namespace_id = %(namespace_id)s AND resolution = %(finer)s
    AND metric_id = ANY(%(metrics)s) AND segment = ANY(%(segments)s)
GROUP BY 3, 4, 5 HAVING sum(value) <> 0
"""


FILL = """
INSERT INTO analytics_bucket
    (metric_id, segment, start_at, value, parts, namespace_id, resolution, run_id)
SELECT metric_id, segment, start_at, value, parts, %(namespace_id)s, 300, %(run_id)s
FROM (
"""


@dataclass(frozen=True, slots=True)
class Target:
    """A metric as the recomputation needs it: which event names it looks at."""

    metric_id: int
    kind: str
    event_name_id: int
    after_id: int = NO_EVENT


@transaction.atomic
def aggregate(*, namespace_id: int, at: datetime) -> AggregationRun | None:
    """Recomputes every bucket that new batches touched, then those above them.

    One transaction: the claim of the batches and the buckets commit together. Returns
    None when there is nothing to do or another worker is at it.
    """
    if not sql.locked("aggregate", key=namespace_id):
        return None
    run = begin(namespace_id=namespace_id, cause=Cause.EVENTS, at=at)
    priced = [
        one.event_name_id for one in computed(namespace_id) if one.kind in kinds.PRICED
    ]
    claim = intake.claim(namespace_id=namespace_id, priced=priced, run_id=run.pk, at=at)
    if not claim.batches and not claim.spans:
        run.delete()
        return None
    # After the claim: by now, the names of all claimed events are in the dictionary.
    targets = computed(namespace_id)
    spans = dirty(claim, namespace_id=namespace_id, targets=targets)
    written = recompute(
        namespace_id=namespace_id,
        targets=targets,
        segments=segments.every(namespace_id=namespace_id),
        spans=spans,
        run_id=run.pk,
    )
    run.batches, run.events = len(claim.batches), claim.events
    return finish(run, buckets=written)


def dirty(claim: Claim, *, namespace_id: int, targets: Sequence[Target]) -> list[Span]:
    """Returns the five minutes that claimed events fall into, and those in which they
    change what later events count for.
    """
    spans = [Span(start, end) for start, end in claim.spans]
    if not claim.batches:  # prices change nothing but what they are the price of
        return spans
    filled = past.with_history(namespace_id=namespace_id, spans=kinds.gaps(spans))
    leading = kinds.leading(spans, filled=filled)
    parameters = {
        "namespace_id": namespace_id,
        "batches": sql.array(claim.batches),
        **columns(targets),
    }
    later = [
        Span(at, at + timedelta(seconds=FIVE_MINUTES))
        for part in parts(leading)
        if (statement := kinds.later(spans=part, kinds={one.kind for one in targets}))
        for (at,) in sql.fetch(statement, **parameters)
    ]
    every = sorted(spans + later, key=lambda span: span.start_at)
    return buckets.widened(every, resolution=FIVE_MINUTES)


def parts(spans: Sequence[Span]) -> Iterator[list[Span]]:
    """Yields spans as one statement takes them: two weeks at a time.

    That is all that is dirty, but after an import: a plan over hundreds of days, or
    thousands of spans, would take more memory than the events.
    """
    return buckets.parts(spans, days=PART_DAYS, most=PART_SPANS)


def begin(*, namespace_id: int, cause: Cause, at: datetime) -> AggregationRun:
    """Returns a new run: buckets carry its number, so that it comes before them."""
    return AggregationRun.objects.create(
        namespace_id=namespace_id, cause=cause, started_at=at
    )


def finish(run: AggregationRun, *, buckets: int) -> AggregationRun:
    """Says how many buckets a run wrote, and that it is over."""
    run.buckets, run.finished_at = buckets, Now()
    run.save(update_fields=["batches", "events", "buckets", "finished_at"])
    run.refresh_from_db(fields=["finished_at"])
    return run


def computed(namespace_id: int) -> list[Target]:
    """Returns the active metrics that are computed from history, in two queries."""
    metrics = list(Metric.objects.filter(active=True, kind__in=kinds.RULES))
    return targets(metrics, namespace_id=namespace_id)


def targets(metrics: Sequence[Metric], *, namespace_id: int) -> list[Target]:
    """Returns metrics with the ids that a namespace has for their event names."""
    wanted = {name for one in metrics for name in (one.event_name, one.after)}
    found = names.ids(namespace_ids=[namespace_id], names=wanted)
    ids = {name: number for (_, name), number in found.items()}
    return [
        Target(
            metric_id=one.pk,
            kind=one.kind,
            event_name_id=ids.get(one.event_name, NO_EVENT)
            if one.event_name
            else ANY_EVENT,
            after_id=ids.get(one.after, NO_EVENT),
        )
        for one in metrics
    ]


def columns(targets: Sequence[Target]) -> dict[str, list[int] | list[str]]:
    """Returns the parameters by which statements over history know their metrics."""
    return {
        "metrics": [one.metric_id for one in targets],
        "kinds": [one.kind for one in targets],
        "names": [one.event_name_id for one in targets],
        "afters": [one.after_id for one in targets],
    }


def recompute(
    *,
    namespace_id: int,
    targets: Sequence[Target],
    segments: Segments,
    spans: Sequence[Span],
    run_id: int,
) -> int:
    """Replaces the buckets of the spans from history; returns how many were written.

    `spans` are sorted, disjoint and whole five minutes.
    """
    if not targets:
        return 0
    every = [one.metric_id for one in targets]
    place: Place = {"namespace_id": namespace_id, "segments": segments.numbers}
    sql.execute(kinds.MEMORY)
    clear(FIVE_MINUTES, spans, metrics=every, **place)
    written = 0
    for part in parts(spans):
        select = kinds.sums(
            spans=part,
            kinds={one.kind for one in targets},
            segments=segments,
        )
        statement = f"{FILL}{select}) AS sums"
        written += sql.execute(statement, **columns(targets), **place, run_id=run_id)
    return written + roll_up(metrics=every, spans=spans, run_id=run_id, **place)


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
    place = {
        "namespace_id": namespace_id,
        "run_id": run_id,
        "metrics": list(metrics),
        "segments": list(segments),
    }
    written = 0
    for finer, resolution in ((FIVE_MINUTES, HOUR), (HOUR, DAY)):
        wider = buckets.widened(spans, resolution=resolution)
        clear(resolution, wider, **place)
        written += sql.execute(
            ROLL_UP, finer=finer, resolution=resolution, **edges(wider), **place
        )
    return written


def clear(resolution: int, spans: Sequence[Span], **place: object) -> None:
    """Deletes the buckets of some metrics that start in the spans."""
    sql.execute(CLEAR, resolution=resolution, **edges(spans), **place)


def edges(spans: Sequence[Span]) -> dict[str, list[datetime]]:
    return {
        "starts": [span.start_at for span in spans],
        "ends": [span.end_at for span in spans],
    }


def aggregate_all(*, at: datetime) -> list[AggregationRun]:
    """Aggregates every namespace that has something new; returns the runs."""
    return [run for run in aggregations(at=at) if run]


def aggregations(*, at: datetime) -> Iterator[AggregationRun | None]:
    """Aggregates the namespaces that have something new, each in its transaction.

    Yields after each, so that whoever runs it may stop. Those come first that wait
    longest; one that fails is noted, and stops no other.
    """
    with failures.attempts("aggregate", at=at) as attempts:
        pending = events.namespaces_to_aggregate()
        for one in attempts.failing_last(pending, subject=int):
            work = partial(aggregate, namespace_id=one, at=at)
            yield attempts.attempt(one, work)


@transaction.atomic
def load_catalogue(*, event_names: Mapping[str, str]) -> int:
    """Adds what is missing of the shipped catalogue; returns how many rows it added.

    What is there stays as it is: staff may have edited it.
    """
    before = Metric.objects.count() + KPI.objects.count()
    Metric.objects.bulk_create(shipped.metrics(event_names), ignore_conflicts=True)
    KPI.objects.bulk_create(shipped.kpis(), ignore_conflicts=True)
    return Metric.objects.count() + KPI.objects.count() - before
