"""The days of history: made when needed, dropped when nobody can need them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from accounts.models import Namespace
from db import sql
from events import history
from events.models import Batch, Event
from pipeline import aggregate, drain, retain
from tests.events.builders import NOON, arrival, record
from tests.pipeline.processes import until, waiting

TODAY = NOON.date()
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _no_days(db):
    for day in history.existing():
        history.drop(day)


def days(*numbers):
    """Returns the days so far from today."""
    return {TODAY + number * DAY for number in numbers}


def counted(shop, at):
    """An event of a time, drained but not yet aggregated."""
    record([arrival(shop.pk, at=at)])
    drain.drain_all(at=NOON)


@pytest.mark.django_db
def test_days_are_made_once():
    history.ensure(days(0, 1))
    history.ensure(days(1, 2))
    assert history.existing() == days(0, 1, 2)


@pytest.mark.django_db
def test_a_day_goes_from_midnight_to_midnight_utc(shop):
    history.ensure(days(0, 1))
    for offset in (timedelta(hours=-12), timedelta(hours=12)):
        counted(shop, NOON + offset)
    assert [event.occurred_at for event in Event.objects.order_by("occurred_at")] == [
        NOON - timedelta(hours=12),
        NOON + timedelta(hours=12),
    ]
    history.drop(TODAY)
    assert [event.occurred_at.date() for event in Event.objects.all()] == [TODAY + DAY]


@pytest.mark.django_db
def test_a_known_day_costs_one_query(django_assert_num_queries):
    history.ensure(days(0, 1))
    with django_assert_num_queries(1):
        history.ensure(days(0, 1))


@pytest.mark.django_db
def test_a_drain_makes_the_days_it_needs(shop):
    counted(shop, NOON - 8 * DAY)
    assert history.existing() == days(-8)
    assert Event.objects.get().occurred_at == NOON - 8 * DAY


@pytest.mark.django_db
def test_retention_makes_the_days_ahead_and_drops_what_is_older_than_8():
    history.ensure(days(-10, -9, -8, -7, -6))
    assert retain.drop_past(now=NOON) == sorted(days(-10, -9))
    assert history.existing() == days(*range(-8, 4))
    assert retain.drop_past(now=NOON) == []


@pytest.mark.django_db
def test_a_day_stays_while_its_events_wait_in_the_inbox(shop):
    history.ensure(days(-20))
    record([arrival(shop.pk, at=NOON - 10 * DAY)])
    history.ensure(days(-14, -13, -12, -11, -10))
    assert retain.drop_past(now=NOON) == sorted(days(-20, -14))


@pytest.mark.django_db
def test_a_day_stays_while_a_bucket_may_be_computed_from_it(shop):
    """A metric looks back up to 72 hours from the events that no bucket holds yet."""
    counted(shop, NOON - 10 * DAY)
    history.ensure(days(-14, -13, -12, -11, -9))
    assert retain.drop_past(now=NOON) == sorted(days(-14))
    aggregate.aggregate(namespace_id=shop.pk, at=NOON)
    assert retain.drop_past(now=NOON) == sorted(days(-13, -12, -11, -10, -9))


@pytest.mark.django_db
def test_batches_are_forgotten_7_days_after_their_aggregation(shop):
    for number in range(2):
        counted(shop, NOON - number * DAY)
    first, _ = Batch.objects.order_by("pk")
    Batch.objects.filter(pk=first.pk).update(aggregated_at=NOON)
    retain.drop_past(now=NOON + 7 * DAY)
    assert Batch.objects.count() == 2
    retain.drop_past(now=NOON + 7 * DAY + timedelta(seconds=1))
    assert [batch.aggregated_at for batch in Batch.objects.all()] == [None]


@pytest.mark.django_db
def test_the_command_says_what_it_dropped(capsys, time_machine):
    time_machine.move_to(NOON)
    history.ensure(days(-9))
    call_command("retain")
    call_command("retain")
    assert capsys.readouterr().out == "days dropped: 2026-02-23\ndays dropped: none\n"


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_that_miss_a_day_one_makes_it():
    def make():
        try:
            history.ensure(days(0, 1))
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            history.ensure(days(1, 2))
            other = pool.submit(make)
            until(lambda: waiting() == 1)
        other.result()
    assert history.existing() == days(0, 1, 2)


@pytest.mark.django_db(transaction=True)
def test_a_day_is_made_while_others_read_and_write_history():
    shop = Namespace.objects.create(name="shop")
    history.ensure(days(0))

    def make():
        try:
            with transaction.atomic():
                sql.execute("SET LOCAL lock_timeout = '2s'")
                history.ensure(days(1))
        finally:
            connection.close()

    with transaction.atomic(), ThreadPoolExecutor(1) as pool:
        counted(shop, NOON)
        assert Event.objects.count() == 1
        pool.submit(make).result()
    assert history.existing() == days(0, 1)
