-- block: scan
-- Events of a name in five minutes, with their amounts and first occurrences.
SELECT event_name_id, date_bin('5 minutes', occurred_at, 'epoch') AS start_at,
    $segments AS segments, $shard AS shard,
    count(*) AS events,
    sum(amount) AS amount,
    count(*) FILTER (WHERE first_of_name) AS first_of_name,
    count(*) FILTER (WHERE first_of_user) AS first_of_user
FROM dirty
GROUP BY 1, 2, 3, 4

-- block: count
SELECT metric.id, start_at, segments, shard, events::numeric
FROM metric JOIN tally USING (event_name_id) WHERE kind = 'count'

-- block: sum
SELECT metric.id, start_at, segments, shard, amount
FROM metric JOIN tally USING (event_name_id) WHERE kind = 'sum'

-- block: unique
SELECT metric.id, start_at, segments, shard,
    CASE metric.event_name_id WHEN 0 THEN first_of_user ELSE first_of_name END
FROM metric JOIN tally ON metric.event_name_id IN (0, tally.event_name_id)
WHERE kind = 'unique'
UNION ALL
SELECT metric.id, start_at, ARRAY[segment], NULL, value
FROM metric JOIN carried ON metric_id = metric.id WHERE kind = 'unique'
