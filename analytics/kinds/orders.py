"""`orders`: distinct orders, each in the bucket of its first line.

An event without an `order_id` is an order by itself. One with an `order_id` counts
unless a line of the same name and order came within 24 hours before it; of several
lines at the very same moment, one counts (that of the user with the lowest key). So an
order counts once, as long as its lines do not pause for a day.

A new line may make a later one, at most 24 hours after it, the first no longer: the
buckets of these are dirty too. Whether a line counts depends on the day before it
alone, and each order is one event, so the value adds up over any cut of time.
"""

# `line`: the events of the span with the names that metrics of several events look at.
LINE = """
    SELECT user_key, occurred_at, event_name_id, item_id, order_id, session_id, amount
    FROM dirty WHERE event_name_id = ANY(ARRAY(
            SELECT event_name_id FROM metric WHERE kind = ANY(
                '{orders,sessions_with,attributed_sum,attributed_orders}'
            )
        ))
"""
# The first line at this `moment`: none came before it in the order. OFFSET 0 keeps the
# planner from joining: whatever its statistics, each line looks up its order by index.
FIRST = """
    NOT EXISTS (
        SELECT FROM near AS earlier
        WHERE earlier.order_id = moment.order_id
            AND earlier.event_name_id = moment.event_name_id
            AND earlier.occurred_at >= moment.occurred_at - interval '24 hours'
            AND earlier.occurred_at < moment.occurred_at
            {also}
        OFFSET 0
    )
"""
ORDERS = f"""
    SELECT metric.id, start_at, segments, shard, orders
    FROM metric JOIN (
        SELECT event_name_id, date_bin('5 minutes', occurred_at, 'epoch'), $segments,
            $shard, count(*)
        FROM line WHERE order_id IS NULL GROUP BY 1, 2, 3, 4
        UNION ALL
        SELECT event_name_id, date_bin('5 minutes', occurred_at, 'epoch'), $segments,
            $shard, count(*)
        FROM (
            SELECT DISTINCT ON (event_name_id, order_id, occurred_at) *
            FROM line WHERE order_id IS NOT NULL
            ORDER BY event_name_id, order_id, occurred_at, user_key
        ) AS moment
        WHERE {FIRST.format(also="")}
        GROUP BY 1, 2, 3, 4
    ) AS started (event_name_id, start_at, segments, shard, orders)
        USING (event_name_id)
    WHERE kind = 'orders'
"""
# The lines that another may no longer let be the first of their order.
NEXT = """
    SELECT occurred_at FROM near
    WHERE order_id = {line}.order_id AND event_name_id = {line}.event_name_id
        AND occurred_at > {line}.occurred_at
        AND occurred_at <= {line}.occurred_at + interval '24 hours'
    OFFSET 0
"""
LATER = f"""
    SELECT later.occurred_at
    FROM (
        SELECT DISTINCT event_name_id, order_id, occurred_at
        FROM arrived JOIN metric USING (event_name_id)
        WHERE order_id IS NOT NULL AND kind IN ('orders', 'attributed_orders')
    ) AS line, LATERAL (
        {NEXT.format(line="line")}
    ) AS later
"""
