"""A day of a segmentation's backfill: its leaves, computed over the open history.

A segmentation waits for it as long as no Backfill has its definition. Meanwhile,
aggregations write what is new under each leaf already.
"""

from datetime import datetime, timedelta

from analytics.buckets import recompute, runs
from analytics.kinds import segments, specs
from analytics.models import WHOLE, Backfill, Cause
from db import sql
from events.event_body import FUTURE, PAST
from segmentation import queries as segmentations
from segmentation.resolved import ResolvedSegmentation
from segmentation.tree import Group
from timegrid import buckets
from timegrid.buckets import DAY, FIVE_MINUTES, Span

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


def request(*, at: datetime) -> None:
    """Puts the segmentations into the queue that are not filled as they are now."""
    known = set(
        Backfill.objects.exclude(segmentation=None).values_list(
            "segmentation_id", "definition"
        )
    )
    Backfill.objects.bulk_create(
        [
            restart(
                Backfill(segmentation_id=resolved.id, requested_at=at), resolved, at=at
            )
            for resolved in segmentations.all_resolved_segmentations()
            if (resolved.id, resolved.definition) not in known
        ],
        ignore_conflicts=True,
    )


def advance(backfill: Backfill, *, at: datetime) -> bool:
    """Fills the next day of a segmentation, or says that it cannot be read.

    One that was changed is begun again.
    """
    assert backfill.segmentation
    namespace_id = backfill.segmentation.namespace_id
    resolved = segmentations.resolved_segmentation(
        namespace_id=namespace_id, segmentation_id=backfill.segmentation.pk
    )
    if resolved is None:
        return False
    if backfill.definition != resolved.definition:
        restart(backfill, resolved, at=at)
    proceed(backfill, resolved, namespace_id=namespace_id, at=at)
    return True


def restart(
    backfill: Backfill, resolved: ResolvedSegmentation, *, at: datetime
) -> Backfill:
    """Returns a backfill that has done nothing yet."""
    backfill.definition, backfill.started_at, backfill.done = resolved.definition, at, 0
    backfill.from_at = open_from(at=at)
    backfill.total = len(days(backfill))
    return backfill


def open_from(*, at: datetime) -> datetime:
    """Returns the first five minutes that a late event, or a price, may still change.

    What they look back on is kept; older ones may be summed at a former price.
    """
    edge = at - PAST + timedelta(seconds=FIVE_MINUTES)
    return buckets.floor(edge, resolution=FIVE_MINUTES)


def days(backfill: Backfill) -> list[Span]:
    """Returns the days of a backfill, up to the newest event's."""
    assert backfill.started_at
    assert backfill.from_at
    last_at = backfill.started_at + FUTURE + timedelta(seconds=FIVE_MINUTES)
    span = Span(backfill.from_at, buckets.floor(last_at, resolution=FIVE_MINUTES))
    return list(buckets.cut_at(span, resolution=DAY))


def proceed(
    backfill: Backfill,
    resolved: ResolvedSegmentation,
    *,
    namespace_id: int,
    at: datetime,
) -> None:
    """Fills the next day, as far as it is still open."""
    assert backfill.from_at
    due = days(backfill)
    if backfill.done == 0:
        carry(resolved, namespace_id=namespace_id, from_at=backfill.from_at)
    fill(resolved, namespace_id=namespace_id, day=due[backfill.done], at=at)
    backfill.done += 1
    if backfill.done == len(due):
        backfill.finished_at = at


def fill(
    resolved: ResolvedSegmentation, *, namespace_id: int, day: Span, at: datetime
) -> None:
    start_at = max(day.start_at, open_from(at=at))
    if start_at >= day.end_at:  # it waited until the day was sealed
        return
    run = runs.begin(namespace_id=namespace_id, cause=Cause.FILL, at=at)
    written = recompute.recompute(
        namespace_id=namespace_id,
        metrics=specs.computed(namespace_id),
        segments=segments.leaves(resolved),
        spans=[Span(start_at, day.end_at)],
        run_id=run.pk,
    )
    runs.finish(run, buckets=written)


def carry(
    resolved: ResolvedSegmentation, *, namespace_id: int, from_at: datetime
) -> None:
    """Counts users who were carried over under the leaf of those in no group."""
    pairs = zip(resolved.segments, resolved.leaves, strict=True)
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
        leaves=list(resolved.segments),
        from_at=from_at,
    )


def filled(*, namespace_id: int) -> list[tuple[ResolvedSegmentation, datetime]]:
    """Returns the segmentations that are filled, each with since when, in 4 queries."""
    all_resolved = segmentations.resolved_segmentations(namespace_id=namespace_id)
    rows = Backfill.objects.filter(
        segmentation__in=[resolved.id for resolved in all_resolved]
    )
    finished = rows.exclude(finished_at=None)
    since = {
        (segmentation_id, definition): from_at
        for segmentation_id, definition, from_at in finished.values_list(
            "segmentation_id", "definition", "from_at"
        )
        if from_at
    }
    return [
        (resolved, since[resolved.id, resolved.definition])
        for resolved in all_resolved
        if (resolved.id, resolved.definition) in since
    ]
