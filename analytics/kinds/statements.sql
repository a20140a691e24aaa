-- block: metric
-- The metrics to sum; event name 0 stands for any.
SELECT * FROM unnest(
    %(metrics)s::bigint[], %(kinds)s::text[], %(names)s::int[], %(afters)s::int[]
) AS metric (id, kind, event_name_id, after_id)

-- block: history
SELECT * FROM events_history WHERE namespace_id = %(namespace_id)s AND $within

-- block: carried
-- Users counted in history that an import has replaced.
SELECT metric_id, segment, start_at, value FROM analytics_carried
WHERE namespace_id = %(namespace_id)s AND segment = ANY(%(segments)s::int[])
    AND $within

-- block: arrived
SELECT user_key, event_name_id, occurred_at, item_id, order_id FROM dirty
WHERE batch_id = ANY(%(batches)s::bigint[])

-- block: span
SELECT ARRAY[$starts]::timestamptz[] AS starts

-- block: sums
WITH $tables
SELECT metric_id, segment, start_at, sum(value) AS value,
    $shard_values AS shard_values
FROM ($kinds) AS sums (metric_id, start_at, segments, shard, value),
    unnest(segments) AS segment
GROUP BY 1, 2, 3 HAVING sum(value) <> 0

-- block: invalidated
WITH $tables
SELECT DISTINCT date_bin('5 minutes', at, 'epoch') AS start_at
FROM ($kinds) AS later (at) WHERE at IS NOT NULL ORDER BY start_at
