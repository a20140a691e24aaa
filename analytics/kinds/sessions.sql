-- block: scan
-- A candidate: a user's events of one session id within five minutes, in which nobody
-- pauses for thirty. `first_at` may begin a session; all else in the row may not.
SELECT user_key, session_id, first_at, max(last_at) OVER past AS before_at,
    lag(session_id) OVER past = session_id
        AND lag(last_at) OVER past >= first_at - $pause AS goes_on
FROM (
    SELECT user_key, session_id, min(occurred_at) AS first_at,
        max(occurred_at) AS last_at
    FROM dirty
    GROUP BY user_key, session_id, date_bin('5 minutes', occurred_at, 'epoch')
) AS candidate
WINDOW past AS (
    PARTITION BY user_key ORDER BY first_at, session_id COLLATE "C"
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
)

-- block: seen_in_visit
-- Was the session id seen earlier in the visit, up to 24 hours back?
EXISTS (
    SELECT FROM (
        SELECT session_id,
            count(*) FILTER (WHERE next_at > at + $pause) OVER (
                ORDER BY at DESC ROWS UNBOUNDED PRECEDING
            ) AS pauses
        FROM (
            SELECT session_id, occurred_at,
                lag(occurred_at, 1, candidate.first_at) OVER (ORDER BY occurred_at DESC)
            FROM lookback
            WHERE user_key = candidate.user_key
                AND occurred_at >= candidate.first_at - $session
                AND occurred_at < candidate.first_at
        ) AS past (session_id, at, next_at)
    ) AS visit
    WHERE pauses = 0 AND visit.session_id = candidate.session_id
)

-- block: recent
-- The user's events in the pause before the candidate.
SELECT FROM lookback
WHERE user_key = candidate.user_key
    AND occurred_at >= first_at - $pause AND occurred_at < first_at

-- block: sessions
-- History is asked, by index, only about what the spans themselves cannot tell.
SELECT metric.id, start_at, segments, shard, started
FROM metric, (
    SELECT date_bin('5 minutes', occurred_at, 'epoch'), $segments, $shard, count(*)
    FROM (
        SELECT user_key, first_at FROM session_candidate AS candidate, span
        WHERE CASE
            WHEN goes_on THEN false
            WHEN before_at >= first_at - $pause THEN
                session_id IS NOT NULL AND NOT $seen_in_visit
            WHEN first_at - $pause >=
                starts[width_bucket(first_at, starts)] THEN true
            WHEN NOT EXISTS ($recent) THEN true
            ELSE session_id IS NOT NULL
                AND NOT EXISTS ($recent AND session_id = candidate.session_id)
                AND NOT $seen_in_visit
        END
    ) AS started (user_key, occurred_at)
    GROUP BY 1, 2, 3
) AS session (start_at, segments, shard, started)
WHERE kind = 'sessions'

-- block: visit_events
-- The user's events up to the one in question, each with the session it belongs to.
SELECT at, name_id, session_id, visit, CASE
    WHEN session_id IS NOT NULL THEN session_id
    WHEN first_value(at) OVER anchor >= at - $session
        THEN first_value(session_id) OVER anchor
    END AS session
FROM (
    SELECT *, count(session_id) OVER past AS sessions,
        count(*) FILTER (WHERE at > last_at + $pause) OVER past
            AS visit
    FROM (
        SELECT occurred_at, event_name_id, session_id, lag(occurred_at) OVER (
            ORDER BY occurred_at, session_id COLLATE "C"
        )
        FROM lookback
        WHERE user_key = event.user_key
            AND occurred_at >= event.occurred_at - $visit_length
            AND (occurred_at < event.occurred_at OR occurred_at = event.occurred_at
                AND coalesce(session_id COLLATE "C" <= event.session_id,
                    event.session_id IS NULL))
    ) AS ordered (at, name_id, session_id, last_at)
    WINDOW past AS (
        ORDER BY at, session_id COLLATE "C" ROWS UNBOUNDED PRECEDING
    )
) AS visited
WINDOW anchor AS (
    PARTITION BY visit, sessions ORDER BY at, session_id COLLATE "C"
    ROWS UNBOUNDED PRECEDING
)

-- block: sessions_with
-- An event with another of its name in the day before it: are they of one session?
SELECT metric.id, date_bin('5 minutes', occurred_at, 'epoch'), $segments, $shard,
    count(*)
FROM metric JOIN (
    SELECT DISTINCT user_key, occurred_at, event_name_id, session_id FROM line
) AS event USING (event_name_id)
WHERE kind = 'sessions_with' AND NOT (
    EXISTS (
        SELECT FROM lookback AS earlier
        WHERE earlier.user_key = event.user_key
            AND earlier.event_name_id = event.event_name_id
            AND earlier.occurred_at >= event.occurred_at - $session
            AND (earlier.occurred_at < event.occurred_at
                OR earlier.occurred_at = event.occurred_at
                AND earlier.session_id IS NOT NULL AND event.session_id IS NULL)
        OFFSET 0
    ) AND (
        WITH visit_event AS MATERIALIZED ($visit_events), own AS (
            SELECT visit, session FROM visit_event
            WHERE at = event.occurred_at
                AND session_id IS NOT DISTINCT FROM event.session_id LIMIT 1
        )
        SELECT count(*) > 0 FROM visit_event JOIN own ON visit_event.visit = own.visit
            AND visit_event.session IS NOT DISTINCT FROM own.session
        WHERE name_id = event.event_name_id
            AND at >= event.occurred_at - $session
            AND (at < event.occurred_at
                OR session_id IS NOT NULL AND event.session_id IS NULL)
    )
)
GROUP BY 1, 2, 3, 4

-- block: invalidated
-- What a late event of a user may change: see the module.
SELECT later.occurred_at
FROM (
    SELECT user_key, min(occurred_at) AS first_at, max(occurred_at) AS last_at
    FROM arrived GROUP BY user_key
) AS newcomer, LATERAL (
    SELECT occurred_at FROM following
    WHERE user_key = newcomer.user_key
        AND occurred_at > first_at
        AND occurred_at <= last_at + $visit_length
        AND (
            occurred_at <= last_at + $pause
            OR session_id IS NOT NULL
                AND occurred_at <= last_at + $session
            OR event_name_id = ANY(ARRAY(
                SELECT event_name_id FROM metric WHERE kind = 'sessions_with'
            ))
        )
    OFFSET 0
) AS later
