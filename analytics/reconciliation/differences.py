"""What must hold between stored buckets, as statements that return what does not.

A check's SELECT yields (metric id, resolution, start, stored value, expected value,
name of the check).
"""

from typing import Any

from db import sql
from db.statements import complete

MOST = 20  # rows of a metric's resolution

COUNT = "SELECT count(*) FROM analytics_bucket WHERE namespace_id = %(namespace_id)s"
# An hour is the sum of its five minutes, a day the sum of its hours.
ROLLED_UP = """
    WITH summed AS (
        SELECT metric_id, segment, wider.seconds AS resolution,
            date_bin(make_interval(secs => wider.seconds), start_at, 'epoch')
                AS start_at,
            sum(value) AS value
        FROM analytics_bucket
        JOIN (VALUES (300, 3600), (3600, 86400)) AS wider (finer, seconds)
            ON resolution = wider.finer
        WHERE namespace_id = %(namespace_id)s
        GROUP BY 1, 2, 3, 4
    ), stored AS (
        SELECT metric_id, segment, resolution, start_at, value FROM analytics_bucket
        WHERE namespace_id = %(namespace_id)s AND resolution IN (3600, 86400)
    )
    SELECT metric_id, resolution, start_at, stored.value, summed.value,
        'sum of finer buckets'
    FROM summed FULL JOIN stored USING (metric_id, segment, resolution, start_at)
    WHERE coalesce(summed.value, 0) <> coalesce(stored.value, 0)
"""
# A bucket starts where its resolution has one, is not zero, and names a run that is.
SHAPE = """
    SELECT metric_id, resolution, bucket.start_at, value, NULL::numeric, CASE
        WHEN value = 0 THEN 'stored zero'
        WHEN run_id IS NOT NULL AND run.id IS NULL THEN 'unknown run'
        ELSE 'start between buckets'
    END
    FROM analytics_bucket AS bucket LEFT JOIN analytics_aggregationrun AS run
        ON run.id = run_id AND run.namespace_id = bucket.namespace_id
    WHERE bucket.namespace_id = %(namespace_id)s AND (
        value = 0 OR run_id IS NOT NULL AND run.id IS NULL
        OR start_at <> date_bin(make_interval(secs => resolution), start_at, 'epoch')
    )
"""
# Leaves sum to the whole since their segmentation was filled, but for what was loaded
# from a file; the parts of a leaf to the leaf, but for users who are carried over.
CUT = """
    WITH leaf AS (
        SELECT * FROM unnest(
            %(segmentations)s::text[], %(numbers)s::int[], %(sinces)s::timestamptz[]
        ) AS leaf (segmentation, segment, since)
    ), summed AS (
        SELECT segmentation, metric_id, start_at, sum(value) AS value
        FROM leaf JOIN analytics_bucket USING (segment)
        WHERE namespace_id = %(namespace_id)s AND resolution = 300
            AND metric_id = ANY(%(metrics)s) AND start_at >= since
        GROUP BY 1, 2, 3
    ), whole AS (
        SELECT segmentation, metric_id, start_at, value
        FROM (SELECT DISTINCT segmentation, since FROM leaf) AS segmented
        JOIN analytics_bucket AS bucket ON segment = 0
        LEFT JOIN analytics_aggregationrun AS run ON run.id = run_id
        WHERE bucket.namespace_id = %(namespace_id)s AND resolution = 300
            AND metric_id = ANY(%(metrics)s) AND start_at >= since
            AND cause IS DISTINCT FROM 'load'
    )
    SELECT metric_id, 300, start_at, whole.value, summed.value, 'sum of segments'
    FROM summed
    FULL JOIN whole USING (segmentation, metric_id, start_at)
    WHERE coalesce(summed.value, 0) <> coalesce(whole.value, 0)
    UNION ALL
    SELECT metric_id, resolution, start_at, value, total, 'sum of parts'
    FROM analytics_bucket AS bucket,
        LATERAL (
            SELECT sum(shard_value) FROM unnest(shard_values) AS shard_value
        ) AS shards (total)
    WHERE namespace_id = %(namespace_id)s
        AND shard_values IS NOT NULL AND value <> total
        AND NOT EXISTS (
            SELECT FROM analytics_carried AS carried
            WHERE carried.namespace_id = bucket.namespace_id
                AND carried.metric_id = bucket.metric_id
        )
"""
# Five minutes are what history makes of them, unless something about them is open (an
# event changes what later ones count for, as far as their metric looks back), or they
# were loaded from a file: their events happened to another installation.
HISTORY = """
    WITH expected AS ($sums), stored AS (
        SELECT metric_id, segment, start_at, value, cause
        FROM analytics_bucket AS bucket
        LEFT JOIN analytics_aggregationrun AS run ON run.id = run_id
        WHERE bucket.namespace_id = %(namespace_id)s AND resolution = 300
            AND metric_id = ANY(%(metrics)s) AND segment = ANY(%(segments)s::int[])
            AND start_at >= %(start_at)s AND start_at < %(end_at)s
    ), loaded AS (
        SELECT metric_id, max(start_at) AS last_at
        FROM stored WHERE cause = 'load' GROUP BY 1
    ), target AS (
        SELECT * FROM unnest(
            %(metrics)s::bigint[], %(look_backs)s::interval[], %(priced)s::boolean[]
        ) AS target (metric_id, look_back, priced)
    ), waiting AS (
        SELECT * FROM unnest(
            %(open_from)s::timestamptz[], %(open_to)s::timestamptz[]
        ) AS waiting (open_from, open_to)
    )
    SELECT metric_id, 300, start_at, stored.value, expected.value, 'history'
    FROM expected FULL JOIN stored USING (metric_id, segment, start_at)
    JOIN target USING (metric_id) LEFT JOIN loaded USING (metric_id)
    WHERE coalesce(stored.value, 0) <> coalesce(expected.value, 0)
        AND (start_at > last_at) IS NOT FALSE
        AND NOT (priced AND start_at = ANY(%(repriced)s::timestamptz[]))
        AND NOT EXISTS (
            SELECT FROM waiting
            WHERE start_at >= open_from AND start_at < open_to + look_back
        )
"""
TOLD = """
SELECT name, resolution, start_at, trim_scale(stored)::text,
    trim_scale(expected)::text, what, place, found
FROM (
    SELECT *, count(*) OVER same AS found,
        row_number() OVER (same ORDER BY start_at) AS place
    FROM ($check) AS differing
        (metric_id, resolution, start_at, stored, expected, what)
    WINDOW same AS (PARTITION BY metric_id, resolution)
) AS differing JOIN analytics_metric AS metric ON metric.id = metric_id
WHERE place <= %(most)s ORDER BY start_at, resolution, name
"""


def run(check: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """Returns differences as (metric, resolution, start, stored and expected value as
    text, check, place among those of the metric's resolution, how many these are): of
    each resolution, the first 20.
    """
    return sql.fetch(complete(TOLD, check=check), most=MOST, **parameters)
