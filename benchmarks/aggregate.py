"""History into buckets: the whole aggregation, against one bare GROUP BY."""

from collections.abc import Iterator
from datetime import UTC, datetime

from access import sql
from analytics import services
from benchmarks import drain
from benchmarks.report import Finding, median_seconds, seconds
from goals import services as goals

EVENTS = 1_000_000
BARE = """
SELECT date_bin('5 minutes', occurred_at, 'epoch'), event_name_id, count(*)
FROM events_event GROUP BY 1, 2
"""


def run(namespace_id: int, first: int) -> Iterator[Finding]:
    """Compares an aggregation of a million new events with counting them once."""
    now = datetime.now(UTC)
    drain.fill(namespace_id=namespace_id, first=first, events=EVENTS, users=100_000)
    goals.drain_all(at=now)
    sql.execute("VACUUM ANALYZE events_event")
    bare = median_seconds(lambda: sql.fetch(BARE), rounds=3)
    taken = seconds(lambda: services.aggregate_all(at=now))
    yield Finding(
        "aggregation of 1 M new events / bare GROUP BY bucket, name",
        ratio=taken / bare,
        bar=4.0,
        at_least=False,
        details=f"{taken:.2f} s for all metrics and resolutions; {bare:.2f} s bare",
    )
