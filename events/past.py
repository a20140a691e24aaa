"""What is left of the past: history and batches, and which of it is in buckets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from db import sql
from events import queries
from events.event_body import PAST
from timegrid import buckets
from timegrid.buckets import Span


@dataclass(frozen=True, slots=True)
class Covered:
    """A batch and the number of the run that covered it."""

    id: int
    shard: int
    events: int
    drained_at: datetime
    run_id: int


COVERED = """
SELECT id, shard, events, drained_at, aggregated_by FROM events_batch
WHERE namespace_id = %(namespace_id)s AND aggregated_by = ANY(%(runs)s::bigint[])
ORDER BY aggregated_by DESC, id DESC LIMIT %(limit)s
"""


def batches_of(*, namespace_id: int, runs: Sequence[int], limit: int) -> list[Covered]:
    """Returns the batches that these runs covered, newest first, while remembered."""
    rows = sql.fetch(
        COVERED, namespace_id=namespace_id, runs=sql.array(runs), limit=limit
    )
    return [Covered(*row) for row in rows]


OF_SPAN = """
SELECT id, shard, events, drained_at, aggregated_by FROM (
    SELECT * FROM events_batch
    WHERE namespace_id = %(namespace_id)s AND aggregated_by <= %(run_id)s
    ORDER BY aggregated_by DESC LIMIT %(searched)s
) AS batch
WHERE EXISTS (
    SELECT FROM unnest(touched) AS start_at
    WHERE start_at >= %(start_at)s AND start_at < %(end_at)s
)
ORDER BY id DESC LIMIT %(limit)s
"""
SEARCHED = 100_000  # batches, the newest


def batches_in(
    *, namespace_id: int, span: Span, before_run: int, limit: int
) -> list[Covered]:
    """Returns the batches with events in a span that runs up to this one had covered,
    newest first, while remembered.
    """
    rows = sql.fetch(
        OF_SPAN,
        namespace_id=namespace_id,
        run_id=before_run,
        start_at=span.start_at,
        end_at=span.end_at,
        searched=SEARCHED,
        limit=limit,
    )
    return [Covered(*row) for row in rows]


HELD = """
SELECT lower(span), upper(span) FROM unnest((
    SELECT range_agg(span) FROM (
        SELECT tstzrange(%(kept_at)s, %(end_at)s)
        UNION ALL
        SELECT tstzrange(start_at, end_at) FROM events_import
        WHERE namespace_id = %(namespace_id)s AND finished_at >= %(since)s
    ) AS kept (span)
)) AS span ORDER BY span
"""


def held(*, namespace_id: int, now: datetime) -> list[Span]:
    """Returns the spans of which no event has been dropped from history, disjoint.

    The last one reaches to `now` and beyond. Those before it were brought by imports,
    which are kept for the day after they have finished.
    """
    rows = sql.fetch(
        HELD,
        namespace_id=namespace_id,
        kept_at=queries.history_from(at=now),
        end_at=buckets.floor(now, resolution=buckets.HOUR) + timedelta(hours=2),
        since=now - timedelta(days=1),
    )
    return [Span(start, end) for start, end in rows]


UNAGGREGATED = """
SELECT lower(span), upper(span) FROM unnest((
    SELECT range_agg(span) FROM (
        SELECT tstzrange(start_at, start_at + interval '5 minutes')
        FROM events_batch, unnest(touched) AS start_at
        WHERE namespace_id = %(namespace_id)s AND aggregated_at IS NULL
        UNION ALL
        SELECT tstzrange(start_at, end_at) FROM events_import
        WHERE namespace_id = %(namespace_id)s AND finished_at IS NULL
    ) AS open (span)
)) AS span ORDER BY span
"""


def unaggregated(*, namespace_id: int) -> list[Span]:
    """Returns the spans whose events no aggregation covered yet, or that an import is
    still bringing, sorted and disjoint.
    """
    rows = sql.fetch(UNAGGREGATED, namespace_id=namespace_id)
    return [Span(start, end) for start, end in rows]


REPRICED = """
SELECT DISTINCT date_bin('5 minutes', occurred_at, 'epoch')
FROM events_event AS event JOIN events_pricechange AS change
    USING (namespace_id, item_id)
WHERE namespace_id = %(namespace_id)s AND event_name_id = ANY(%(names)s::int[])
    AND occurred_at >= %(start_at)s AND occurred_at < %(end_at)s AND value IS NULL
    AND (aggregated_at IS NULL OR occurred_at < aggregated_at - %(past)s)
"""


def repriced(*, namespace_id: int, names: Sequence[int], span: Span) -> list[datetime]:
    """Returns the five minutes of a span in which an event without value may have been
    summed at another price than its item's latest: a change waits for an aggregation,
    or was covered when the event was sealed.
    """
    rows = sql.fetch(
        REPRICED,
        namespace_id=namespace_id,
        names=list(names),
        start_at=span.start_at,
        end_at=span.end_at,
        past=PAST,
    )
    return [start_at for (start_at,) in rows]


WITH_HISTORY = """
SELECT start_at, end_at
FROM unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[])
    AS span (start_at, end_at)
WHERE EXISTS (
    SELECT FROM events_event WHERE namespace_id = %(namespace_id)s
        AND occurred_at >= span.start_at AND occurred_at < span.end_at
)
ORDER BY start_at
"""


def with_history(*, namespace_id: int, spans: Sequence[Span]) -> list[Span]:
    """Returns those of the spans in which events of the namespace are kept."""
    rows = sql.fetch(
        WITH_HISTORY,
        namespace_id=namespace_id,
        starts=[span.start_at for span in spans],
        ends=[span.end_at for span in spans],
    )
    return [Span(start, end) for start, end in rows]
