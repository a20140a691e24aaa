"""Kinds that look at each event by itself: `count`, `sum` and `unique`.

- `count`: the events of a name.
- `sum`: their values; the item's latest price for an event that has none.
- `unique`: the events that a drain marked as their user's first of the name (of any
  name, where the metric has none), and the users carried over from history that an
  import replaced.

A new event makes its own bucket dirty and no other. Each value is a sum over single
events, so it adds up over any cut of time.
"""

TALLY = """
    SELECT event_name_id, date_bin('5 minutes', occurred_at, 'epoch') AS start_at,
        $segments AS segments, $shard AS shard,
        count(*) AS events,
        sum(amount) AS amount,
        count(*) FILTER (WHERE first_of_name) AS first_of_name,
        count(*) FILTER (WHERE first_of_user) AS first_of_user
    FROM dirty
    GROUP BY 1, 2, 3, 4
"""
COUNT = """
    SELECT metric.id, start_at, segments, shard, events::numeric
    FROM metric JOIN tally USING (event_name_id) WHERE kind = 'count'
"""
SUM = """
    SELECT metric.id, start_at, segments, shard, amount
    FROM metric JOIN tally USING (event_name_id) WHERE kind = 'sum'
"""
UNIQUE = """
    SELECT metric.id, start_at, segments, shard,
        CASE metric.event_name_id WHEN 0 THEN first_of_user ELSE first_of_name END
    FROM metric JOIN tally ON metric.event_name_id IN (0, tally.event_name_id)
    WHERE kind = 'unique'
    UNION ALL
    SELECT metric.id, start_at, ARRAY[segment], NULL, value
    FROM metric JOIN carried ON metric_id = metric.id WHERE kind = 'unique'
"""
