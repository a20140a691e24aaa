-- block: clicked
-- Did the user have the event `after` on the same item before this line?
EXISTS (
    SELECT FROM lookback AS click
    WHERE click.user_key = $line.user_key
        AND click.occurred_at >= $line.occurred_at - $click
        AND click.occurred_at <= $line.occurred_at
        AND click.event_name_id = $pair.after_id
        AND click.item_id = $line.item_id
    OFFSET 0
)

-- block: scan
-- Attributed lines. Metrics that differ in nothing but their kind ask once.
SELECT pair.after_id, line.*
FROM (
    SELECT DISTINCT event_name_id, after_id FROM metric WHERE kind IN
        ('attributed_sum', 'attributed_orders')
) AS pair JOIN line USING (event_name_id)
WHERE item_id IS NOT NULL AND $clicked

-- block: attributed_sum
SELECT metric.id, date_bin('5 minutes', occurred_at, 'epoch'), $segments,
    $shard, sum(amount)
FROM metric JOIN attributed USING (event_name_id, after_id)
WHERE kind = 'attributed_sum' GROUP BY 1, 2, 3, 4

-- block: attributed_orders
SELECT metric.id, start_at, segments, shard, orders
FROM metric JOIN (
    SELECT event_name_id, after_id, date_bin('5 minutes', occurred_at, 'epoch'),
        $segments, $shard, count(*)
    FROM attributed WHERE order_id IS NULL GROUP BY 1, 2, 3, 4, 5
    UNION ALL
    SELECT event_name_id, after_id, date_bin('5 minutes', occurred_at, 'epoch'),
        $segments, $shard, count(*)
    FROM (
        SELECT DISTINCT ON (event_name_id, after_id, order_id, occurred_at) *
        FROM attributed WHERE order_id IS NOT NULL
        ORDER BY event_name_id, after_id, order_id, occurred_at, user_key
    ) AS moment
    WHERE $first
    GROUP BY 1, 2, 3, 4, 5
) AS started (event_name_id, after_id, start_at, segments, shard, orders)
    USING (event_name_id, after_id)
WHERE kind = 'attributed_orders'

-- block: invalidated
-- The lines after a new click, and the later lines of their orders.
SELECT unnest(ARRAY[bought.occurred_at, next.occurred_at])
FROM (
    SELECT DISTINCT user_key, item_id, occurred_at, metric.event_name_id
    FROM arrived JOIN metric ON arrived.event_name_id = metric.after_id
    WHERE item_id IS NOT NULL
) AS click, LATERAL (
    SELECT occurred_at, order_id, event_name_id FROM following
    WHERE user_key = click.user_key
        AND occurred_at >= click.occurred_at
        AND occurred_at <= click.occurred_at + $click
        AND event_name_id = click.event_name_id AND item_id = click.item_id
    OFFSET 0
) AS bought LEFT JOIN LATERAL (
    $next
) AS next ON true
