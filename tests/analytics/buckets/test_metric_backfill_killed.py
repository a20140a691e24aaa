"""A rebuild may fail, be killed, and be worked at by many: it ends the same."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import count

import pytest
from django.db import DatabaseError, connection, connections, transaction

from analytics.buckets import backfill, metric_backfill, tasks
from analytics.models import AggregationRun, Backfill, Cause, Kind, Metric
from db import sql
from pipeline import aggregate as aggregating
from tests.analytics.builders import (
    DAY,
    aggregate,
    arrive,
    event,
    metric,
    namespace,
    stored,
)
from tests.pipeline.processes import (
    ROOT,
    WORKER,
    environment,
    running,
    until,
    waiting,
)
from timegrid import buckets

pytestmark = pytest.mark.django_db(transaction=True)
DAYS = 3
# One of the tests runs a command, which reads the clock.
TODAY = buckets.floor(datetime.now(UTC), resolution=buckets.DAY)


@pytest.fixture
def shops():
    """Two namespaces with events on three days, and a metric that is new to them."""
    made = [namespace(), namespace()]
    for shop in made:
        arrive(shop, [event("click", TODAY - day * DAY) for day in range(DAYS)])
        aggregate(shop)
    one = metric("clicks", Kind.COUNT, "click", built_as="")
    metric_backfill.request(metrics=[one], at=TODAY)
    return made


def check(shops):
    """Everything is rebuilt, and every day was written once."""
    for shop in shops:
        assert stored(shop, "clicks") == {TODAY - day * DAY: 1 for day in range(DAYS)}
        assert sum(stored(shop, "clicks", 86400).values()) == DAYS
    runs = AggregationRun.objects.filter(cause=Cause.REBUILD)
    assert runs.count() == DAYS * len(shops)
    one = Backfill.objects.get()
    assert one.finished_at
    assert one.done == one.total
    assert not Metric.objects.get().stale


def work(at=TODAY):
    while backfill.advance_next(at=at):
        pass


def worked_off():
    work()
    return Backfill.objects.get().finished_at


class _Crash:
    """Lets a number of statements pass and fails the next one."""

    def __init__(self, passing):
        self.left = passing

    def __call__(self, execute, sql, params, many, context):
        self.left -= 1
        if self.left < 0:
            raise DatabaseError("crash")
        return execute(sql, params, many, context)


def test_a_rebuild_that_fails_at_every_statement_in_turn_goes_on_where_it_was(shops):
    for statement in count():
        before = Backfill.objects.get().done
        try:
            with connection.execute_wrapper(_Crash(statement)):
                backfill.advance_next(at=TODAY)
        except DatabaseError:
            assert Backfill.objects.get().done == before
        if Backfill.objects.get().finished_at:
            break
    assert statement > 20
    check(shops)


def in_a_thread(_):
    try:
        work()
    finally:
        connections.close_all()


def test_many_workers_at_once_do_every_day_once(shops):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(in_a_thread, range(8)))
    work()
    check(shops)


def test_what_another_worker_is_at_is_left_to_it(shops):
    with transaction.atomic():
        Backfill.objects.select_for_update().get()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(in_a_thread, None).result(timeout=120)
        assert not AggregationRun.objects.filter(cause=Cause.REBUILD).exists()
    work()
    check(shops)


def test_an_aggregation_never_writes_at_the_same_time(shops):
    """The namespace's lock is held until the day is committed."""
    backfill.advance_next(at=TODAY)
    with transaction.atomic():
        backfill.advance_next(at=TODAY)
        arrive(shops[0], [event("click", TODAY - DAY, user=2)])
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(aggregate_in_a_thread, shops[0]).result() is None
    work()
    assert aggregate(shops[0])
    assert stored(shops[0], "clicks")[TODAY - DAY] == 2


def aggregate_in_a_thread(shop):
    try:
        return aggregating.aggregate(namespace_id=shop, at=TODAY)
    finally:
        connections.close_all()


def test_a_command_that_is_killed_half_way_is_gone_on_with(shops, tmp_path):
    log = tmp_path / "log"
    with transaction.atomic(), log.open("wb") as output:
        sql.lock("aggregate", key=shops[1])  # the command will wait at the second shop
        process = subprocess.Popen(
            [sys.executable, "manage.py", "rebuild", "clicks"],
            cwd=ROOT,
            env=environment(),
            stdout=output,
            stderr=output,
        )
        try:
            until(waiting, log=log)
        finally:
            process.kill()
            process.wait()
        assert stored(shops[1], "clicks") == {}
        assert stored(shops[0], "clicks") != {}
    until(worked_off)  # PostgreSQL has to notice first that the command is gone
    check(shops)


def test_a_woken_worker_does_what_waits(shops, tmp_path):
    log = tmp_path / "log"
    with running(*WORKER, log=log):
        tasks.wake_backfill()
        until(lambda: Backfill.objects.get().finished_at, log=log)
    check(shops)
