"""Metrics computed anew over the history that is kept, a day of a namespace at a time.

The rows of Rebuild are the queue. Each day is a transaction, so the work may stop
anywhere and go on anywhere. A rebuild's days are numbered, those of the first namespace
before those of the second, and `done` is the number of the next: namespaces only become
more, and the days depend on when the rebuild was started.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Max

from accounts.models import Namespace
from analytics import kinds
from analytics.buckets import recompute, runs
from analytics.kinds import segments, specs
from analytics.models import WHOLE, Bucket, Carried, Cause, Kind, Metric, Rebuild
from db import sql
from events import failures, past
from events import queries as events
from events.body import FUTURE
from timegrid import buckets
from timegrid.buckets import DAY, FIVE_MINUTES, Span

# Until its end, the metric says so: an edit overwrites this, and thus sends the rebuild
# back to its first day.
AT_WORK = "rebuilding as "


class NotRebuildableError(ValueError):
    """A metric is not computed from history, or not at the moment."""


class BusyError(Exception):
    """Another worker is at the namespace."""


def stale() -> list[Metric]:
    """Returns the active metrics whose buckets another definition computed."""
    return [metric for metric in Metric.objects.filter(active=True) if metric.stale]


def since(*, kind: str, at: datetime) -> datetime:
    """Returns from when on buckets can be rebuilt: all that they look back to is kept.

    Older buckets stay as they are.
    """
    return events.history_from(at=at) + kinds.look_back(kind)


def forget(*, metric_id: int) -> None:
    """Forgets what a metric's former definition had carried over from lost history."""
    Carried.objects.filter(metric=metric_id).delete()


@transaction.atomic
def request(*, metrics: Iterable[Metric], at: datetime) -> list[int]:
    """Puts metrics into the queue; returns the numbers of their rebuilds.

    A metric that is in it already keeps its place. Raises NotRebuildableError, and then
    takes none.
    """
    wanted = {metric.pk: metric for metric in metrics}
    for metric in wanted.values():
        refuse(metric)
    Rebuild.objects.bulk_create(
        [Rebuild(metric=metric, requested_at=at) for metric in wanted.values()],
        ignore_conflicts=True,
    )
    waiting = Rebuild.objects.filter(metric__in=wanted, finished_at=None)
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


def advance_next(*, at: datetime) -> Rebuild | None:
    """Advances the rebuild that was asked for first of those that can go on now.

    None when none can: no lock is waited for. One that fails is noted, and stops no
    other.
    """
    waiting = Rebuild.objects.filter(finished_at=None).order_by("pk")
    with failures.attempts("rebuild", at=at) as attempts:
        numbers = waiting.values_list("pk", flat=True)
        for number in attempts.failing_last(numbers, subject=int):
            work = partial(advance, number, at=at, wait=False)
            if one := attempts.attempt(number, work):
                return one
    return None


def advance(rebuild_id: int, *, at: datetime, wait: bool) -> Rebuild | None:
    """Rebuilds the next day that has events; returns how far the rebuild is now.

    None when it is finished or, unless told to wait, another worker is at it or at the
    namespace of that day.
    """
    try:
        return step(rebuild_id, at=at, wait=wait)
    except BusyError:
        return None


@transaction.atomic
def step(rebuild_id: int, *, at: datetime, wait: bool) -> Rebuild | None:
    """As `advance`, but raises BusyError where another worker is at the namespace.

    A metric that was edited is begun again; one that cannot be rebuilt any more stays
    stale.
    """
    rows = Rebuild.objects.select_for_update(skip_locked=not wait, of=("self",))
    one = rows.select_related("metric").filter(pk=rebuild_id, finished_at=None).first()
    if one is None:
        return None
    if one.metric.kind == Kind.EXTERNAL or not one.metric.active:
        one.finished_at = at
    elif one.started_at and one.metric.built_as == under_way(one.metric):
        proceed(one, every=days(one.metric, at=one.started_at), at=at, wait=wait)
    elif turn(one.metric, under_way(one.metric)):
        one.started_at, one.done = at, 0
        one.total = Namespace.objects.count() * len(days(one.metric, at=at))
    one.save(update_fields=["started_at", "finished_at", "done", "total"])
    return one


def under_way(metric: Metric) -> str:
    return AT_WORK + metric.definition


def turn(metric: Metric, built_as: str) -> bool:
    """Notes how a metric is built, unless it was edited since it was read."""
    read = ("pk", "kind", "event_name", "after", "built_as")
    same = Metric.objects.filter(**{field: getattr(metric, field) for field in read})
    return bool(same.update(built_as=built_as))


def days(metric: Metric, *, at: datetime) -> list[Span]:
    """Returns the days of a rebuild that starts then: up to the newest event's."""
    kept = Span(since(kind=metric.kind, at=at), at + FUTURE)
    [whole] = buckets.widened([kept], resolution=DAY)
    return list(buckets.cut_at(whole, resolution=DAY))


def proceed(one: Rebuild, *, every: Sequence[Span], at: datetime, wait: bool) -> None:
    """Rebuilds the next day of a namespace that has events, else leaves the namespace.

    After the last namespace, the metric is what it says it is, unless it was edited.
    """
    namespaces = list(Namespace.objects.order_by("pk").values_list("pk", flat=True))
    one.total = max(one.done, len(namespaces) * len(every))
    place, passed = divmod(one.done, len(every))
    if place == len(namespaces):
        built = turn(one.metric, one.metric.definition)
        one.finished_at = at if built else None
        return
    waiting = range(passed, len(every))
    found = past.with_history(
        namespace_id=namespaces[place], spans=[every[number] for number in waiting]
    )
    if found:
        hold(namespaces[place], wait=wait)
        rebuild_day(one.metric, namespace_id=namespaces[place], day=found[0], at=at)
    done = every.index(found[0]) + 1 if found else len(every)
    one.done = place * len(every) + done


def hold(namespace_id: int, *, wait: bool) -> None:
    """Keeps other workers away from a namespace, or raises BusyError."""
    if wait:
        sql.lock("aggregate", key=namespace_id)
    elif not sql.try_lock("aggregate", key=namespace_id):
        raise BusyError(namespace_id)


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
