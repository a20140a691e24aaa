"""The queue of backfills: buckets computed anew over the kept history, day by day.

The rows of Backfill are the queue. A piece of work is one day of one namespace, in a
transaction that counts it as done: work may stop anywhere and go on anywhere. What a
day means is told by `segment_backfill` and `metric_backfill`.
"""

from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import BooleanField, ExpressionWrapper, Q

from analytics.buckets import metric_backfill, segment_backfill
from analytics.buckets.namespace_lock import BusyError, hold
from analytics.models import Backfill
from events import failures

OF_A_METRIC = ExpressionWrapper(Q(segmentation=None), output_field=BooleanField())
PROGRESS = ("definition", "from_at", "started_at", "finished_at", "done", "total")


def advance_next(*, at: datetime) -> Backfill | None:
    """Advances the first backfill that can go on now; returns how far that is.

    The few days of a segmentation come before the many of a metric, else they are in
    the order asked for. None when none can go on: no lock is waited for. One that fails
    is noted, and stops no other.
    """
    segment_backfill.request(at=at)
    unfinished = Backfill.objects.filter(finished_at=None)
    waiting = unfinished.order_by(OF_A_METRIC, "pk")
    with failures.attempts("backfill", at=at) as attempts:
        numbers = waiting.values_list("pk", flat=True)
        for number in attempts.failing_last(numbers, subject=int):
            work = partial(advance, number, at=at, wait=False)
            if backfill := attempts.attempt(number, work):
                return backfill
    return None


def advance(number: int, *, at: datetime, wait: bool) -> Backfill | None:
    """Computes the next day that has events; returns how far the backfill is now.

    None when it is finished, or, unless told to wait, when another worker is at it or
    at the namespace.
    """
    try:
        return step(number, at=at, wait=wait)
    except BusyError:
        return None


@transaction.atomic
def step(number: int, *, at: datetime, wait: bool) -> Backfill | None:
    """As `advance`, but raises BusyError where another worker is at the namespace."""
    backfill = take(number, wait=wait)
    if backfill is None:
        return None
    if backfill.metric:
        metric_backfill.advance(backfill, backfill.metric, at=at, wait=wait)
    elif not segment_backfill.advance(backfill, at=at):
        return None
    progress = {name: getattr(backfill, name) for name in PROGRESS}
    Backfill.objects.filter(pk=number).update(**progress)
    return backfill


def take(number: int, *, wait: bool) -> Backfill | None:
    """Returns a backfill that waits and that no other worker is at.

    The row of a segmentation's stays free, so that a segmentation can be deleted at any
    time: its namespace's lock, which all of its days need, keeps other workers away.
    """
    waiting = Backfill.objects.filter(pk=number, finished_at=None)
    scope = waiting.values_list("segmentation__namespace", flat=True).first()
    if scope:
        hold(scope, wait=wait)
        return waiting.select_related("segmentation", "metric").first()
    rows = waiting.select_for_update(skip_locked=not wait, of=("self",))
    return rows.filter(segmentation=None).select_related("metric").first()
