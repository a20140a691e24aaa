"""The span that an import owns: it is free, or made free, before anything is stored."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max, Min

from accounts.queries import Scope
from analytics.buckets import recompute, runs
from analytics.kinds import rules, segments, specs
from analytics.models import WHOLE, AggregationRun, Bucket, Cause, Kind, Metric
from db import sql
from events import imports
from events import queries as event_queries
from events.imports import Content, Progress
from pipeline import aggregate, drain
from timegrid import buckets
from timegrid.buckets import FIVE_MINUTES, Span


class ImportRefusedError(ValueError):
    """Nothing is imported; the message says what is in the way."""


@transaction.atomic
def take(scope: Scope, content: Content, *, replace: bool, at: datetime) -> Progress:
    """Returns the import of some content: begun now, or found where it was stopped.

    Raises ImportRefusedError where the namespace has numbers of the span, unless told
    to `replace` them. Meanwhile nothing of the namespace is drained or aggregated.
    """
    drain.pause(namespace_id=scope.id)
    sql.lock("aggregate", key=scope.id)
    known = imports.latest(namespace_id=scope.id, digest=content.digest)
    if known and not known.finished_at:
        return known
    if replace:
        aggregate.aggregate(namespace_id=scope.id, at=at)  # what was drained meanwhile
        make_free(scope, content.span, at=at)
    elif known:
        raise ImportRefusedError(
            f"already imported at {known.finished_at:%Y-%m-%d %H:%M} UTC; "
            "to import it again, give --replace"
        )
    else:
        require_free(scope, content.span)
    return imports.begin(scope, content, at=at)


def require_free(scope: Scope, span: Span) -> None:
    for other in imports.unfinished(namespace_id=scope.id, span=span):
        raise ImportRefusedError(
            f"{scope.name}: the import of {other.source}, "
            f"{span_in_words(other.span)}, is not finished: repeat it, or delete it "
            "in the admin and give --replace"
        )
    if taken := taken_span(scope, span):
        raise ImportRefusedError(
            f"{scope.name} already has numbers of {span_in_words(taken)}; to replace "
            f"all of {span_in_words(span)}, give --replace"
        )


def span_in_words(span: Span) -> str:
    return f"{span.start_at:%Y-%m-%d %H:%M} to {span.end_at:%Y-%m-%d %H:%M} UTC"


def taken_span(scope: Scope, span: Span) -> Span | None:
    """Returns from where to where there are computed buckets or events in a span."""
    computed = Bucket.objects.filter(
        namespace=scope.id,
        resolution=FIVE_MINUTES,
        metric__in=Metric.objects.exclude(kind=Kind.EXTERNAL).values("pk"),
        segment=WHOLE,
        start_at__gte=span.start_at,
        start_at__lt=span.end_at,
    ).aggregate(first=Min("start_at"), last=Max("start_at"))
    recorded = imports.history_extent(namespace_id=scope.id, span=span) or ()
    moments = [at for at in (*computed.values(), *recorded) if at]
    if not moments:
        return None
    start_at, last_at = (
        buckets.floor(at, resolution=FIVE_MINUTES)
        for at in (min(moments), max(moments))
    )
    return Span(start_at, last_at + timedelta(seconds=FIVE_MINUTES))


def make_free(scope: Scope, span: Span, *, at: datetime) -> None:
    """Forgets the events of a span and the numbers computed from them.

    Users who were counted as new in it stay counted: no event to come can tell of them
    again. Imports into the span that have not ended are given up.
    """
    others = imports.unfinished(namespace_id=scope.id, span=span)
    imports.abandon(other.id for other in others)
    run = runs.begin(namespace_id=scope.id, cause=Cause.REPLACE, at=at)
    imports.forget(namespace_id=scope.id, span=span)
    carry(scope, span)
    gone = Metric.objects.exclude(kind__in=[Kind.EXTERNAL, Kind.UNIQUE])
    metrics = list(gone.values_list("pk", flat=True))
    numbers = segments.every(namespace_id=scope.id).numbers
    cleared: recompute.Parameters = {
        "namespace_id": scope.id,
        "metrics": metrics,
        "segments": numbers,
    }
    recompute.clear(FIVE_MINUTES, [span], **cleared)
    written = recompute.roll_up(spans=[span], run_id=run.pk, **cleared)
    written += follow_up(span, namespace_id=scope.id, run_id=run.pk, at=at)
    runs.finish(run, buckets=written)


def follow_up(span: Span, *, namespace_id: int, run_id: int, at: datetime) -> int:
    """Recomputes what looks back on a span; returns how many buckets were written.

    What is too old for that is sealed: the events behind it may be gone.
    """
    start_at = max(span.end_at, event_queries.history_from(at=at) + rules.LOOKBACK)
    end_at = span.end_at + rules.LOOKBACK
    if start_at >= end_at:
        return 0
    return recompute.recompute(
        namespace_id=namespace_id,
        metrics=specs.computed(namespace_id),
        segments=segments.every(namespace_id=namespace_id),
        spans=[Span(start_at, end_at)],
        run_id=run_id,
    )


def has_replaced(progress: Progress) -> bool:
    """Tells whether an import began by replacing what was in its span."""
    return AggregationRun.objects.filter(
        namespace=progress.scope.id,
        cause=Cause.REPLACE,
        started_at=progress.started_at,
    ).exists()


CARRY = """
INSERT INTO analytics_carried (namespace_id, metric_id, segment, start_at, value)
SELECT namespace_id, metric_id, segment, start_at, value FROM analytics_bucket
WHERE namespace_id = %(namespace_id)s AND resolution = 300
    AND metric_id = ANY(%(metrics)s)
    AND start_at >= %(start_at)s AND start_at < %(end_at)s
ON CONFLICT (namespace_id, metric_id, segment, start_at)
DO UPDATE SET value = EXCLUDED.value
"""


def carry(scope: Scope, span: Span) -> None:
    """Keeps the new users of a span, who are counted in buckets and nowhere else."""
    metrics = Metric.objects.filter(kind=Kind.UNIQUE)
    sql.execute(
        CARRY,
        namespace_id=scope.id,
        metrics=[metric.pk for metric in metrics if not metric.stale],
        start_at=span.start_at,
        end_at=span.end_at,
    )
