-- block: scan
-- The events of the spans with the names that metrics of several events look at.
SELECT user_key, occurred_at, event_name_id, item_id, order_id, session_id, amount
FROM dirty WHERE event_name_id = ANY(ARRAY(
        SELECT event_name_id FROM metric WHERE kind = ANY(
            '{orders,sessions_with,attributed_sum,attributed_orders}'
        )
    ))

-- block: first
-- The first line at this `moment`: none came before it in the order. OFFSET 0 keeps the
-- planner from joining: whatever its statistics, each line looks up its order by index.
NOT EXISTS (
    SELECT FROM lookback AS earlier
    WHERE earlier.order_id = moment.order_id
        AND earlier.event_name_id = moment.event_name_id
        AND earlier.occurred_at >= moment.occurred_at - $order
        AND earlier.occurred_at < moment.occurred_at
        $also
    OFFSET 0
)

-- block: orders
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
    WHERE $first
    GROUP BY 1, 2, 3, 4
) AS started (event_name_id, start_at, segments, shard, orders)
    USING (event_name_id)
WHERE kind = 'orders'

-- block: next
-- The lines that another may no longer let be the first of their order.
SELECT occurred_at FROM following
WHERE order_id = $line.order_id AND event_name_id = $line.event_name_id
    AND occurred_at > $line.occurred_at
    AND occurred_at <= $line.occurred_at + $order
OFFSET 0

-- block: invalidated
SELECT later.occurred_at
FROM (
    SELECT DISTINCT event_name_id, order_id, occurred_at
    FROM arrived JOIN metric USING (event_name_id)
    WHERE order_id IS NOT NULL AND kind IN ('orders', 'attributed_orders')
) AS line, LATERAL (
    $next
) AS later
