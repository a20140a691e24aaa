"""A worker killed in mid-export and an emptied queue delay a report, nothing else.

The worker is a real one. It is stopped at locks that the test holds: first where it
reads the numbers, then where it holds on to the report, with its file half written.
"""

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest
import redis
from django.conf import settings
from django.db import transaction

from analytics.models import Kind, Report, Status
from analytics.reports import expiry, storing, tasks
from db import sql
from embedded import home as embedded
from tests.analytics.builders import DAY, NOON, fill, kpi, metric
from tests.analytics.reports.reporting import asked, content, written
from tests.pipeline.processes import (
    WORKER,
    children,
    kill,
    running,
    until,
    waiting,
    waiting_for,
)
from tests.transactions import elsewhere

pytestmark = pytest.mark.django_db(transaction=True)
END_WAITING = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND datname = current_database()
"""
SPAN = {"start_timestamp": (NOON - 30 * DAY).timestamp(), "granularity": "1d"}


@pytest.fixture(autouse=True)
def _files(settings, tmp_path, monkeypatch):
    monkeypatch.setenv("FILES_DIR", str(tmp_path))  # the worker's
    settings.FILES_DIR = tmp_path
    settings.STORAGES = settings.STORAGES | {
        "default": settings.LOCAL_FILES | {"OPTIONS": {"location": tmp_path}}
    }


@pytest.fixture
def broker():
    with redis.Redis.from_url(
        embedded.redis_client_url(settings.SECRET_REDIS_URL)
    ) as client:
        client.flushall()
        yield client
        client.flushall()


def status():
    return Report.objects.get().status


def test_a_killed_worker_and_a_wiped_queue_end_in_one_correct_file(
    shop, broker, tmp_path
):
    metric("orders", Kind.COUNT, "buy")
    kpi("orders", "orders")
    fill(shop.pk, "orders", {NOON - n * DAY: n + 1 for n in range(20)})
    expected = written(tmp_path, shop, at=NOON, **SPAN)
    asked(shop, at=NOON, **SPAN)
    tasks.wake()
    broker.flushall()  # between the request and its start
    log = tmp_path / "log"
    with running(*WORKER, log=log) as worker:
        with ExitStack() as stack:
            with transaction.atomic():
                sql.execute("LOCK TABLE analytics_bucket IN ACCESS EXCLUSIVE MODE")
                tasks.wake()  # the ticks of two beats
                tasks.wake()
                until(lambda: waiting_for("analytics_bucket"), log=log)
                rows = Report.objects.select_for_update()
                stack.enter_context(elsewhere(lambda: list(rows)))
            until(waiting, log=log)
            assert len(list(storing.unfinished().iterdir())) == 1
            kill(children(worker))
            broker.flushall()  # what would have been delivered again
            sql.fetch(END_WAITING)  # what PostgreSQL would not notice before
            until(lambda: not waiting(), log=log)
        assert status() == Status.RUNNING
        past = datetime.now(UTC) - timedelta(seconds=1)
        Report.objects.update(held_until=past)  # as if a minute had gone by
        tasks.wake()
        tasks.wake()
        until(lambda: status() == Status.COMPLETED, log=log)
    one = Report.objects.get()
    assert (one.attempts, content(one)) == (2, expected)
    assert len(list((tmp_path / "reports").iterdir())) == 1
    expiry.expire(at=datetime.now(UTC) + 2 * DAY)
    assert list(storing.unfinished().iterdir()) == []
    assert content(one) == expected
