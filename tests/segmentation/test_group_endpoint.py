"""`GET analytics/ab-tests/<id>/group/`: the variant to show, as the numbers have it."""

import logging
from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.models import Namespace
from accounts.queries import Scope
from db import sql
from events import queries as events
from segmentation import queries
from tests.conftest import T0
from tests.segmentation.builders import DAY, TESTS, query_of, split

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
PATH = f"{TESTS}my_ab_test1/group/"
USERS = [f"user {number}" for number in range(30)]
LEAF_OF = "SELECT {case} FROM (SELECT %(key)s::bigint, %(at)s::timestamptz) AS e {name}"


@pytest.fixture
def group(manager):
    def ask(user, **query):
        answer = manager.get(PATH, {"user_id": user, **query})
        assert answer.status_code == 200
        assert answer.json().keys() == {"ab_test_id", "group"}
        assert answer.json()["ab_test_id"] == "my_ab_test1"
        return answer.json()["group"]

    return ask


def test_the_group_is_the_one_whose_leaf_the_numbers_go_to(
    group, ab_test, segmentation, shop
):
    ab_test(share_a=Decimal(30), share_b=Decimal(40))
    segmentation(tree=split())
    [cut] = queries.resolved_segmentations(namespace_id=shop.pk)
    case = cut.case(lambda segment, leaf: f"'{['a', 'b', 'skip'][leaf.position]}'")
    statement = LEAF_OF.format(case=case, name="(user_key, occurred_at)")
    found = {user: group(user) for user in USERS}
    for user in USERS:
        key = events.user_key(user, scope=Scope(shop.pk, shop.name))
        assert sql.fetch(statement, key=key, at=T0) == [(found[user],)]
    assert set(found.values()) == {"a", "b", "skip"}


def test_a_user_keeps_the_group_until_the_end(group, ab_test, time_machine):
    ab_test()
    found = [group(user) for user in USERS]
    assert set(found) == {"a", "b"}
    time_machine.move_to(T0 + DAY - timedelta(seconds=1), tick=False)
    assert [group(user) for user in USERS] == found
    time_machine.move_to(T0 + DAY, tick=False)
    assert {group(user) for user in USERS} == {"skip"}


def test_before_the_start_everybody_is_skipped(group, ab_test):
    ab_test(start_at=T0 + timedelta(seconds=1))
    assert {group(user) for user in USERS} == {"skip"}


def test_another_namespace_draws_other_users(root, ab_test, shop):
    ab_test()
    ab_test(namespace=Namespace.objects.create(name="elsewhere"))
    both = [
        [root.get(PATH, {"user_id": user, "namespace": name}).json() for user in USERS]
        for name in ("shop", "elsewhere")
    ]
    assert both[0] != both[1]


@pytest.mark.parametrize("user", [None, "", "u" * 201, "\tsecret"])
def test_an_impossible_user_is_refused_and_not_told(manager, ab_test, user, caplog):
    ab_test()
    caplog.set_level(logging.DEBUG)
    answer = manager.get(PATH, {} if user is None else {"user_id": user})
    assert list(query_of(answer)) == ["user_id"]
    assert "secret" not in answer.content.decode() + caplog.text


def test_no_user_is_logged_or_told(manager, ab_test, caplog):
    ab_test()
    caplog.set_level(logging.DEBUG)
    missing = manager.get(f"{TESTS}none/group/", {"user_id": "secret"})
    found = manager.get(PATH, {"user_id": "secret"})
    assert (missing.status_code, found.status_code) == (404, 200)
    assert "secret" not in f"{caplog.text}{missing.content!r}{found.content!r}"
