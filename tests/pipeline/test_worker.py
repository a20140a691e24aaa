"""The whole product: web, a Celery worker and a beat that ticks every second.

Worker processes are killed while they wait for a lock that the test holds, so always
in the middle of a transaction.
"""

import os
import signal
import socket
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import redis
from django.conf import settings
from django.db import transaction

from db import sql
from embedded import home as embedded
from events import history
from tests.events.builders import record
from tests.pipeline import ledger, processes
from tests.pipeline.processes import children, kill, running, until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("_catalogue"),
]
URL = "/v0/analytics"


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return tmp_path_factory.mktemp("worker") / "log"


@pytest.fixture(scope="module")
def queue():
    """The queue that the worker listens to, empty at the start."""
    with redis.Redis.from_url(
        embedded.redis_client_url(settings.SECRET_REDIS_URL)
    ) as client:
        client.flushall()
        yield client


class Worker:
    """One after the other, for whoever is killed is replaced."""

    def __init__(self, stack, log):
        self.stack, self.log = stack, log
        self.start()

    def start(self):
        self.process = self.stack.enter_context(
            running(*processes.WORKER, log=self.log)
        )

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture(scope="module")
def worker(django_db_setup, queue, log):
    """A worker and a beat, for all these tests."""
    with ExitStack() as stack:
        stack.enter_context(running(*processes.CELERY, "beat", log=log))
        yield Worker(stack, log)


@pytest.fixture
def web(log, monkeypatch):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    monkeypatch.setenv("PORT", port)
    address = f"http://127.0.0.1:{port}"
    with (
        running("config.web", log=log),
        httpx.Client(base_url=address) as client,
    ):
        until(lambda: answers(client), log=log)
        yield client


def answers(client):
    with suppress(httpx.TransportError):
        return client.get("/healthz").is_success


@contextmanager
def blocked(table, log):
    """Stops every task at its last table, with all its other work done."""
    with transaction.atomic():
        sql.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        yield lambda: until(lambda: processes.waiting_for(table), log=log)


def sent_events(shop, seed, count=200):
    now = datetime.now(UTC)
    history.ensure(now.date() - timedelta(days=back) for back in range(4))
    return ledger.shop_events(shop.pk, count, seed=seed, end_at=now)


def settled(shop, sent):
    """Says whether every event was drained and every batch aggregated."""
    revenue = {name for name, *_ in ledger.buckets(shop.pk)}
    pending = sql.fetch("SELECT FROM events_batch WHERE aggregated_at IS NULL")
    return ledger.moved(shop.pk)[0] == 0 and revenue and not pending


def test_events_posted_over_http_become_counts_and_kpi_values(
    token, shop, web, worker, log
):
    web.headers["Authorization"] = f"Bearer {token('manager', 'shop')}"
    names = ("ann", "bob", "ann")
    sent = [{"event_name": "purchase", "user_id": name, "value": 2.5} for name in names]
    assert web.post(URL, json=sent).status_code == 204

    def values():
        body = web.get("/analytics/kpis/values/").json()
        return {one["kpi"]: one["aggregate"] for one in body["kpis"]}

    until(lambda: values()["total_revenue"], log=log)
    assert (values()["total_revenue"], values()["new_users"]) == (7.5, 2)
    everybody, purchases = web.get(URL).json()["counts"]
    assert (everybody["count"], purchases["count"]) == (2, 2)
    assert purchases["value"] == {"sum": 5}


@pytest.mark.parametrize("table", ["goals_firstseen", "analytics_bucket"])
def test_a_process_killed_in_a_drain_or_an_aggregation_changes_nothing(
    shop, worker, log, table
):
    sent = sent_events(shop, seed=7)
    record(sent)
    with blocked(table, log) as caught:
        caught()
        if table == "analytics_bucket":  # the other process drains meanwhile
            until(lambda: ledger.moved(shop.pk)[0] == 0, log=log)
        before = ledger.moved(shop.pk), ledger.buckets(shop.pk)
        killed = children(worker.process)
        kill(killed)
        until(lambda: set(children(worker.process)) - set(killed), log=log)
        assert (ledger.moved(shop.pk), ledger.buckets(shop.pk)) == before
    until(lambda: settled(shop, sent), log=log)
    ledger.check(shop.pk, sent)


def test_a_worker_killed_with_its_queue_emptied_is_replaced_by_the_next(
    shop, worker, queue, log
):
    sent = sent_events(shop, seed=8)
    record(sent[:100])
    with blocked("goals_firstseen", log) as caught:
        caught()
        worker.kill()
        queue.flushall()
    record(sent[100:])
    worker.start()
    until(lambda: settled(shop, sent), log=log)
    ledger.check(shop.pk, sent)
