"""A hundred kills at random moments, and not one event lost or doubled.

    python -m pytest tests/campaigns/kills.py         (KILLS=1000 SEED=7 for more)

pytest collects this file only when it is named. The worker's processes, the worker as
a whole, its database sessions and its queue are destroyed while events keep coming,
some of them twice; then the ledger must balance.
"""

import os
import time
from contextlib import ExitStack, suppress
from datetime import timedelta
from random import Random

import pytest
import redis
from django.conf import settings

from accounts.models import Namespace
from analytics.catalogue import services
from config.celery import app
from db import sql
from embedded import home as embedded
from events import history
from tests.events import builders
from tests.events.builders import NOON, record
from tests.pipeline import ledger, processes
from tests.pipeline.processes import children, kill, running, until

pytestmark = pytest.mark.django_db(transaction=True)
KILLS = int(os.environ.get("KILLS", "100"))
SEED = int(os.environ.get("SEED", "0"))
TERMINATE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
BUSY = """
SELECT pid FROM pg_stat_activity WHERE datname = current_database()
    AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
"""
PENDING = "SELECT FROM events_batch WHERE aggregated_at IS NULL"


class Nemesis:
    """Destroys a part of the pipeline, chosen at random."""

    def __init__(self, stack, log, random, queue):
        self.stack, self.log, self.random, self.queue = stack, log, random, queue
        self.start()

    def start(self):
        self.worker = self.stack.enter_context(running(*processes.WORKER, log=self.log))

    def tend(self):
        """Replaces a worker that gave up: it does when its new processes are killed."""
        if self.worker.poll() is not None:
            self.start()

    def strike(self):
        deeds = [self.processes, self.worker_dies, self.sessions, self.queue_is_lost]
        self.random.choices(deeds, weights=[70, 5, 20, 5])[0]()

    def processes(self):
        kill(children(self.worker))

    def worker_dies(self):
        self.worker.kill()
        self.worker.wait()

    def sessions(self):
        sql.execute(TERMINATE)

    def queue_is_lost(self):
        self.queue.flushall()


@pytest.fixture
def queue(db):
    services.load_catalogue(event_names={})
    history.ensure(NOON.date() - timedelta(days=back) for back in range(4))
    with redis.Redis.from_url(
        embedded.redis_client_url(settings.SECRET_REDIS_URL)
    ) as client:
        client.flushall()
        yield client


def send(arrivals, random):
    """Records events, now and then twice, and lets tasks run."""
    record(arrivals)
    if random.random() < 0.3:
        record(arrivals)
    for task in ("pipeline.tasks.drain", "pipeline.tasks.aggregate"):
        app.send_task(task, expires=5)


def busy():
    """Returns the transactions that other sessions have open."""
    return sql.fetch(BUSY)


def settled(shop, nemesis):
    nemesis.tend()
    return ledger.moved(shop.pk)[0] == 0 and not sql.fetch(PENDING)


def test_random_kills_lose_and_double_nothing(queue, tmp_path):
    random, log = Random(SEED), tmp_path / "log"
    shop = Namespace.objects.create(name="shop")
    sent = [
        builders.identified(one, f"{number:032x}")
        for number, one in enumerate(
            ledger.shop_events(shop.pk, KILLS * 500, seed=SEED)
        )
    ]
    beat = [*processes.CELERY, "beat", "--schedule", str(tmp_path / "schedule")]
    struck = 0
    with ExitStack() as stack:
        stack.enter_context(running(*beat, log=log))
        nemesis = Nemesis(stack, log, random, queue)
        until(lambda: children(nemesis.worker), log=log)
        for begin in range(0, len(sent), 500):
            send(sent[begin : begin + 500], random)
            with suppress(AssertionError):  # nobody works: strike all the same
                until(busy, seconds=10)
            time.sleep(random.expovariate(100))
            struck += bool(busy())
            nemesis.strike()
            nemesis.tend()
        until(lambda: settled(shop, nemesis), log=log)
    ledger.check(shop.pk, sent)
    print(f"seed {SEED}: {KILLS} kills, {struck} in an open transaction")  # noqa: T201 - for whoever runs it
    assert struck > KILLS / 2
