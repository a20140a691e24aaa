"""`GET /v0/namespaces`: those that the caller may see."""

import pytest

from tests.kimball.product import event

URL = "/v0/namespaces"


def listed(client):
    answer = client.get(URL)
    assert answer.status_code == 200
    assert answer.json().keys() == {"namespaces"}
    found = answer.json()["namespaces"]
    assert len(set(found)) == len(found)
    return set(found)


def test_root_sees_every_namespace_and_always_the_default_one(root):
    assert {"default", "shop", "elsewhere"} <= listed(root)


@pytest.mark.parametrize(
    ("role", "own"),
    [("manager", "shop"), ("backend", "shop"), ("stranger", "elsewhere")],
)
def test_others_see_their_own(clients, namespace, role, own):
    namespace.send(event("view"))
    assert listed(clients[role]) == {own}


def test_a_namespace_comes_with_its_first_event(root, namespace):
    assert namespace.name not in listed(root)
    namespace.post_events(event("view"))
    assert namespace.name in listed(root)


def test_a_namespace_comes_with_its_first_goal(root, namespace):
    namespace.make_goals("buy")
    assert namespace.name in listed(root)


def test_a_refused_event_makes_no_namespace(root, namespace):
    assert namespace.post("/v0/analytics", {"event_name": "a"}).status_code == 400
    assert namespace.post("/v0/goals", {"goal_name": 5}).status_code == 400
    assert namespace.name not in listed(root)
