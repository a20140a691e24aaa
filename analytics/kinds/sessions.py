"""`sessions` and `sessions_with`: what users do in one go.

A *visit* is a run of a user's events, of any name, with no pause of more than 30
minutes. The events of a user are in the order of `occurred_at`, then of `session_id`,
those without one last.

- `sessions`: the first event of each visit, and in it the first event of each further
  `session_id`: one not seen in the visit, in the 24 hours before.
- `sessions_with`: the first event of its name in each session. An event belongs to the
  session of its visit and its `session_id`; one without a `session_id`, such as a
  purchase that a server reports, to that of the last event before it in the visit that
  has one, up to 24 hours back. An event is the first of its name where the 24 hours
  before it have no other in the session.

A late event may join two visits or begin one: the user's events up to 30 minutes
later, those with a `session_id` up to 24 hours later and those that `sessions_with`
looks at up to 48 hours later make their buckets dirty. Whether an event counts depends
on the 48 hours before it alone, so values add up over any cut of time.
"""

# Within five minutes nobody pauses for thirty: a user's events of one session_id are
# one row here. `first_at` may begin a session; all else in the row may not.
SPELL = """
    SELECT user_key, session_id, first_at, max(last_at) OVER past AS before_at,
        lag(session_id) OVER past = session_id
            AND lag(last_at) OVER past >= first_at - interval '30 minutes' AS goes_on
    FROM (
        SELECT user_key, session_id, min(occurred_at) AS first_at,
            max(occurred_at) AS last_at
        FROM dirty
        GROUP BY user_key, session_id, date_bin('5 minutes', occurred_at, 'epoch')
    ) AS spell
    WINDOW past AS (
        PARTITION BY user_key ORDER BY first_at, session_id COLLATE "C"
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
"""
# Was the session_id seen earlier in the visit, up to 24 hours back?
KNOWN = """
    EXISTS (
        SELECT FROM (
            SELECT session_id,
                count(*) FILTER (WHERE next_at > at + interval '30 minutes') OVER (
                    ORDER BY at DESC ROWS UNBOUNDED PRECEDING
                ) AS pauses
            FROM (
                SELECT session_id, occurred_at,
                    lag(occurred_at, 1, spell.first_at) OVER (ORDER BY occurred_at DESC)
                FROM near
                WHERE user_key = spell.user_key
                    AND occurred_at >= spell.first_at - interval '24 hours'
                    AND occurred_at < spell.first_at
            ) AS past (session_id, at, next_at)
        ) AS visit
        WHERE pauses = 0 AND visit.session_id = spell.session_id
    )
"""
RECENT = """
    SELECT FROM near
    WHERE user_key = spell.user_key
        AND occurred_at >= first_at - interval '30 minutes' AND occurred_at < first_at
"""
# History is asked, by index, only about what the span itself cannot tell.
SESSIONS = f"""
    SELECT metric.id, start_at, segments, shard, started
    FROM metric, (
        SELECT date_bin('5 minutes', occurred_at, 'epoch'), $segments, $shard, count(*)
        FROM (
            SELECT user_key, first_at FROM spell, span
            WHERE CASE
                WHEN goes_on THEN false
                WHEN before_at >= first_at - interval '30 minutes' THEN
                    session_id IS NOT NULL AND NOT {KNOWN}
                WHEN first_at - interval '30 minutes' >=
                    starts[width_bucket(first_at, starts)] THEN true
                WHEN NOT EXISTS ({RECENT}) THEN true
                ELSE session_id IS NOT NULL
                    AND NOT EXISTS ({RECENT} AND session_id = spell.session_id)
                    AND NOT {KNOWN}
            END
        ) AS started (user_key, occurred_at)
        GROUP BY 1, 2, 3
    ) AS session (start_at, segments, shard, started)
    WHERE kind = 'sessions'
"""
# The user's events up to the event in question, each with the session it belongs to.
TOLD = """
    SELECT at, name_id, session_id, visit, CASE
        WHEN session_id IS NOT NULL THEN session_id
        WHEN first_value(at) OVER anchor >= at - interval '24 hours'
            THEN first_value(session_id) OVER anchor
        END AS session
    FROM (
        SELECT *, count(session_id) OVER past AS sessions,
            count(*) FILTER (WHERE at > last_at + interval '30 minutes') OVER past
                AS visit
        FROM (
            SELECT occurred_at, event_name_id, session_id, lag(occurred_at) OVER (
                ORDER BY occurred_at, session_id COLLATE "C"
            )
            FROM near
            WHERE user_key = act.user_key
                AND occurred_at >= act.occurred_at - interval '48 hours'
                AND (occurred_at < act.occurred_at OR occurred_at = act.occurred_at
                    AND coalesce(session_id COLLATE "C" <= act.session_id,
                        act.session_id IS NULL))
        ) AS event (at, name_id, session_id, last_at)
        WINDOW past AS (
            ORDER BY at, session_id COLLATE "C" ROWS UNBOUNDED PRECEDING
        )
    ) AS visited
    WINDOW anchor AS (
        PARTITION BY visit, sessions ORDER BY at, session_id COLLATE "C"
        ROWS UNBOUNDED PRECEDING
    )
"""
# An event with another of its name in the day before it: are they of one session?
SESSIONS_WITH = f"""
    SELECT metric.id, date_bin('5 minutes', occurred_at, 'epoch'), $segments, $shard,
        count(*)
    FROM metric JOIN (
        SELECT DISTINCT user_key, occurred_at, event_name_id, session_id FROM line
    ) AS act USING (event_name_id)
    WHERE kind = 'sessions_with' AND NOT (
        EXISTS (
            SELECT FROM near AS earlier
            WHERE earlier.user_key = act.user_key
                AND earlier.event_name_id = act.event_name_id
                AND earlier.occurred_at >= act.occurred_at - interval '24 hours'
                AND (earlier.occurred_at < act.occurred_at
                    OR earlier.occurred_at = act.occurred_at
                    AND earlier.session_id IS NOT NULL AND act.session_id IS NULL)
            OFFSET 0
        ) AND (
            WITH told AS MATERIALIZED ({TOLD}), mine AS (
                SELECT visit, session FROM told
                WHERE at = act.occurred_at
                    AND session_id IS NOT DISTINCT FROM act.session_id LIMIT 1
            )
            SELECT count(*) > 0 FROM told JOIN mine ON told.visit = mine.visit
                AND told.session IS NOT DISTINCT FROM mine.session
            WHERE name_id = act.event_name_id
                AND at >= act.occurred_at - interval '24 hours'
                AND (at < act.occurred_at
                    OR session_id IS NOT NULL AND act.session_id IS NULL)
        )
    )
    GROUP BY 1, 2, 3, 4
"""
LATER = """
    SELECT later.occurred_at
    FROM (
        SELECT user_key, min(occurred_at) AS first_at, max(occurred_at) AS last_at
        FROM arrived GROUP BY user_key
    ) AS mover, LATERAL (
        SELECT occurred_at FROM near
        WHERE user_key = mover.user_key
            AND occurred_at > first_at
            AND occurred_at <= last_at + interval '48 hours'
            AND (
                occurred_at <= last_at + interval '30 minutes'
                OR session_id IS NOT NULL
                    AND occurred_at <= last_at + interval '24 hours'
                OR event_name_id = ANY(ARRAY(
                    SELECT event_name_id FROM metric WHERE kind = 'sessions_with'
                ))
            )
        OFFSET 0
    ) AS later
"""
