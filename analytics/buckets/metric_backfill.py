"""A day of a metric's backfill: a rebuild over the history that is kept.

Its days are numbered, those of the first namespace before those of the second, and
`done` is the number of the next: namespaces only become more, and the days depend on
when the backfill was started.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max

from accounts.models import Namespace
from analytics.buckets import recompute, runs
from analytics.buckets.namespace_lock import hold
from analytics.kinds import rules, segments, specs
from analytics.models import WHOLE, Backfill, Bucket, Carried, Cause, Kind, Metric
from events import past
from events import queries as events
from events.event_body import FUTURE
from timegrid import buckets
from timegrid.buckets import DAY, FIVE_MINUTES, Span

# Until its end, the metric says so: an edit overwrites this, and thus sends the
# backfill back to its first day.
AT_WORK = "rebuilding as "


class NotRebuildableError(ValueError):
    """A metric is not computed from history, or not at the moment."""


def stale() -> list[Metric]:
    """Returns the active metrics whose buckets another definition computed."""
    return [metric for metric in Metric.objects.filter(active=True) if metric.stale]


def since(*, kind: str, at: datetime) -> datetime:
    """Returns from when on buckets can be rebuilt: all that they look back to is kept.

    Older buckets stay as they are.
    """
    return events.history_from(at=at) + rules.lookback(kind)


def forget(*, metric_id: int) -> None:
    """Forgets what a metric's former definition had carried over from lost history."""
    Carried.objects.filter(metric=metric_id).delete()


@transaction.atomic
def request(*, metrics: Iterable[Metric], at: datetime) -> list[int]:
    """Puts metrics into the queue; returns the numbers of their backfills.

    A metric that is in it already keeps its place. Raises NotRebuildableError, and then
    takes none.
    """
    wanted = {metric.pk: metric for metric in metrics}
    for metric in wanted.values():
        refuse(metric)
    Backfill.objects.bulk_create(
        [Backfill(metric=metric, requested_at=at) for metric in wanted.values()],
        ignore_conflicts=True,
    )
    waiting = Backfill.objects.filter(metric__in=wanted, finished_at=None)
    return list(waiting.order_by("pk").values_list("pk", flat=True))


def refuse(metric: Metric) -> None:
    """Raises NotRebuildableError where there is nothing to rebuild a metric from."""
    if metric.kind == Kind.EXTERNAL:
        raise NotRebuildableError(
            f"{metric.name} is external: its values are pushed, not computed"
        )
    if not metric.active:
        raise NotRebuildableError(
            f"{metric.name} is inactive: new events would pass it by"
        )


def advance(backfill: Backfill, metric: Metric, *, at: datetime, wait: bool) -> None:
    """Computes the next day that has events, or raises BusyError.

    A metric that was edited is begun again; one that cannot be rebuilt any more stays
    stale.
    """
    if metric.kind == Kind.EXTERNAL or not metric.active:
        backfill.finished_at = at
    elif backfill.started_at and metric.built_as == under_way(metric):
        due = days(metric, at=backfill.started_at)
        proceed(backfill, metric, due=due, at=at, wait=wait)
    elif turn(metric, under_way(metric)):
        backfill.started_at, backfill.done = at, 0
        backfill.total = Namespace.objects.count() * len(days(metric, at=at))


def under_way(metric: Metric) -> str:
    return AT_WORK + metric.definition


def turn(metric: Metric, built_as: str) -> bool:
    """Notes how a metric is built, unless it was edited since it was read."""
    read = ("pk", "kind", "event_name", "after", "built_as")
    same = Metric.objects.filter(**{field: getattr(metric, field) for field in read})
    return bool(same.update(built_as=built_as))


def days(metric: Metric, *, at: datetime) -> list[Span]:
    """Returns the days of a backfill that starts then: up to the newest event's."""
    open_span = Span(since(kind=metric.kind, at=at), at + FUTURE)
    [whole] = buckets.widened([open_span], resolution=DAY)
    return list(buckets.cut_at(whole, resolution=DAY))


def proceed(
    backfill: Backfill, metric: Metric, *, due: Sequence[Span], at: datetime, wait: bool
) -> None:
    """Computes the next day of a namespace that has events, else leaves the namespace.

    After the last namespace, the metric is what it says it is, unless it was edited.
    """
    namespaces = list(Namespace.objects.order_by("pk").values_list("pk", flat=True))
    backfill.total = max(backfill.done, len(namespaces) * len(due))
    passed, next_day = divmod(backfill.done, len(due))
    if passed == len(namespaces):
        built = turn(metric, metric.definition)
        backfill.finished_at = at if built else None
        return
    namespace_id = namespaces[passed]
    days_with_events = past.with_history(
        namespace_id=namespace_id, spans=list(due[next_day:])
    )
    if days_with_events:
        hold(namespace_id, wait=wait)
        rebuild_day(metric, namespace_id=namespace_id, day=days_with_events[0], at=at)
    done = due.index(days_with_events[0]) + 1 if days_with_events else len(due)
    backfill.done = passed * len(due) + done


def rebuild_day(metric: Metric, *, namespace_id: int, day: Span, at: datetime) -> None:
    """Replaces the metric's buckets of a day, except what was loaded from a file."""
    loaded_until = after_loaded(metric, namespace_id=namespace_id, day=day)
    start_at = max(day.start_at, since(kind=metric.kind, at=at), loaded_until)
    if start_at >= day.end_at:
        return
    run = runs.begin(namespace_id=namespace_id, cause=Cause.REBUILD, at=at)
    written = recompute.recompute(
        namespace_id=namespace_id,
        metrics=specs.specs([metric], namespace_id=namespace_id),
        segments=segments.every(namespace_id=namespace_id),
        spans=[Span(start_at, day.end_at)],
        run_id=run.pk,
    )
    runs.finish(run, buckets=written)


def after_loaded(metric: Metric, *, namespace_id: int, day: Span) -> datetime:
    """Returns the end of a day's last bucket from a file, else the day's start.

    Its events happened to another installation: they are not in this one's history.
    """
    loaded = Bucket.objects.filter(
        namespace=namespace_id,
        resolution=FIVE_MINUTES,
        metric=metric,
        segment=WHOLE,
        start_at__gte=day.start_at,
        start_at__lt=day.end_at,
        run__cause=Cause.LOAD,
    )
    last_at = loaded.aggregate(last_at=Max("start_at"))["last_at"]
    return last_at + timedelta(seconds=FIVE_MINUTES) if last_at else day.start_at
