-- block: move_to_history
WITH mark AS (
    -- Which are their user's first, from the filters.
    SELECT id, of_name = 1 AS first_of_name, of_user = 1 AS first_of_user
    FROM unnest(%(ids)s::bigint[], %(of_name)s::int[], %(of_user)s::int[])
        AS mark (id, of_name, of_user)
), taken AS (
    -- Out of the inbox, with the marks.
    DELETE FROM events_inboxevent AS inbox USING mark
    WHERE inbox.namespace_id = %(namespace_id)s AND inbox.shard = %(shard)s
        AND inbox.id = mark.id
    RETURNING inbox.*, mark.first_of_name, mark.first_of_user,
        date_bin('5 minutes', inbox.occurred_at, 'epoch') AS start_at
), batch AS (
    -- What a later aggregation has to look at.
    INSERT INTO events_batch
        (namespace_id, shard, events, touched, received_at, drained_at)
    SELECT %(namespace_id)s, %(shard)s, count(*), array_agg(DISTINCT start_at),
        min(received_at), %(at)s
    FROM taken RETURNING id
), history AS (
    -- Into history, under the batch.
    INSERT INTO events_event (
        id, user_key, occurred_at, batch_id, namespace_id, event_name_id,
        first_of_name, first_of_user, value, item_id, order_id, session_id
    )
    SELECT taken.id, user_key, occurred_at, batch.id, namespace_id, event_name_id,
        first_of_name, first_of_user, value, item_id, order_id, session_id
    FROM taken, batch
)
-- Who was first seen, by name and at all (0), in each five minutes.
SELECT event_name_id, extract(epoch FROM start_at)::bigint, count(*), sum(value)
FROM taken WHERE first_of_name GROUP BY 1, 2
UNION ALL
SELECT 0, extract(epoch FROM start_at)::bigint, count(*), sum(value)
FROM taken WHERE first_of_user GROUP BY 2

-- block: take_pending
WITH batch AS (
    -- Batches that no run has aggregated.
    UPDATE events_batch SET aggregated_at = %(at)s, aggregated_by = %(run_id)s
    WHERE namespace_id = %(namespace_id)s AND aggregated_at IS NULL
    RETURNING id, events, touched
), price AS (
    -- Prices that changed since.
    UPDATE events_pricechange SET aggregated_at = %(at)s
    WHERE namespace_id = %(namespace_id)s AND aggregated_at IS NULL
    RETURNING item_id
), touched AS (
    -- The five minutes of both, once each.
    SELECT unnest(touched) AS start_at FROM batch
    UNION
    -- No join: a planner that cannot know how many prices changed may read history
    -- once for each of them.
    SELECT date_bin('5 minutes', occurred_at, 'epoch')
    FROM events_event
    WHERE EXISTS (SELECT FROM price) AND namespace_id = %(namespace_id)s
        AND occurred_at >= %(sealed_at)s
        AND value IS NULL AND event_name_id = ANY(%(priced)s)
        AND item_id = ANY(ARRAY(SELECT item_id FROM price))
), span AS (
    -- Neighbours are one span.
    SELECT unnest(range_agg(tstzrange(start_at, start_at + '5 minutes'))) AS span
    FROM touched
)
SELECT (SELECT array_agg(id) FROM batch), (SELECT coalesce(sum(events), 0) FROM batch),
    (SELECT array_agg(lower(span) ORDER BY span) FROM span),
    (SELECT array_agg(upper(span) ORDER BY span) FROM span)

-- block: put_prices
-- Items in one order, so that two of these never wait for each other.
WITH changed AS (
    INSERT INTO events_itemprice AS known (namespace_id, item_id, price, updated_at)
    SELECT %(namespace_id)s, item_id, price, %(at)s
    FROM unnest(%(items)s::text[], %(prices)s::numeric[]) AS latest (item_id, price)
    ORDER BY item_id
    ON CONFLICT (namespace_id, item_id) DO UPDATE
    SET price = EXCLUDED.price, updated_at = EXCLUDED.updated_at
    WHERE known.price <> EXCLUDED.price
    RETURNING item_id
)
INSERT INTO events_pricechange (namespace_id, item_id, changed_at)
SELECT %(namespace_id)s, item_id, %(at)s FROM changed
