"""Aggregate: what was drained since the last time becomes buckets."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from analytics.buckets import recompute, runs
from analytics.kinds import invalidation, rules, segments, specs, statements
from analytics.kinds.specs import MetricSpec
from analytics.models import AggregationRun, Cause
from db import sql
from events import failures, past
from events import queries as events
from events import services as history
from events.services import PendingWork
from timegrid import buckets
from timegrid.buckets import FIVE_MINUTES, Span


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
        for namespace_id in attempts.failing_last(pending, subject=int):
            work = partial(aggregate, namespace_id=namespace_id, at=at)
            yield attempts.attempt(namespace_id, work)


@transaction.atomic
def aggregate(*, namespace_id: int, at: datetime) -> AggregationRun | None:
    """Recomputes every bucket that new batches touched, then those above them.

    One transaction: taking the work and writing the buckets commit together. Returns
    None when there is nothing to do or another worker is at it.
    """
    if not sql.try_lock("aggregate", key=namespace_id):
        return None
    run = runs.begin(namespace_id=namespace_id, cause=Cause.EVENTS, at=at)
    work = take(run, at=at)
    if not work.batches and not work.spans:
        run.delete()
        return None
    # Read after taking: by now, the names of all events taken are in the dictionary.
    metrics = specs.computed(namespace_id)
    written = recompute.recompute(
        namespace_id=namespace_id,
        metrics=metrics,
        segments=segments.every(namespace_id=namespace_id),
        spans=invalidated(work, namespace_id=namespace_id, metrics=metrics),
        run_id=run.pk,
    )
    run.batches, run.events = len(work.batches), work.events
    return runs.finish(run, buckets=written)


def take(run: AggregationRun, *, at: datetime) -> PendingWork:
    """Marks what a namespace has pending as done by a run, and returns it."""
    metrics = specs.computed(run.namespace_id)
    return history.take_pending(
        namespace_id=run.namespace_id,
        priced=[spec.event_name_id for spec in metrics if spec.kind in rules.PRICED],
        run_id=run.pk,
        at=at,
    )


def invalidated(
    work: PendingWork, *, namespace_id: int, metrics: Sequence[MetricSpec]
) -> list[Span]:
    """Returns the five minutes that new events fall into, and those in which they
    change what later events count for.
    """
    spans = [Span(start, end) for start, end in work.spans]
    if not work.batches:  # prices change nothing but what they are the price of
        return spans
    later = changed_later(work, spans, namespace_id=namespace_id, metrics=metrics)
    ordered = sorted(spans + later, key=lambda span: span.start_at)
    return buckets.widened(ordered, resolution=FIVE_MINUTES)


def changed_later(
    work: PendingWork,
    spans: Sequence[Span],
    *,
    namespace_id: int,
    metrics: Sequence[MetricSpec],
) -> list[Span]:
    """Returns the five minutes after `spans` whose events the new ones give another
    meaning.
    """
    with_history = past.with_history(
        namespace_id=namespace_id, spans=invalidation.gaps(spans)
    )
    parameters = {
        "namespace_id": namespace_id,
        "batches": sql.array(work.batches),
        **specs.parameters(metrics),
    }
    used = {spec.kind for spec in metrics}
    return [
        Span(start_at, start_at + timedelta(seconds=FIVE_MINUTES))
        for piece in recompute.pieces(
            invalidation.looked_back_on(spans, gaps=with_history)
        )
        if (statement := statements.invalidated(spans=piece, kinds=used))
        for (start_at,) in sql.fetch(statement, **parameters)
    ]
