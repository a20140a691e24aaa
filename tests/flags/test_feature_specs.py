"""`/v0/featureSpecs`: flags are listed as they were set, and set as a whole."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from accounts.models import Namespace
from flags import models
from flags.models import Flag

pytestmark = pytest.mark.django_db
URL = "/v0/featureSpecs"
RULES: list[dict[str, Any]] = [
    {"property": "country", "comparator": "=", "value": "de"},
    {"property": "age", "comparator": "=", "value": 42},
    {"property": "age", "comparator": "in", "value": [1, 2]},
    {"property": "country", "comparator": "in", "value": ["de", "fr"]},
]
BARE = {"name": "new", "boolean": False, "user": []}
START, END = "2026-03-01T00:00:00z", "2026-04-01T00:00:00z"


@pytest.fixture
def noon(time_machine, t0):
    time_machine.move_to(t0, tick=False)
    return t0


@pytest.mark.parametrize("url", [URL, f"{URL}/"])
@pytest.mark.parametrize("role", ["root", "manager"])
def test_a_flag_is_set_and_told_again(put, told, role, url, request):
    client = request.getfixturevalue(role)
    answer = put(client, url, namespace="shop")
    assert (answer.status_code, answer.content) == (204, b"")
    assert told(client, namespace="shop") == [BARE]
    assert client.get(url, {"namespace": "shop"}).json() == {"featureSpecs": [BARE]}


def test_everything_that_is_sent_is_kept(put, told, manager):
    spec = {"boolean": True, "user": RULES, "rollout_start": START, "rollout_end": END}
    put(manager, **spec)
    assert told(manager) == [{"name": "new", **spec}]


def test_what_is_told_can_be_sent_again(put, told, manager):
    put(manager, user=RULES, rollout_start=START, rollout_end=END)
    [before] = told(manager)
    put(manager, **before)
    assert told(manager) == [before]


def test_flags_are_sorted_by_name(put, told, manager):
    for name in ["b", "A", "ä", "a", "B"]:
        put(manager, name=name)
    assert [spec["name"] for spec in told(manager)] == ["A", "B", "a", "b", "ä"]


def test_a_flag_is_replaced_as_a_whole(put, told, manager):
    put(manager, boolean=True, user=RULES, rollout_start=START, rollout_end=END)
    [old] = Flag.objects.all()
    assert put(manager).status_code == 204
    assert told(manager) == [BARE]
    [new] = Flag.objects.all()
    assert (new.pk, new.created_at) == (old.pk, old.created_at)
    assert new.updated_at > old.updated_at


def test_keys_that_mean_nothing_are_ignored(put, told, manager):
    rule = RULES[0] | {"comment": 1}
    assert put(manager, user=[rule], color="red", value=None).status_code == 204
    assert told(manager) == [BARE | {"user": [RULES[0]]}]


def test_the_same_name_is_another_flag_in_another_namespace(put, told, root, shop):
    put(root, namespace="shop", boolean=True)
    put(root, namespace="brand new")
    assert told(root, namespace="shop") == [BARE | {"boolean": True}]
    assert told(root, namespace="brand new") == [BARE]
    assert told(root, namespace="unknown") == []


def test_an_integer_keeps_all_its_digits(put, told, manager):
    rules = [
        {
            "property": "id",
            "comparator": "in",
            "value": [2**64 - 1, -(2**63), 2**53 + 1],
        }
    ]
    put(manager, user=rules)
    assert told(manager)[0]["user"] == rules


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("2026-03-01T00:00:00Z", "2026-03-01T00:00:00z"),
        ("2026-03-01T02:30:00+02:30", "2026-03-01T00:00:00z"),
        ("2026-03-01t00:00:00.999999z", "2026-03-01T00:00:00z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00z"),
    ],
)
def test_a_moment_is_told_in_utc_and_whole_seconds(put, told, manager, sent, stored):
    put(manager, rollout_start=sent, rollout_end="9999-12-31T23:59:59Z")
    [spec] = told(manager)
    assert spec["rollout_start"] == stored
    [kept] = Flag.objects.values_list("rollout_start_at", flat=True)
    assert kept == datetime.fromisoformat(stored.upper())
    assert spec["rollout_end"] == "9999-12-31T23:59:59z"


def test_a_rollout_without_a_start_starts_now(put, told, manager, noon):
    put(manager, rollout_end=END)
    assert told(manager)[0]["rollout_start"] == "2026-03-04T12:00:00z"
    put(manager, rollout_end="2026-03-04T12:00:00Z")
    assert told(manager)[0]["rollout_end"] == "2026-03-04T12:00:00z"


def test_a_namespace_of_its_own_is_the_default(put, told, manager, shop):
    put(manager)
    assert Flag.objects.get().namespace == shop
    assert told(manager) == told(manager, namespace="shop")


def test_a_backend_reads_and_does_not_write(put, told, backend, flag):
    flag()
    assert told(backend) == [BARE]
    answer = put(backend, boolean=True)
    assert answer.status_code == 403
    assert answer.json() == {"error": {"what": "allowed roles: root, manager"}}
    assert told(backend) == [BARE]


def test_a_stranger_neither_reads_nor_writes(put, shop, stranger):
    assert stranger.get(URL, {"namespace": "shop"}).status_code == 403
    assert put(stranger, namespace="shop").status_code == 403
    assert not Flag.objects.exists()


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_are_not_allowed(manager, method):
    answer = getattr(manager, method)(URL)
    assert answer.status_code == 405
    error = {"what": "Method not allowed", "method": method}
    assert answer.json() == {"error": error}


def test_listing_costs_three_queries_however_many_flags(
    told, manager, flag, django_assert_num_queries
):
    for number in range(50):
        flag(f"flag {number}", user_rules=RULES)
    with django_assert_num_queries(3):  # the token, the namespace, the flags
        assert len(told(manager)) == 50


def test_a_namespace_holds_so_many_flags_and_no_more(put, told, manager, monkeypatch):
    monkeypatch.setattr(models, "FLAG_LIMIT", 2)
    assert [put(manager, name=name).status_code for name in "abc"] == [204, 204, 400]
    error = put(manager, name="c").json()["error"]
    assert error == {"what": "a namespace holds at most 2 flags", "field": "name"}
    assert put(manager, name="b", boolean=True).status_code == 204
    assert [spec["name"] for spec in told(manager)] == ["a", "b"]


def test_a_flag_that_was_refused_creates_no_namespace(put, root, monkeypatch):
    monkeypatch.setattr(models, "FLAG_LIMIT", 0)
    assert put(root, namespace="brand new").status_code == 400
    assert not Namespace.objects.filter(name="brand new").exists()


@pytest.mark.django_db(transaction=True)
def test_the_same_flag_set_at_once_is_one_flag_and_no_error(put, told, root, shop):
    def set_one(number):
        try:
            return put(root, namespace="shop", boolean=number % 2 == 0).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(set_one, range(24))) == {204}
    assert len(told(root, namespace="shop")) == 1


def test_an_age_old_rollout_is_over(put, manager, ask):
    end = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    put(manager, rollout_start="2020-01-01T00:00:00Z", rollout_end=end)
    assert ask(manager).json() == {"features": {"new": True}}
