"""A tick carries no data: a task may run never, once or often, and fail anywhere."""

from itertools import count

import pytest
from django.db import DatabaseError, connection

from accounts.models import Namespace
from events.keys import Shard
from goals.models import Counter, FilterPage, FirstSeen
from pipeline import aggregate as aggregating
from pipeline import drain as draining
from pipeline.tasks import aggregate, drain
from tests.events.builders import NOON, record
from tests.goals import truth
from tests.pipeline import ledger

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_catalogue")]


def state(shop):
    """Returns all that a drain and an aggregation write, but for clocks and ids."""
    counters = Counter.objects.filter(namespace=shop).order_by("pk")
    pages = FilterPage.objects.filter(namespace=shop).order_by("pk")
    first_seen = FirstSeen.objects.filter(namespace=shop).order_by("pk")
    tables = [list(rows.values()) for rows in (counters, first_seen)]
    contents = [(page.pk, bytes(page.content)) for page in pages]
    return [*tables, contents, ledger.moved(shop.pk), ledger.buckets(shop.pk)]


def test_without_a_tick_the_events_wait(shop):
    sent = ledger.shop_events(shop.pk, 50, seed=1)
    record(sent)
    assert ledger.moved(shop.pk) == (50, 0, 0)
    aggregate()
    assert ledger.buckets(shop.pk) == {}


@pytest.mark.parametrize("times", [1, 2, 5])
def test_a_task_that_runs_often_does_what_it_does_once(shop, times):
    sent = ledger.shop_events(shop.pk, 300, seed=2)
    record(sent)
    for _ in range(times):
        drain()
    for _ in range(times):
        aggregate()
    ledger.check(shop.pk, sent)
    before = state(shop)
    drain()
    aggregate()
    assert state(shop) == before


def test_ten_missed_ticks_and_one_are_ten_ticks(shop):
    other = Namespace.objects.create(name="other")
    for seed in range(10):
        sent = ledger.shop_events(shop.pk, 40, seed=seed)
        record(sent)
        record(ledger.shop_events(other.pk, 40, seed=seed))
        for shard in {one.shard for one in sent}:
            draining.drain(Shard(shop.pk, shard), at=NOON)
        aggregating.aggregate(namespace_id=shop.pk, at=NOON)
    assert ledger.moved(other.pk) == (400, 0, 0)
    drain()
    aggregate()
    assert ledger.buckets(shop.pk) == ledger.buckets(other.pk) != {}
    assert truth.counts(shop.pk) == truth.counts(other.pk)


def test_ticks_in_any_order_end_in_the_same_numbers(shop):
    sent = ledger.shop_events(shop.pk, 400, seed=3)
    ticks = [drain, aggregate, aggregate, drain, drain, aggregate]
    for begin, tick in zip(range(0, 400, 80), ticks, strict=False):
        record(sent[begin : begin + 80])
        tick()
    drain()
    aggregate()
    ledger.check(shop.pk, sent)


class _Crash:
    """Lets a number of statements pass and fails the next one."""

    def __init__(self, passing):
        self.left = passing

    def __call__(self, execute, sql, params, many, context):
        self.left -= 1
        if self.left < 0:
            raise DatabaseError("crash")
        return execute(sql, params, many, context)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("task", [drain, aggregate])
def test_a_task_that_fails_at_any_statement_has_done_nothing(shop, task):
    """Each statement of each task fails once; the next run finishes the work."""
    sent = ledger.shop_events(shop.pk, 120, seed=4)
    record(sent)
    if task is aggregate:
        drain()
    before = state(shop)
    for statement in count():
        crash = _Crash(statement)
        try:
            with connection.execute_wrapper(crash):
                task()
        except DatabaseError:
            ledger_kept(shop, before, task)
        else:
            break
    assert statement > 8
    drain()
    aggregate()
    ledger.check(shop.pk, sent)


def ledger_kept(shop, before, task):
    """A drain is one transaction a shard, an aggregation one a namespace."""
    if task is aggregate:
        assert state(shop) == before
    waiting, batched, kept = ledger.moved(shop.pk)
    assert (waiting + batched, batched) == (120, kept)
