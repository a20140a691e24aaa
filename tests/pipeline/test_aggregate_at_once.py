"""Two aggregations of one namespace at once are one, and a failed one never was."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import DataError, connection, connections

from analytics.buckets import recompute
from analytics.models import AggregationRun, Kind
from pipeline import aggregate as aggregating
from tests.analytics.builders import (
    HOUR,
    NOON,
    aggregate,
    arrive,
    event,
    metric,
    namespace,
    stored,
)

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('aggregate', %s))"


@contextmanager
def another_worker_at(shop: int) -> Iterator[None]:
    """Holds a namespace as an aggregation in another process would."""
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute(LOCK, [shop])
        yield
    finally:
        other.rollback()
        other.close()


@pytest.mark.django_db
def test_a_namespace_that_another_worker_holds_is_left_to_it():
    metric("purchases", Kind.COUNT, "purchase")
    shop, free = namespace(), namespace()
    arrive(shop, [event("purchase")])
    arrive(free, [event("purchase")])
    with another_worker_at(shop):
        runs = aggregating.aggregate_all(at=NOON)
        assert [run.namespace_id for run in runs] == [free]
        assert stored(shop, "purchases") == {}
    assert aggregate(shop)
    assert stored(shop, "purchases") == {NOON: 1}


@pytest.mark.django_db(transaction=True)
def test_many_aggregations_at_once_write_what_one_writes():
    metric("purchases", Kind.COUNT, "purchase")
    shop = namespace()
    arrive(shop, [event("purchase", NOON - index * HOUR) for index in range(40)])
    with ThreadPoolExecutor(4) as pool:
        runs = [run for run in pool.map(in_a_thread, [shop] * 8) if run]
    assert len(runs) == AggregationRun.objects.count() == 1
    assert sum(stored(shop, "purchases", 86400).values()) == 40


def in_a_thread(shop: int) -> AggregationRun | None:
    try:
        return aggregate(shop)
    finally:
        connections.close_all()


@pytest.mark.django_db
def test_an_aggregation_that_fails_half_way_leaves_its_batches_for_the_next(
    monkeypatch,
):
    metric("purchases", Kind.COUNT, "purchase")
    shop = namespace()
    arrive(shop, [event("purchase")])
    with monkeypatch.context() as patch:
        patch.setattr(recompute, "ROLL_UP", "SELECT 1 / 0")
        with pytest.raises(DataError):
            aggregate(shop)
    assert stored(shop, "purchases") == {}
    assert aggregate(shop)
    assert stored(shop, "purchases", 86400) != {}
