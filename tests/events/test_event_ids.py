"""An `event_id` counts once: in its batch, over requests, for seven days."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction

from events import names
from events.models import InboxEvent, SeenEvent
from pipeline import retain
from tests.events.builders import NOON, arrival, record
from tests.pipeline.processes import until, waiting

URL = "/v0/analytics"
ONE = {"event_name": "view", "user_id": "ann"}
ids = [f"{number:032x}" for number in range(40)]


def users():
    return list(InboxEvent.objects.order_by("id").values_list("user_key", flat=True))


@pytest.mark.django_db
def test_a_repeat_in_a_batch_counts_once_and_the_first_one_stays(shop):
    batch = [arrival(shop.pk, user=user, event_hash=ids[0]) for user in (1, 2)]
    assert record([*batch, arrival(shop.pk, user=3), arrival(shop.pk, user=3)]) == 3
    assert users() == [1, 3, 3]


@pytest.mark.django_db
def test_a_repeated_request_is_accepted_and_changes_nothing(backend):
    batch = [{**ONE, "event_id": f"e-{number}"} for number in range(3)]
    for _ in range(2):
        assert backend.post(URL, batch, format="json").status_code == 204
    backend.post(URL, [{**ONE, "event_id": "e-3"}, *batch], format="json")
    assert InboxEvent.objects.count() == 4


@pytest.mark.django_db
def test_an_event_id_of_another_namespace_is_another(root):
    for name in ("a", "b", "a"):
        sent = {**ONE, "event_id": "1", "namespace": name}
        root.post(URL, sent, format="json")
    assert InboxEvent.objects.count() == 2


@pytest.mark.django_db
def test_events_without_an_id_are_all_counted(backend):
    for _ in range(2):
        backend.post(URL, [ONE, ONE], format="json")
    assert InboxEvent.objects.count() == 4
    assert not SeenEvent.objects.exists()


@pytest.mark.django_db
def test_a_repeat_of_only_known_events_adds_no_name(shop):
    record([arrival(shop.pk, "view", event_hash=ids[0])])
    assert record([arrival(shop.pk, "other", event_hash=ids[0])]) == 0
    assert list(names.by_id(namespace_id=shop.pk).values()) == ["view"]


@pytest.mark.django_db
def test_a_refused_batch_leaves_its_event_ids_free(backend, monkeypatch):
    monkeypatch.setattr(names, "NAME_LIMIT", 1)
    batch = [{**ONE, "event_name": name, "event_id": name} for name in ("a", "b")]
    assert backend.post(URL, batch, format="json").status_code == 400
    assert not SeenEvent.objects.exists()
    assert backend.post(URL, batch[:1], format="json").status_code == 204
    assert InboxEvent.objects.count() == 1


@pytest.mark.django_db
def test_an_event_id_is_forgotten_after_7_days(shop):
    one = arrival(shop.pk, event_hash=ids[0])
    record([one])
    retain.drop_past(now=NOON + timedelta(days=7))
    assert record([one], at=NOON + timedelta(days=7)) == 0
    retain.drop_past(now=NOON + timedelta(days=7, seconds=1))
    assert record([one], at=NOON + timedelta(days=7, seconds=1)) == 1


@pytest.mark.django_db(transaction=True)
def test_requests_at_the_same_time_count_an_event_id_once(shop):
    """They name the same ids in different orders, and both wait for one of them."""
    names.ensure({(shop.pk, "view")})

    def send(order):
        try:
            return record([arrival(shop.pk, event_hash=one) for one in order])
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic():
            first = record([arrival(shop.pk, event_hash=ids[20])])
            sent = [pool.submit(send, order) for order in (ids, ids[::-1])]
            until(lambda: waiting() == 2)
            transaction.set_rollback(True)
        assert (first, sorted(one.result() for one in sent)) == (1, [0, 40])
    assert InboxEvent.objects.count() == len(ids)


@pytest.mark.django_db(transaction=True)
def test_an_id_that_another_request_commits_is_a_repeat(shop):
    names.ensure({(shop.pk, "view")})

    def send():
        try:
            return record([arrival(shop.pk, event_hash=ids[0])])
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            assert record([arrival(shop.pk, event_hash=ids[0])]) == 1
            repeat = pool.submit(send)
            until(lambda: waiting() == 1)
        assert repeat.result() == 0
    assert InboxEvent.objects.count() == 1
