-- block: clear
-- Parameters: the spans as `starts` and `ends`, resolution, metrics and segments.
DELETE FROM analytics_bucket AS bucket
USING unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[])
    AS span (start_at, end_at)
WHERE namespace_id = %(namespace_id)s AND resolution = %(resolution)s
    AND metric_id = ANY(%(metrics)s) AND segment = ANY(%(segments)s)
    AND bucket.start_at >= span.start_at AND bucket.start_at < span.end_at

-- block: insert
INSERT INTO analytics_bucket
    (metric_id, segment, start_at, value, shard_values, namespace_id, resolution, run_id)
SELECT metric_id, segment, start_at, value, shard_values, %(namespace_id)s, 300, %(run_id)s
FROM (
$sums
) AS sums

-- block: roll_up
-- From the `finer` resolution to the one above it, in the spans.
INSERT INTO analytics_bucket
    (namespace_id, resolution, metric_id, segment, start_at, value, shard_values, run_id)
SELECT %(namespace_id)s, %(resolution)s, metric_id, segment,
    date_bin(make_interval(secs => %(resolution)s), bucket.start_at, 'epoch'),
    sum(value), CASE WHEN count(shard_values) > 0 THEN ARRAY[$shard_values] END, %(run_id)s
FROM analytics_bucket AS bucket
JOIN unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[])
    AS span (start_at, end_at)
    ON bucket.start_at >= span.start_at AND bucket.start_at < span.end_at
WHERE namespace_id = %(namespace_id)s AND resolution = %(finer)s
    AND metric_id = ANY(%(metrics)s) AND segment = ANY(%(segments)s)
GROUP BY 3, 4, 5 HAVING sum(value) <> 0
