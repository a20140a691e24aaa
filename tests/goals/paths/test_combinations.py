"""Combinations are bounded and folded, and still add up to the goal's count."""

import pytest
from django.db import IntegrityError, transaction

from goals import services
from goals.models import UNKNOWN, Combination, Counter, SingleEvent
from goals.paths import path_store
from pipeline import drain
from tests.events.builders import NOON, arrival, record

pytestmark = pytest.mark.django_db
URL = "/v0/analytics"


@pytest.fixture
def goal(shop):
    services.create_goal(namespace_id=shop.pk, name="buy", at=NOON)


def walk(shop, paths):
    """Sends users who do the events of their path, then buy, and drains."""
    sent = [
        arrival(shop.pk, name, user)
        for user, path in paths.items()
        for name in [*path, "buy"]
    ]
    record(sent)
    drain.drain_all(at=NOON)


def bought(client):
    """Returns what is published of the goal."""
    counts = client.get(URL).json()["counts"]
    [found] = [one for one in counts if one["name"] == "buy"]
    return found


def combinations(client):
    found = bought(client)
    rows = found["event_counts"]
    assert sum(row["count"] for row in rows) == found["count"]
    return [(row["events"], row["count"], "overflow" in row) for row in rows]


@pytest.mark.usefixtures("goal")
def test_combinations_are_listed_the_most_frequent_first(backend, shop):
    walk(shop, {1: "ba", 2: "ab", 3: "c", 4: "", 5: "b", 6: "", 7: ""})
    assert combinations(backend) == [
        ([], 3, False),
        (["a", "b"], 2, False),
        (["b"], 1, False),
        (["c"], 1, False),
    ]
    singles = bought(backend)["single_event_counts"]
    assert singles[0] == {"name": "b", "count": 3}
    assert {one["name"]: one["count"] for one in singles} == {"a": 2, "b": 3, "c": 1}


@pytest.mark.usefixtures("goal")
def test_a_crowded_shard_keeps_the_more_frequent_half(backend, shop, monkeypatch):
    monkeypatch.setattr(path_store, "COMBINATIONS", 4)
    walk(shop, {16: "a", 32: "a", 48: "a", 64: "b", 80: "b", 96: "c", 112: "d"})
    assert len(combinations(backend)) == 4
    walk(shop, {128: "e", 144: "c"})
    assert combinations(backend) == [
        (["a"], 3, False),
        (["b"], 2, False),
        ([], 4, True),
    ]
    assert Combination.objects.exclude(events=UNKNOWN).count() == 2


@pytest.mark.usefixtures("goal")
def test_what_comes_into_use_after_a_crowd_is_told_apart(backend, shop, monkeypatch):
    monkeypatch.setattr(path_store, "COMBINATIONS", 2)
    walk(shop, {16 * n: f"{n}" for n in range(1, 10)})
    walk(shop, {16 * n: "new" for n in range(10, 20)})
    assert combinations(backend)[0] == (["e", "n", "w"], 10, False)


@pytest.mark.usefixtures("goal")
def test_single_events_are_exact_also_for_combinations_not_kept(
    backend, shop, monkeypatch
):
    monkeypatch.setattr(path_store, "COMBINATIONS", 1)
    walk(shop, {16: "abc", 32: "ab", 48: "bc", 64: "c"})
    assert combinations(backend) == [([], 4, True)]
    singles = bought(backend)["single_event_counts"]
    assert {one["name"]: one["count"] for one in singles} == {"a": 2, "b": 3, "c": 3}


@pytest.mark.usefixtures("goal")
def test_shards_are_crowded_each_on_its_own(backend, shop, monkeypatch):
    monkeypatch.setattr(path_store, "COMBINATIONS", 2)
    walk(shop, {16: "a", 32: "b", 17: "c", 33: "d"})
    assert len(combinations(backend)) == 4


@pytest.mark.usefixtures("goal")
def test_an_answer_shows_so_many_combinations_of_all_shards(backend, shop, monkeypatch):
    monkeypatch.setattr("goals.paths.queries.COMBINATIONS", 2)
    walk(shop, {1: "a", 2: "a", 3: "b", 4: "b", 5: "c", 6: "d"})
    assert combinations(backend) == [
        (["a"], 2, False),
        (["b"], 2, False),
        ([], 2, True),
    ]


@pytest.mark.usefixtures("goal")
def test_rare_combinations_are_not_told_apart(backend, shop, settings):
    settings.MIN_COMBINATION_COUNT = 2
    walk(shop, {1: "a", 2: "a", 3: "b", 4: "c", 5: ""})
    assert combinations(backend) == [(["a"], 2, False), ([], 3, True)]


@pytest.mark.usefixtures("goal")
def test_without_any_rare_combination_there_is_no_overflow_row(backend, shop, settings):
    settings.MIN_COMBINATION_COUNT = 2
    walk(shop, {1: "a", 2: "a"})
    assert combinations(backend) == [(["a"], 2, False)]


@pytest.mark.usefixtures("goal")
def test_a_saturated_goal_has_its_surplus_among_the_unknown(backend, shop):
    walk(shop, {1: "a"})
    goal = Counter.objects.get(namespace=shop, event_name_id=goal_id(shop))
    Counter.objects.filter(pk=goal.pk).update(count=1_400_000, bits_set=20_000_000)
    found = bought(backend)
    assert found["saturated"]
    assert found["count"] > 1_400_000
    assert combinations(backend)[-1][1:] == (found["count"] - 1_400_000, True)


def goal_id(shop):
    return SingleEvent.objects.values_list("goal_id", flat=True).get(namespace=shop)


def test_a_name_that_is_no_goal_keeps_no_paths(backend, shop):
    walk(shop, {1: "a", 2: "b"})
    assert combinations(backend) == [([], 2, False)]
    assert not Combination.objects.exists()
    assert not SingleEvent.objects.exists()


@pytest.mark.parametrize("fields", [{"count": 0}, {"count": -1}, {"shard": 16}])
@pytest.mark.usefixtures("goal")
def test_the_database_refuses_combinations_of_nobody(shop, fields):
    walk(shop, {1: "a"})
    with pytest.raises(IntegrityError), transaction.atomic():
        Combination.objects.update(**fields)
