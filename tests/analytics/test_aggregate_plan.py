"""The statements of an aggregation read what is dirty, not what is stored."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from access import sql
from analytics import kinds, services
from analytics.models import Kind
from events import services as intake
from events.buckets import Span
from tests.analytics.builders import DAY, NOON, metric, namespace

pytestmark = pytest.mark.django_db

EVENTS = """
INSERT INTO events_event (
    id, user_key, occurred_at, batch_id, namespace_id, event_name_id, first_of_name,
    first_of_user
)
SELECT n, n, %(noon)s::timestamptz - n * interval '30 seconds', 1, %(shop)s, 1,
    true, true
FROM generate_series(1, 20000) AS n
"""
BUCKETS = """
INSERT INTO analytics_bucket
    (namespace_id, resolution, metric_id, segment, start_at, value)
SELECT %(shop)s, 300, metric.id, 0,
    %(noon)s::timestamptz - n * interval '5 minutes', 1
FROM generate_series(1, 20000) AS n, analytics_metric AS metric
"""
Node = dict[str, Any]


@pytest.fixture
def shop() -> int:
    """A week of events, and ten weeks of buckets of three metrics."""
    shop = namespace()
    for name, kind in (("a", Kind.COUNT), ("b", Kind.SUM), ("c", Kind.UNIQUE)):
        metric(name, kind, "purchase")
    intake.ensure_days((NOON - days * DAY).date() for days in range(8))
    sql.execute(EVENTS, shop=shop, noon=NOON)
    sql.execute(BUCKETS, shop=shop, noon=NOON)
    sql.execute("ANALYZE events_event, analytics_bucket")
    return shop


def scans(plan: Node) -> Iterator[Node]:
    """Yields the nodes of a plan that read a table, and did."""
    if "Relation Name" in plan and plan["Actual Loops"] and "Scan" in plan["Node Type"]:
        yield plan
    for inner in plan.get("Plans", []):
        yield from scans(inner)


def explained(statement: str, shop: int, **parameters: object) -> list[Node]:
    """Runs a statement for one dirty bucket of a day ago; returns what it read."""
    metrics = services.computed(shop)
    dirty_at = NOON - DAY
    found = sql.fetch(
        f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}",
        namespace_id=shop,
        run_id=1,
        metrics=[one.metric_id for one in metrics],
        kinds=[one.kind for one in metrics],
        names=[1 for _ in metrics],
        starts=[dirty_at],
        ends=[dirty_at + timedelta(seconds=300)],
        **parameters,
    )
    return list(scans(found[0][0][0]["Plan"]))


def read_by_index(scan: Node) -> bool:
    """Says whether a scan went straight to what it needed."""
    pages = scan["Shared Hit Blocks"] + scan["Shared Read Blocks"]
    return "Index" in scan["Node Type"] and pages < 30


def test_recomputing_a_bucket_reads_its_rows_by_index_and_no_other_day(shop):
    explained(services.CLEAR, shop, resolution=300)
    dirty = Span(NOON - DAY, NOON - DAY + timedelta(seconds=300))
    found = explained(kinds.recompute([dirty]), shop)
    history = [one for one in found if one["Relation Name"].startswith("events_event_")]
    day = f"events_event_{NOON - DAY:%Y%m%d}"
    assert [one["Relation Name"] for one in history] == [day]
    assert [one["Actual Rows"] for one in history] == [10]
    assert all(map(read_by_index, history))


def test_clearing_and_rolling_up_read_the_dirty_buckets_by_index(shop):
    cleared = explained(services.CLEAR, shop, resolution=300)
    rolled_up = explained(services.ROLL_UP, shop, finer=300, resolution=3600)
    for found in (cleared, rolled_up):
        assert [one["Relation Name"] for one in found] == ["analytics_bucket"]
        assert all(map(read_by_index, found))
