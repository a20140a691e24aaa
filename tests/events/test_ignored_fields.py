"""Which unknown fields are ignored is counted, for staff to look at."""

from datetime import timedelta

import pytest

from accounts.models import Namespace
from api.unknown_fields import HEADER
from db import sql
from events import ignored
from events.ignored import CHARACTERS, MOST
from events.models import IgnoredField
from tests.conftest import T0

pytestmark = pytest.mark.django_db
URL = "/v0/analytics"
ONE = {"event_name": "view", "user_id": "ann"}


def counts(*, body="event", namespace="shop"):
    """Returns how often each field was ignored."""
    rows = IgnoredField.objects.filter(body=body, namespace__name=namespace)
    return dict(rows.values_list("name", "times"))


def post(client, body, path=URL):
    answer = client.post(path, body, format="json")
    assert answer.status_code == 204
    return answer


def test_each_event_counts(backend):
    post(backend, {**ONE, "colour": 1, "size": 2})
    post(backend, [{**ONE, "colour": 1}, ONE, {**ONE, "colour": [1, 2]}])
    post(backend, {"events": [ONE], "sent_at": "now"})
    assert counts() == {"colour": 3, "size": 1, "sent_at": 1}


def test_goals_and_flags_are_counted_apart(manager):
    post(manager, {"goal_name": "view", "colour": 1}, "/v0/goals")
    post(manager, {"name": "dark", "colour": 1, "size": 1}, "/v0/featureSpecs")
    assert counts(body="goal") == {"colour": 1}
    assert counts(body="flag") == {"colour": 1, "size": 1}
    assert counts() == {}


def test_fields_are_counted_where_their_event_counts(root):
    Namespace.objects.create(name="shop")
    sent = [{**ONE, "namespace": "shop", "a": 1}, {**ONE, "b": 1}, {**ONE, "b": 1}]
    post(root, {"events": sent, "namespace": "other", "c": 1})
    assert counts() == {"a": 1}
    assert counts(namespace="other") == {"b": 2, "c": 1}
    post(root, {**ONE, "d": 1}, f"{URL}?namespace=shop")
    post(root, {**ONE, "e": 1})
    assert counts() == {"a": 1, "d": 1}
    assert counts(namespace="default") == {"e": 1}


def test_what_is_refused_is_not_counted(backend):
    backend.post(URL, [{**ONE, "colour": 1}, {}], format="json")
    assert counts() == {}


def test_a_namespace_has_at_most_100_names_and_one_for_the_others(backend):
    post(backend, {**ONE, **{f"a{n:03}": 1 for n in range(MOST - 1)}})
    post(backend, [{**ONE, "b": 1, "c": 1, "d": 1, "a000": 1}, {**ONE, "c": 1}])
    post(backend, {**ONE, "b": 1, "e": 1})
    found = counts()
    assert len(found) == MOST + 1
    assert (found["a000"], found["b"]) == (2, 2)
    assert found[IgnoredField.OTHERS] == 4


def test_a_name_is_kept_cut_and_in_print(backend):
    long = "x" * 5_000
    post(backend, {**ONE, f"{long}1": 1, f"{long}2": 1, "a\0\nb": 1})
    assert counts() == {"x" * CHARACTERS: 2, "a\ufffd\ufffdb": 1}


def test_first_and_last_time_are_kept(shop):
    for late in (1, 0, 2):
        at = T0 + timedelta(minutes=late)
        counted = ignored.Counts({(shop.pk, "colour"): 1})
        ignored.count(counted, body=ignored.EVENT, at=at)
    row = IgnoredField.objects.get()
    assert (row.first_at, row.last_at) == (T0, T0 + timedelta(minutes=2))


def test_it_costs_one_statement_and_none_without_unknown_fields(
    backend, django_assert_num_queries
):
    post(backend, ONE)
    with django_assert_num_queries(6):  # token, BEGIN, namespace, names, COPY, COMMIT
        post(backend, [ONE] * 100)
    many = {f"field {n}": 1 for n in range(500)}
    with django_assert_num_queries(7):
        post(backend, [{**ONE, **many}] * 100)


@pytest.mark.django_db(transaction=True)
def test_events_are_taken_where_nothing_can_be_counted(backend):
    sql.execute("ALTER TABLE events_ignoredfield ADD CONSTRAINT no CHECK (times < 0)")
    try:
        answer = post(backend, {**ONE, "colour": 1})
    finally:
        sql.execute("ALTER TABLE events_ignoredfield DROP CONSTRAINT no")
    assert answer.headers[HEADER] == "colour"
    assert counts() == {}
