"""A removed goal forgets its paths, whatever is being drained; its users stay."""

import pytest
from django.db import OperationalError, transaction

from db import sql
from events import history, names
from goals import services
from goals.models import Combination, Goal, SingleEvent
from goals.paths import queries
from pipeline import drain as draining
from tests.events.builders import NOON, arrival, record
from tests.goals import truth
from tests.transactions import elsewhere

pytestmark = pytest.mark.django_db


@pytest.fixture
def buy(shop):
    """The goal, which users 1 and 17 (of the same shard) reached after a view."""
    make(shop)
    send(shop, "view", 1, 17)
    send(shop, "buy", 1, 17, 33)
    return names.ids(namespace_ids=[shop.pk], names=["buy"])[shop.pk, "buy"]


def make(shop, name="buy"):
    services.create_goal(namespace_id=shop.pk, name=name, at=NOON)


def send(shop, name, *users):
    record(arrival(shop.pk, name, user) for user in users)
    draining.drain_all(at=NOON)


def paths(shop, goal):
    """Returns the singles and the combinations of a goal."""
    _, found = queries.counts_and_paths(namespace_id=shop.pk, goals=[goal], least=1)
    return found[goal].singles, dict(found[goal].combinations)


def kept():
    return Combination.objects.count() + SingleEvent.objects.count()


def impatiently(work):
    """Does a thing unless it has to wait for another transaction."""
    with transaction.atomic():
        sql.execute("SET LOCAL lock_timeout = '100ms'")
        work()


def test_removing_forgets_the_paths_and_keeps_the_users(shop, buy):
    assert paths(shop, buy) == ({"view": 2}, {("view",): 2, (): 1})
    services.remove_goal(event_name_id=buy)
    assert queries.goals(namespace_id=shop.pk) == {}
    assert kept() == 0
    assert truth.counts(shop.pk) == {"view": 2, "buy": 3, "": 3}


def test_removing_one_goal_leaves_the_others_alone(shop, buy):
    make(shop, "ask")
    send(shop, "ask", 1)
    services.remove_goal(event_name_id=buy)
    [ask] = queries.goals(namespace_id=shop.pk)
    assert paths(shop, ask) == ({"view": 1, "buy": 1}, {("buy", "view"): 1})


def test_what_is_no_goal_is_removed_without_a_word(shop, buy):
    services.remove_goal(event_name_id=buy + 1)
    assert paths(shop, buy)[1] == {("view",): 2, (): 1}


def test_a_goal_made_again_starts_with_those_who_reached_it_before_on_no_path(
    shop, buy
):
    services.remove_goal(event_name_id=buy)
    send(shop, "view", 49)
    send(shop, "buy", 49)
    assert kept() == 0
    make(shop)
    assert paths(shop, buy) == ({}, {(): 4})
    send(shop, "view", 65)
    send(shop, "buy", 65, 1)
    assert paths(shop, buy) == ({"view": 1}, {("view",): 1, (): 4})


@pytest.fixture
def arriving(shop, transactional_db):
    """The goal, with a user's view and purchase in the inbox."""
    history.ensure([NOON.date()])
    make(shop)
    record([arrival(shop.pk, "view", 1), arrival(shop.pk, "buy", 1)])
    return names.ids(namespace_ids=[shop.pk], names=["buy"])[shop.pk, "buy"]


def drain():
    draining.drain_all(at=NOON)


@pytest.mark.django_db(transaction=True)
def test_a_removal_waits_for_a_drain_and_forgets_what_it_kept(shop, arriving):
    with elsewhere(drain), pytest.raises(OperationalError, match="lock timeout"):
        impatiently(lambda: services.remove_goal(event_name_id=arriving))
    assert paths(shop, arriving) == ({"view": 1}, {("view",): 1})
    services.remove_goal(event_name_id=arriving)
    assert kept() == 0


@pytest.mark.django_db(transaction=True)
def test_a_removal_does_not_wait_for_a_drain_that_has_nothing_to_do_with_it(
    shop, arriving
):
    drain()
    record([arrival(shop.pk, "view", 2)])
    with elsewhere(drain):
        impatiently(lambda: services.remove_goal(event_name_id=arriving))
    assert not Goal.objects.exists()
    assert kept() == 0


@pytest.mark.django_db(transaction=True)
def test_a_drain_waits_for_a_removal_and_keeps_no_path_then(shop, arriving):
    def remove():
        services.remove_goal(event_name_id=arriving)

    with elsewhere(remove):
        impatiently(drain)
        assert truth.counts(shop.pk) == {}
    drain()
    assert kept() == 0
    assert truth.counts(shop.pk) == {"view": 1, "buy": 1, "": 1}
