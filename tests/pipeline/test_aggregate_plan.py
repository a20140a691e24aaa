"""The statements of an aggregation read what is dirty, not what is stored."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from analytics.buckets import recompute
from analytics.kinds import rules, segments, specs, statements
from analytics.models import ATTRIBUTED, Kind
from db import sql
from events import history
from events import services as intake
from tests.analytics.builders import DAY, NOON, metric, namespace
from timegrid.buckets import Span

pytestmark = pytest.mark.django_db

EVENTS = """
INSERT INTO events_event (
    id, user_key, occurred_at, batch_id, namespace_id, event_name_id, first_of_name,
    first_of_user, item_id, order_id, session_id
)
SELECT n, n %% 500, %(noon)s::timestamptz - n * interval '15 seconds', 1, %(shop)s,
    1 + n %% 2, true, true, 'item-' || n %% 7, 'order-' || n / 3, 'session-' || n / 9
FROM generate_series(1, 40000) AS n
"""
BUCKETS = """
INSERT INTO analytics_bucket
    (namespace_id, resolution, metric_id, segment, start_at, value)
SELECT %(shop)s, 300, metric.id, 0,
    %(noon)s::timestamptz - n * interval '5 minutes', 1
FROM generate_series(1, 5000) AS n, analytics_metric AS metric
"""
DIRTY_ROWS = 20  # in five minutes, half of them purchases
Node = dict[str, Any]


@pytest.fixture
def shop() -> int:
    """A week of events, and a metric of every kind."""
    shop = namespace()
    for kind in rules.RULES:
        metric(
            f"of_{kind}",
            kind,
            "" if kind == Kind.SESSIONS else "purchase",
            after="click" if kind in ATTRIBUTED else "",
        )
    intake.ensure_days((NOON - days * DAY).date() for days in range(8))
    sql.execute(EVENTS, shop=shop, noon=NOON)
    sql.execute("ANALYZE events_event")
    return shop


def scans(plan: Node) -> Iterator[Node]:
    """Yields the nodes of a plan that read a table, and did."""
    if "Relation Name" in plan and plan["Actual Loops"] and "Scan" in plan["Node Type"]:
        yield plan
    for inner in plan.get("Plans", []):
        yield from scans(inner)


def explained(statement: str, shop: int, **parameters: object) -> list[Node]:
    """Runs a statement for one dirty bucket of a day ago; returns what it read."""
    found = specs.computed(shop)
    targets = [replace(one, event_name_id=1, after_id=2) for one in found]
    dirty_at = NOON - DAY
    [(plan,)] = sql.fetch(
        f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}",
        namespace_id=shop,
        run_id=1,
        segments=[0],
        **specs.parameters(targets),
        starts=[dirty_at],
        ends=[dirty_at + timedelta(seconds=300)],
        **parameters,
    )
    return list(scans(plan[0]["Plan"]))


def read_by_index(scan: Node) -> bool:
    """Says whether a scan went straight to what it needed, each time it ran.

    A day has a hundred pages, and a sequential scan may end at the first row it finds.
    """
    pages = scan["Shared Hit Blocks"] + scan["Shared Read Blocks"]
    return bool(pages < 50 * scan["Actual Loops"])


def of_history(found: list[Node]) -> list[Node]:
    return [one for one in found if one["Relation Name"].startswith("events_event_")]


def days(found: list[Node]) -> set[str]:
    return {one["Relation Name"] for one in of_history(found)}


DIRTY = Span(NOON - DAY, NOON - DAY + timedelta(seconds=300))


def sums(kind: str) -> str:
    whole = segments.whole_and([])
    return statements.sums(spans=[DIRTY], kinds=[kind], segments=whole)


def test_a_bucket_of_any_kind_reads_by_index_and_no_day_before_its_look_back(shop):
    for kind in rules.RULES:
        found = explained(sums(kind), shop)
        back = rules.lookback(kind).days
        needed = {NOON - DAY - days * DAY for days in range(back + 1)}
        assert days(found) <= {f"events_event_{day:%Y%m%d}" for day in needed}, kind
        assert not [one for one in of_history(found) if not read_by_index(one)], kind
        read = {one["Actual Rows"] for one in of_history(found)}
        assert {DIRTY_ROWS, DIRTY_ROWS / 2} & read, kind


def test_what_late_events_change_later_is_found_by_index(shop):
    statement = statements.invalidated(spans=[DIRTY], kinds=list(rules.RULES))
    found = explained(str(statement), shop, batches="{1}")
    assert of_history(found)
    assert not [one for one in of_history(found) if not read_by_index(one)]


def test_clearing_and_rolling_up_read_the_dirty_buckets_by_index(shop):
    sql.execute(BUCKETS, shop=shop, noon=NOON)
    sql.execute("ANALYZE analytics_bucket")
    cleared = explained(recompute.CLEAR, shop, resolution=300)
    rolled_up = explained(recompute.ROLL_UP, shop, finer=300, resolution=3600)
    for found in (cleared, rolled_up):
        assert [one["Relation Name"] for one in found] == ["analytics_bucket"]
        assert all(map(read_by_index, found))


def test_history_is_kept_as_long_as_any_kind_looks_back():
    assert history.LOOK_BACK == rules.LOOKBACK
