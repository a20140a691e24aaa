"""The dictionary of event names: at most 1,000 in a namespace, whoever is first."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection

from accounts.models import Namespace
from events import names
from events.models import NAME_LIMIT, NUMBER_LIMIT, EventName, InboxEvent
from pipeline import drain as draining
from tests.events.builders import NOON, arrival, record


def fill(namespace, count):
    names.ensure({(namespace.pk, f"name {number}") for number in range(count)})


def numbers(namespace):
    found = EventName.objects.filter(namespace=namespace).order_by("number")
    return list(found.values_list("number", flat=True))


@pytest.mark.django_db
def test_a_name_keeps_its_id(shop):
    wanted = {(shop.pk, "view"), (shop.pk, "日本")}
    first = names.ensure(wanted)
    assert first.keys() == wanted
    assert names.ensure(wanted | {(shop.pk, "other")}).items() >= first.items()
    assert numbers(shop) == [1, 2, 3]


@pytest.mark.django_db
def test_names_of_two_namespaces_do_not_mix(shop):
    other = Namespace.objects.create(name="other")
    found = names.ensure({(shop.pk, "a"), (other.pk, "b")})
    assert found.keys() == {(shop.pk, "a"), (other.pk, "b")}
    assert list(names.by_id(namespace_id=shop.pk).values()) == ["a"]
    crossed = names.ensure({(shop.pk, "b"), (other.pk, "a")})
    assert len({*crossed.values(), *found.values()}) == 4


@pytest.mark.django_db
def test_a_name_beyond_the_limit_refuses_its_batch_and_says_so(backend, shop):
    fill(shop, NAME_LIMIT - 1)
    batch = [{"event_name": name, "user_id": "ann"} for name in ("last", "too many")]
    answer = backend.post("/v0/analytics", batch, format="json")
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["field"] == "event_name"
    assert "at most 1,000" in error["what"]
    assert "999" in error["what"]
    assert InboxEvent.objects.count() == 0
    assert len(numbers(shop)) == NAME_LIMIT - 1
    assert backend.post("/v0/analytics", batch[0], format="json").status_code == 204


@pytest.mark.django_db
def test_known_names_are_taken_when_the_dictionary_is_full(shop):
    fill(shop, NAME_LIMIT)
    assert record([arrival(shop.pk, "name 7")]) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "place",
    [
        {"number": NAME_LIMIT + 1, "slot": NAME_LIMIT + 1},
        {"number": NAME_LIMIT + 1, "slot": 1},
        {"number": NUMBER_LIMIT + 1, "slot": None},
    ],
)
def test_the_database_itself_holds_the_limits(shop, place):
    fill(shop, NAME_LIMIT)
    with pytest.raises(IntegrityError):
        EventName.objects.create(namespace=shop, name="more", **place)


@pytest.mark.django_db
def test_a_retired_name_makes_room_and_is_refused(backend, shop, monkeypatch):
    monkeypatch.setattr(names, "NAME_LIMIT", 2)
    ids = names.ensure({(shop.pk, "view"), (shop.pk, "typo")})
    assert names.retire([ids[shop.pk, "typo"]]) == 1
    names.ensure({(shop.pk, "buy")})
    assert numbers(shop) == [1, 2, 3]
    event = {"event_name": "typo", "user_id": "ann"}
    answer = backend.post("/v0/analytics", event, format="json")
    assert answer.status_code == 400
    assert "retired" in answer.json()["error"]["what"]


@pytest.mark.django_db
def test_a_name_retired_elsewhere_is_taken(shop):
    other = Namespace.objects.create(name="other")
    names.retire(names.ensure({(other.pk, "a")}).values())
    assert len(names.ensure({(shop.pk, "a"), (other.pk, "b")})) == 2


@pytest.mark.django_db
def test_a_retired_name_is_restored_where_there_is_room(shop, monkeypatch):
    monkeypatch.setattr(names, "NAME_LIMIT", 2)
    ids = names.ensure({(shop.pk, "view"), (shop.pk, "typo")})
    names.retire(ids.values())
    names.ensure({(shop.pk, "buy")})
    with pytest.raises(names.NameLimitError):
        names.restore(ids.values())
    assert names.restore([ids[shop.pk, "view"]]) == 1
    assert names.ensure({(shop.pk, "view")}) == {
        (shop.pk, "view"): ids[shop.pk, "view"]
    }


@pytest.mark.django_db
def test_a_retired_name_is_counted_but_no_longer_listed(backend, shop):
    record([arrival(shop.pk, "view"), arrival(shop.pk, "typo", 2)])
    draining.drain_all(at=NOON)
    names.retire(names.ids(namespace_ids=[shop.pk], names=["typo"]).values())
    counts = backend.get("/v0/analytics").json()["counts"]
    listed = {count["name"]: count["count"] for count in counts}
    assert listed == {"global_counter": 2, "view": 1}


@pytest.mark.django_db(transaction=True)
def test_two_requests_at_once_share_what_is_left():
    shop = Namespace.objects.create(name="shop")
    fill(shop, NAME_LIMIT - 10)

    def send(request):
        batch = [arrival(shop.pk, f"request {request}, {n}") for n in range(7)]
        try:
            return record(batch)
        except names.NameLimitError:
            return 0
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(send, range(4))) == [0, 0, 0, 7]
    assert numbers(shop) == list(range(1, NAME_LIMIT - 2))


@pytest.mark.django_db(transaction=True)
def test_requests_at_once_agree_on_the_id_of_a_new_name():
    shop = Namespace.objects.create(name="shop")

    def send(request):
        try:
            return names.ensure({(shop.pk, name) for name in ("a", "b", "c")})
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        first, *others = pool.map(send, range(8))
    assert all(found == first for found in others)
