"""The kinds of metrics: how each sums history, in one statement for all of a kind.

A kind's SELECT yields (metric id, start of five minutes, value). It reads `metric`
(id, kind, event_name_id; 0 stands for any event) and `tally`, the one scan of history
that the simple kinds share. Every value is a sum over single events, so it adds up
over any cut of time.
"""

from collections.abc import Sequence

from analytics.models import Kind
from events.buckets import Span

TALLY = """
    SELECT event_name_id, date_bin('5 minutes', occurred_at, 'epoch') AS start_at,
        count(*) AS events,
        sum(amount) AS amount,
        count(*) FILTER (WHERE first_of_name) AS first_of_name,
        count(*) FILTER (WHERE first_of_user) AS first_of_user
    FROM events_history WHERE namespace_id = %(namespace_id)s AND ({dirty})
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

STATEMENT = f"""
WITH metric AS MATERIALIZED (
    SELECT * FROM unnest(%(metrics)s::bigint[], %(kinds)s::text[], %(names)s::int[])
        AS metric (id, kind, event_name_id)
), tally AS MATERIALIZED ({TALLY})
INSERT INTO analytics_bucket
    (namespace_id, resolution, metric_id, segment, start_at, value, run_id)
SELECT %(namespace_id)s, 300, id, 0, start_at, value, %(run_id)s
FROM ({" UNION ALL ".join(SUMS.values())}) AS sums (id, start_at, value)
WHERE value <> 0
"""


def recompute(spans: Sequence[Span]) -> str:
    """Returns the statement that fills the five-minute buckets of the spans.

    The spans stand in it as constants: only then can the planner tell a few minutes,
    read by index, from whole days, read in sequence.
    """
    dirty = " OR ".join(
        f"(occurred_at >= '{span.start_at}' AND occurred_at < '{span.end_at}')"
        for span in spans
    )
    return STATEMENT.replace("{dirty}", dirty)
