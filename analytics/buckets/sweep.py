"""The buckets of segmentations that are gone are deleted."""

from datetime import datetime
from functools import partial

from django.db import transaction

from accounts.models import Namespace
from analytics.models import WHOLE
from db import sql
from events import failures
from segmentation import queries as segmentation
from timegrid.buckets import RESOLUTIONS

# The segments that a namespace has buckets of, found by one step in the index each.
ORPHANS = """
WITH RECURSIVE stored AS (
    SELECT resolution, metric.id AS metric_id
    FROM analytics_metric AS metric, unnest(%(resolutions)s::int[]) AS resolution
), present AS (
    SELECT resolution, metric_id, -2147483648 AS segment FROM stored
    UNION ALL
    SELECT resolution, metric_id, (
        SELECT min(segment) FROM analytics_bucket AS bucket
        WHERE bucket.namespace_id = %(namespace_id)s
            AND bucket.resolution = present.resolution
            AND bucket.metric_id = present.metric_id
            AND bucket.segment > present.segment
    )
    FROM present WHERE segment IS NOT NULL
)
DELETE FROM analytics_bucket AS bucket USING present
WHERE bucket.namespace_id = %(namespace_id)s AND bucket.resolution = present.resolution
    AND bucket.metric_id = present.metric_id AND bucket.segment = present.segment
    AND present.segment <> ALL(%(numbers)s::int[])
"""


def sweep(*, at: datetime) -> int:
    """Deletes the buckets of segmentations that were deleted; returns how many.

    A namespace that another worker is at is left to the next time; one that fails is
    noted, and stops no other.
    """
    numbers = Namespace.objects.order_by("pk").values_list("pk", flat=True)
    with failures.attempts("sweep", at=at) as attempts:
        return sum(
            attempts.attempt(number, partial(sweep_namespace, namespace_id=number)) or 0
            for number in attempts.failing_last(numbers, subject=int)
        )


@transaction.atomic
def sweep_namespace(*, namespace_id: int) -> int:
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
