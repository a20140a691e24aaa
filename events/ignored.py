"""Writes: which unknown fields of bodies are ignored, for staff to look at."""

import logging
import re
from collections import Counter
from datetime import datetime

from django.db import DatabaseError

from db import sql
from events.models import IgnoredField

logger = logging.getLogger(__name__)

EVENT, GOAL, FLAG = IgnoredField.Body
MOST = 100  # names of a namespace and body; more of them count as one
CHARACTERS = 64  # of a name
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

Counts = Counter[tuple[int, str]]  # namespace id and field → events, goals or flags

# Known names are counted on; of new ones, those for which there is room. The rows come
# in one order, so that of two such statements none waits for the other while the other
# waits for it; and a request does not wait until the disk has a mere statistic.
COUNT = """
WITH soon AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
INSERT INTO events_ignoredfield (namespace_id, body, name, times, first_at, last_at)
SELECT namespace_id, %(body)s,
    CASE WHEN is_known OR new <= room THEN name ELSE %(others)s END AS name,
    sum(times), %(at)s, %(at)s
FROM (
    SELECT sent.namespace_id, sent.name, sent.times,
        field.name IS NOT NULL AS is_known,
        row_number() OVER (
            PARTITION BY sent.namespace_id, field.name IS NULL ORDER BY sent.name
        ) AS new,
        %(most)s - (
            SELECT count(*) FROM events_ignoredfield AS known
            WHERE known.namespace_id = sent.namespace_id AND known.body = %(body)s
        ) AS room
    FROM (
        SELECT namespace_id, name, sum(times) AS times
        FROM unnest(%(ids)s::bigint[], %(names)s::text[], %(times)s::bigint[])
            AS each (namespace_id, name, times)
        GROUP BY namespace_id, name
    ) AS sent
    CROSS JOIN soon
    LEFT JOIN events_ignoredfield AS field
        ON field.namespace_id = sent.namespace_id
        AND field.body = %(body)s AND field.name = sent.name
) AS placed
GROUP BY namespace_id, 3 ORDER BY namespace_id, 3
ON CONFLICT (namespace_id, body, name) DO UPDATE
SET times = events_ignoredfield.times + excluded.times,
    first_at = least(events_ignoredfield.first_at, excluded.first_at),
    last_at = greatest(events_ignoredfield.last_at, excluded.last_at)
"""


def count(counts: Counts, *, body: IgnoredField.Body, at: datetime) -> None:
    """Counts fields that were ignored; it is no failure of the request if that fails.

    Outside of a transaction: nobody is to wait for the rows longer than this takes.
    """
    if not counts:
        return
    names = [shown(name) for _, name in counts]
    try:
        sql.execute(
            COUNT,
            body=body,
            others=IgnoredField.OTHERS,
            at=at,
            most=MOST,
            ids=[namespace_id for namespace_id, _ in counts],
            names=names,
            times=list(counts.values()),
        )
    except DatabaseError:
        logger.warning("ignored fields are not counted", exc_info=True)


def shown(name: str) -> str:
    """Returns a field's name as it is kept: cut, in print."""
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", name[:CHARACTERS])
