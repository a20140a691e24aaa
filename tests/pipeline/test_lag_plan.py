"""How far behind the numbers are costs the first row of each shard, not the backlog."""

from collections.abc import Iterator
from typing import Any

import pytest

from db import sql
from events import queries
from tests.analytics.builders import NOON, namespace

pytestmark = pytest.mark.django_db

INBOX = """
INSERT INTO events_inboxevent (
    namespace_id, shard, user_key, event_name_id, occurred_at, received_at, ensure_goal
)
SELECT shop, n %% 16, n, 1, %(at)s, %(at)s + n * interval '1 ms', false
FROM generate_series(1, 8000) AS n, unnest(%(shops)s::bigint[]) AS shop
"""
BATCHES = """
INSERT INTO events_batch
    (namespace_id, shard, events, touched, received_at, drained_at, aggregated_at)
SELECT shop, n %% 16, 1, ARRAY[%(at)s::timestamptz], %(at)s + n * interval '1 s',
    %(at)s + n * interval '1 s', CASE WHEN n <= 100 THEN %(at)s END
FROM generate_series(1, 5000) AS n, unnest(%(shops)s::bigint[]) AS shop
"""
CHANGES = """
INSERT INTO events_pricechange (namespace_id, item_id, changed_at)
SELECT shop, 'item ' || n, %(at)s + n * interval '1 s'
FROM generate_series(1, 5000) AS n, unnest(%(shops)s::bigint[]) AS shop
"""
SHOPS, SHARDS = 3, 16
Node = dict[str, Any]


@pytest.fixture
def shops() -> list[int]:
    """Three namespaces with a backlog at every stage."""
    shops = [namespace() for _ in range(SHOPS)]
    for statement in (INBOX, BATCHES, CHANGES):
        sql.execute(statement, shops=shops, at=NOON)
    sql.execute("ANALYZE events_inboxevent, events_batch, events_pricechange")
    return shops


def scans(plan: Node) -> Iterator[Node]:
    """Yields the nodes of a plan that read a table, and did."""
    if plan.get("Relation Name", "").startswith("events_") and plan["Actual Loops"]:
        yield plan
    for child in plan.get("Plans", []):
        yield from scans(child)


def rows_read(statement: str, **parameters: Any) -> int:
    """Returns how many rows of tables a statement read, in the plan it really took."""
    explained = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}"
    [([plan],)] = sql.fetch(explained, **parameters)
    return sum(
        round(
            (one["Actual Rows"] + one.get("Rows Removed by Filter", 0))
            * one["Actual Loops"]
        )
        for one in scans(plan["Plan"])
    )


def test_the_lag_of_all_costs_a_row_of_each_shard(shops):
    assert rows_read(queries.LAG) <= SHOPS * SHARDS + 1
    assert queries.oldest_waiting() == NOON.replace(microsecond=1_000)


def test_the_age_of_batches_costs_a_row(shops):
    assert rows_read(queries.PENDING_SINCE) == 1


def test_data_as_of_costs_a_row_of_each_shard_of_its_namespace(shops):
    [shop, *_] = shops
    assert rows_read(queries.PENDING_FROM, namespace_id=shop) <= SHARDS + 2
    assert queries.pending_from(namespace_id=shop) == NOON.replace(microsecond=1_000)


def test_what_a_drain_looks_for_costs_a_row_of_each_shard(shops):
    assert rows_read(queries.PENDING) <= SHOPS * SHARDS + 1
    assert len(queries.pending_shards()) == SHOPS * SHARDS


def test_the_number_of_pending_batches_is_bounded(shops):
    assert rows_read(queries.PENDING_BATCHES, most=queries.MOST_BATCHES) < 11_000
    assert queries.pending_batches() == 10_000
