"""New segmentations are filled: their leaves computed over the kept history.

A segmentation waits for it as long as no Fill has its cut's definition. Each day is a
transaction, so the work may stop anywhere and go on anywhere; meanwhile aggregations
write what is new under every leaf already.
"""

from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from accounts.models import Namespace
from analytics.buckets import recompute, runs
from analytics.kinds import segments, specs
from analytics.models import WHOLE, Cause, Fill
from db import sql
from events import failures
from events.body import FUTURE, PAST
from segmentation import queries as segmentation
from segmentation.resolved import ResolvedSegmentation
from segmentation.tree import Group
from timegrid import buckets
from timegrid.buckets import DAY, FIVE_MINUTES, RESOLUTIONS, Span

# What an import replaced has no users any more: those in no group stand for them.
CARRY = """
INSERT INTO analytics_carried (namespace_id, metric_id, segment, start_at, value)
SELECT namespace_id, metric_id, %(rest)s, start_at, value FROM analytics_carried
WHERE namespace_id = %(namespace_id)s AND segment = %(whole)s
    AND start_at >= %(from_at)s
    AND NOT EXISTS (
        SELECT FROM analytics_carried AS known
        WHERE known.namespace_id = %(namespace_id)s AND segment = ANY(%(leaves)s::int[])
            AND known.metric_id = analytics_carried.metric_id
            AND known.start_at = analytics_carried.start_at
    )
"""
ORPHANS = """
WITH RECURSIVE place AS (
    SELECT resolution, metric.id AS metric_id
    FROM analytics_metric AS metric, unnest(%(resolutions)s::int[]) AS resolution
), found AS (
    SELECT resolution, metric_id, -2147483648 AS segment FROM place
    UNION ALL
    SELECT resolution, metric_id, (
        SELECT min(segment) FROM analytics_bucket AS bucket
        WHERE bucket.namespace_id = %(namespace_id)s
            AND bucket.resolution = found.resolution
            AND bucket.metric_id = found.metric_id AND bucket.segment > found.segment
    )
    FROM found WHERE segment IS NOT NULL
)
DELETE FROM analytics_bucket AS bucket USING found
WHERE bucket.namespace_id = %(namespace_id)s AND bucket.resolution = found.resolution
    AND bucket.metric_id = found.metric_id AND bucket.segment = found.segment
    AND found.segment <> ALL(%(numbers)s::int[])
"""


def advance(*, at: datetime) -> Fill | None:
    """Fills the next day of a segmentation; returns how far that is now.

    None when there is none to fill, or another worker is at the namespace of each that
    is: no lock is waited for. One that fails is noted, and stops no other.
    """
    begin(at=at)
    waiting = Fill.objects.filter(finished_at=None).order_by("pk")
    with failures.attempts("fill", at=at) as attempts:
        numbers = waiting.values_list("pk", flat=True)
        for number in attempts.failing_last(numbers, subject=int):
            if one := attempts.attempt(number, partial(step, number, at=at)):
                return one
    return None


@transaction.atomic
def step(number: int, *, at: datetime) -> Fill | None:
    """Fills the next day of one segmentation; None where that cannot be done now.

    The namespace's lock keeps other workers away from its fills. Their rows stay free,
    so that a segmentation can be deleted meanwhile: its numbers are swept later.
    """
    rows = Fill.objects.filter(pk=number, finished_at=None)
    scope = rows.values_list("segmentation__namespace", flat=True).first()
    if scope is None or not sql.try_lock("aggregate", key=scope):
        return None
    one = rows.first()
    if one is None:
        return None
    cut = segmentation.resolved_segmentation(
        namespace_id=scope, segmentation_id=one.segmentation_id
    )
    if cut is None:
        return None
    if one.definition != cut.definition:
        restart(one, cut, at=at)
    proceed(one, cut, namespace_id=scope, at=at)
    columns = ("definition", "started_at", "from_at", "finished_at", "done", "total")
    rows.update(**{name: getattr(one, name) for name in columns})
    return one


def begin(*, at: datetime) -> None:
    """Puts the segmentations into the queue that are not filled as they are now."""
    known = set(Fill.objects.values_list("segmentation_id", "definition"))
    Fill.objects.bulk_create(
        [
            restart(Fill(segmentation_id=cut.id), cut, at=at)
            for cut in segmentation.all_resolved_segmentations()
            if (cut.id, cut.definition) not in known
        ],
        ignore_conflicts=True,
    )


def restart(one: Fill, cut: ResolvedSegmentation, *, at: datetime) -> Fill:
    """Returns a fill that has done nothing yet."""
    one.definition, one.started_at, one.done = cut.definition, at, 0
    one.from_at = open_from(at=at)
    one.total = len(days(one))
    return one


def open_from(*, at: datetime) -> datetime:
    """Returns the first five minutes that a late event, or a price, may still change.

    What they look back on is kept; older ones may be summed at a former price.
    """
    edge = at - PAST + timedelta(seconds=FIVE_MINUTES)
    return buckets.floor(edge, resolution=FIVE_MINUTES)


def days(one: Fill) -> list[Span]:
    """Returns the days of a fill, up to the newest event's."""
    last_at = one.started_at + FUTURE + timedelta(seconds=FIVE_MINUTES)
    span = Span(one.from_at, buckets.floor(last_at, resolution=FIVE_MINUTES))
    return list(buckets.cut_at(span, resolution=DAY))


def proceed(
    one: Fill, cut: ResolvedSegmentation, *, namespace_id: int, at: datetime
) -> None:
    """Fills the next day, as far as it is still open."""
    every = days(one)
    if one.done == 0:
        carry(cut, namespace_id=namespace_id, from_at=one.from_at)
    fill(cut, namespace_id=namespace_id, day=every[one.done], at=at)
    one.done += 1
    if one.done == len(every):
        one.finished_at = at


def fill(
    cut: ResolvedSegmentation, *, namespace_id: int, day: Span, at: datetime
) -> None:
    start_at = max(day.start_at, open_from(at=at))
    if start_at >= day.end_at:  # it waited until the day was sealed
        return
    run = runs.begin(namespace_id=namespace_id, cause=Cause.FILL, at=at)
    written = recompute.recompute(
        namespace_id=namespace_id,
        metrics=specs.computed(namespace_id),
        segments=segments.leaves(cut),
        spans=[Span(start_at, day.end_at)],
        run_id=run.pk,
    )
    runs.finish(run, buckets=written)


def carry(cut: ResolvedSegmentation, *, namespace_id: int, from_at: datetime) -> None:
    """Counts users who were carried over under the leaf of those in no group."""
    pairs = zip(cut.segments, cut.leaves, strict=True)
    [rest] = [
        number
        for number, leaf in pairs
        if all(group == Group.NEITHER for _, group in leaf.steps)
    ]
    sql.execute(
        CARRY,
        namespace_id=namespace_id,
        whole=WHOLE,
        rest=rest,
        leaves=list(cut.segments),
        from_at=from_at,
    )


def filled(*, namespace_id: int) -> list[tuple[ResolvedSegmentation, datetime]]:
    """Returns the segmentations that are filled, each with since when, in 4 queries."""
    cuts = segmentation.resolved_segmentations(namespace_id=namespace_id)
    rows = Fill.objects.filter(segmentation__in=[cut.id for cut in cuts])
    since = {
        (one.segmentation_id, one.definition): one.from_at
        for one in rows.exclude(finished_at=None)
    }
    return [
        (cut, since[cut.id, cut.definition])
        for cut in cuts
        if (cut.id, cut.definition) in since
    ]


def sweep(*, at: datetime) -> int:
    """Deletes the buckets of segmentations that were deleted; returns how many.

    A namespace that another worker is at is left to the next time; one that fails is
    noted, and stops no other.
    """
    numbers = Namespace.objects.order_by("pk").values_list("pk", flat=True)
    with failures.attempts("sweep", at=at) as attempts:
        return sum(
            attempts.attempt(one, partial(sweep_one, namespace_id=one)) or 0
            for one in attempts.failing_last(numbers, subject=int)
        )


@transaction.atomic
def sweep_one(*, namespace_id: int) -> int:
    """Deletes a namespace's buckets of no segment, unless another worker is at it.

    No aggregation is under way meanwhile: what one wrote before, it read before.
    """
    if not sql.try_lock("aggregate", key=namespace_id):
        return 0
    return sql.execute(
        ORPHANS,
        namespace_id=namespace_id,
        resolutions=list(RESOLUTIONS),
        numbers=[WHOLE, *segmentation.segment_numbers(namespace_id=namespace_id)],
    )
