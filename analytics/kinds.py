"""The kinds of metrics: how each sums history, in one statement for all of a kind.

A kind's SELECT yields (metric id, start of five minutes, value). It reads `metric`
(id, kind, event_name_id; 0 stands for any event) and `tally`, the one scan of history
that the simple kinds share. Every value is a sum over single events, so it adds up
over any cut of time.
"""

from analytics.models import Kind

TALLY = """
    SELECT event_name_id, date_bin('5 minutes', occurred_at, 'epoch') AS start_at,
        count(*) AS events,
        sum(amount) AS amount,
        count(*) FILTER (WHERE first_of_name) AS first_of_name,
        count(*) FILTER (WHERE first_of_user) AS first_of_user
    FROM span JOIN events_history AS history
        ON history.namespace_id = %(namespace_id)s
        AND history.occurred_at >= span.start_at AND history.occurred_at < span.end_at
    GROUP BY 1, 2
"""

SUMS = {
    Kind.COUNT: """
        SELECT metric.id, start_at, events::numeric
        FROM metric JOIN tally USING (event_name_id) WHERE kind = 'count'
    """,
    Kind.SUM: """
        SELECT metric.id, start_at, amount
        FROM metric JOIN tally USING (event_name_id) WHERE kind = 'sum'
    """,
    Kind.UNIQUE: """
        SELECT metric.id, start_at, sum(
            CASE metric.event_name_id WHEN 0 THEN first_of_user ELSE first_of_name END
        )
        FROM metric JOIN tally ON metric.event_name_id IN (0, tally.event_name_id)
        WHERE kind = 'unique' GROUP BY 1, 2
    """,
}

RECOMPUTE = f"""
WITH span AS MATERIALIZED (
    SELECT * FROM unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[])
        AS span (start_at, end_at)
), metric AS MATERIALIZED (
    SELECT * FROM unnest(%(metrics)s::bigint[], %(kinds)s::text[], %(names)s::int[])
        AS metric (id, kind, event_name_id)
), tally AS MATERIALIZED ({TALLY})
INSERT INTO analytics_bucket
    (namespace_id, resolution, metric_id, segment, start_at, value)
SELECT %(namespace_id)s, 300, id, 0, start_at, value
FROM ({" UNION ALL ".join(SUMS.values())}) AS sums (id, start_at, value)
WHERE value <> 0
"""
