"""History into buckets: the whole aggregation, against one bare GROUP BY."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from analytics.kinds import statements
from benchmarks import segments, visits
from benchmarks.report import Finding, median_seconds, seconds
from db import sql
from pipeline import aggregate
from timegrid import buckets
from timegrid.buckets import FIVE_MINUTES, Span

EVENTS_A_VISIT = 8
PAST = int(os.environ.get("BENCH_EVENTS", 1_000_000))  # of history, all of it dirty
NEW = 100_000  # on top of it, in the last ten minutes
USERS = 400_000
BARE = """
SELECT date_bin('5 minutes', occurred_at, 'epoch'), event_name_id, count(*)
FROM events_event WHERE namespace_id = {namespace_id} AND {dirty} GROUP BY 1, 2
"""
BATCH = """
INSERT INTO events_batch (id, namespace_id, shard, events, touched, drained_at)
SELECT %(batch)s, %(namespace_id)s, 0, count(*),
    array_agg(DISTINCT date_bin('5 minutes', occurred_at, 'epoch')), %(at)s
FROM events_event WHERE batch_id = %(batch)s
"""


def run(namespace_id: int) -> Iterator[Finding]:
    """Compares aggregations with counting what is dirty once: a backlog of a week, then
    ten minutes on top of it.
    """
    now = datetime.now(UTC)
    end = buckets.floor(now, resolution=FIVE_MINUTES)
    recent = Span(end - timedelta(minutes=10), end)
    past = Span(end - timedelta(days=7), recent.start_at)
    sql.execute("TRUNCATE events_event, events_batch")
    for batch, (events, dirty) in enumerate([(PAST, past), (NEW, recent)]):
        visits.fill(
            namespace_id=namespace_id,
            visits=events // EVENTS_A_VISIT,
            users=USERS,
            span=dirty,
            batch=batch,
        )
        sql.execute(BATCH, namespace_id=namespace_id, batch=batch, at=now)
        sql.execute("VACUUM ANALYZE events_event")
        yield aggregation(namespace_id, dirty, now)
    yield from segments.run(namespace_id, past)


def aggregation(namespace_id: int, dirty: Span, now: datetime) -> Finding:
    within = statements.within([dirty], "occurred_at")
    bare = BARE.format(namespace_id=namespace_id, dirty=within)
    counted = median_seconds(lambda: sql.fetch(bare), rounds=3)
    taken = seconds(lambda: aggregate.aggregate(namespace_id=namespace_id, at=now))
    [(events,)] = sql.fetch(f"SELECT count(*) FROM events_event WHERE {within}")
    return Finding(
        f"aggregation of {events:,} new events / bare GROUP BY bucket, name",
        ratio=taken / counted,
        bar=4.0,
        at_least=False,
        details=f"{taken:.2f} s for the shipped catalogue; {counted:.2f} s bare",
    )
