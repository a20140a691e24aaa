"""Several at once: each event is drained and aggregated by exactly one of them."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from accounts.models import Namespace
from events import history, keys, names
from events import queries as inbox
from pipeline import aggregate, drain
from tests.events.builders import NOON, arrival, record
from tests.goals import truth
from tests.pipeline import ledger, processes
from tests.transactions import elsewhere

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("_catalogue"),
]
# Revenue, an order, a session, one with a purchase, a new user; each at three sizes.
PURCHASED = 5 * len(ledger.SECONDS)


@pytest.fixture(autouse=True)
def _known(shop):
    """The names and days are there: making them is the one thing to wait for."""
    names.ensure({(shop.pk, name) for name in ("view", *ledger.NAMES)})
    history.ensure(NOON.date() - timedelta(days=back) for back in range(4))


def at_once(*works):
    """Runs functions in threads, each with its own connection, until all are done."""

    def run(work):
        try:
            work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        list(pool.map(run, works))


def drained():
    drain.drain_all(at=NOON)


def aggregated():
    aggregate.aggregate_all(at=NOON)


def test_intake_drain_and_aggregation_at_once_lose_and_double_nothing(shop):
    sent = ledger.shop_events(shop.pk, 1_200, seed=5)
    parts = [sent[begin::3] for begin in range(3)]

    def intake(part):
        for begin in range(0, len(part), 40):
            record(part[begin : begin + 40])

    def often(work):
        for _ in range(5):
            work()

    at_once(
        *[lambda part=part: intake(part) for part in parts],
        *[lambda: often(drained)] * 3,
        *[lambda: often(aggregated)] * 2,
    )
    drained()
    aggregated()
    ledger.check(shop.pk, sent, one_sender=False)


def test_processes_at_once_lose_and_double_nothing(shop):
    sent = ledger.shop_events(shop.pk, 3_000, seed=6)
    record(sent)
    started = [
        subprocess.Popen(
            [sys.executable, "manage.py", command],
            cwd=processes.ROOT,
            env=processes.environment(),
            stdout=subprocess.DEVNULL,
        )
        for command in ("drain", "aggregate")
    ]
    drained()
    assert [process.wait(180) for process in started] == [0, 0]
    drained()
    aggregated()
    ledger.check(shop.pk, sent)


def test_a_shard_that_another_drains_is_left_to_it(shop):
    record([arrival(shop.pk, user=1)])
    with elsewhere(drained):
        record([arrival(shop.pk, user=17), arrival(shop.pk, user=2)])
        drained()
        assert ledger.moved(shop.pk) == (2, 1, 1)  # user 2 is of another shard
    drained()
    assert truth.counts(shop.pk) == {"view": 3, "": 3}


def test_an_aggregation_covers_the_drains_it_can_see(shop):
    sent = [arrival(shop.pk, "purchase", user, value=1) for user in (1, 2)]
    record(sent[:1])
    with elsewhere(drained):
        record(sent[1:])
        drained()
        aggregated()
        revenue = [v for k, v in ledger.buckets(shop.pk).items() if "revenue" in k[0]]
        assert revenue == [1, 1, 1]
    aggregated()
    ledger.check(shop.pk, sent)


def test_events_that_commit_late_are_not_lost(shop):
    """Their ids are smaller than those of events long counted."""
    late = [arrival(shop.pk, user=user) for user in (1, 2)]
    with elsewhere(lambda: record(late)):
        record([arrival(shop.pk, user=user) for user in (17, 18)])
        drained()
        assert truth.counts(shop.pk) == {"view": 2, "": 2}
    drained()
    assert truth.counts(shop.pk) == {"view": 4, "": 4}


def test_a_namespace_that_another_aggregates_is_left_to_it(shop):
    record([arrival(shop.pk, "purchase", value=1)])
    drained()
    with elsewhere(aggregated):
        assert aggregate.aggregate(namespace_id=shop.pk, at=NOON) is None
    assert aggregate.aggregate(namespace_id=shop.pk, at=NOON) is None
    assert len(ledger.buckets(shop.pk)) == PURCHASED


def test_one_namespace_never_waits_for_another(shop):
    other = Namespace.objects.create(name="other")
    record([arrival(shop.pk, "purchase", value=1)])
    drained()
    with elsewhere(aggregated):
        record([arrival(other.pk, "purchase", value=1)])
        drained()
        aggregated()
        assert len(ledger.buckets(other.pk)) == PURCHASED


def test_every_shard_is_drained_by_someone(shop):
    record(arrival(shop.pk, user=user) for user in range(keys.SHARDS))
    at_once(drained, drained)
    drained()
    assert inbox.pending_shards() == []
    assert truth.counts(shop.pk)["view"] == keys.SHARDS
