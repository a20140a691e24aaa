"""`attributed_sum` and `attributed_orders`: what came of a click.

A line (an event of the metric's name) is attributed when the same user had an event
`after`, on the same item, in the 48 hours before it, both ends included.

- `attributed_sum`: the amounts of attributed lines.
- `attributed_orders`: attributed lines counted as in `orders`: one without an
  `order_id` by itself, else the first attributed line of its order, unless another came
  within 24 hours before it.

A new click may attribute lines up to 48 hours after it, and so take the first place
from lines of their orders up to 24 hours after those; a new line may take it from
lines up to 24 hours after it. The buckets of all these are dirty. Whether a line counts
depends on the 72 hours before it alone, so values add up over any cut of time.
"""

from analytics.kinds import orders

CLICKED = """
    EXISTS (
        SELECT FROM near AS click
        WHERE click.user_key = {line}.user_key
            AND click.occurred_at >= {line}.occurred_at - interval '48 hours'
            AND click.occurred_at <= {line}.occurred_at
            AND click.event_name_id = {pair}.after_id
            AND click.item_id = {line}.item_id
        OFFSET 0
    )
"""
# Metrics that differ in nothing but their kind ask once.
ATTRIBUTED = f"""
    SELECT pair.after_id, line.*
    FROM (
        SELECT DISTINCT event_name_id, after_id FROM metric WHERE kind IN
            ('attributed_sum', 'attributed_orders')
    ) AS pair JOIN line USING (event_name_id)
    WHERE item_id IS NOT NULL AND {CLICKED.format(line="line", pair="pair")}
"""
SUM = """
    SELECT metric.id, date_bin('5 minutes', occurred_at, 'epoch'), $segments,
        $shard, sum(amount)
    FROM metric JOIN attributed USING (event_name_id, after_id)
    WHERE kind = 'attributed_sum' GROUP BY 1, 2, 3, 4
"""
EARLIER_CLICKED = CLICKED.format(line="earlier", pair="moment")
ORDERS = f"""
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
        WHERE {orders.FIRST.format(also=f"AND {EARLIER_CLICKED}")}
        GROUP BY 1, 2, 3, 4, 5
    ) AS started (event_name_id, after_id, start_at, segments, shard, orders)
        USING (event_name_id, after_id)
    WHERE kind = 'attributed_orders'
"""
# The lines after a new click, and the later lines of their orders.
LATER = f"""
    SELECT unnest(ARRAY[bought.occurred_at, next.occurred_at])
    FROM (
        SELECT DISTINCT user_key, item_id, occurred_at, metric.event_name_id
        FROM arrived JOIN metric ON arrived.event_name_id = metric.after_id
        WHERE item_id IS NOT NULL
    ) AS click, LATERAL (
        SELECT occurred_at, order_id, event_name_id FROM near
        WHERE user_key = click.user_key
            AND occurred_at >= click.occurred_at
            AND occurred_at <= click.occurred_at + interval '48 hours'
            AND event_name_id = click.event_name_id AND item_id = click.item_id
        OFFSET 0
    ) AS bought LEFT JOIN LATERAL (
        {orders.NEXT.format(line="bought")}
    ) AS next ON true
"""
