"""`/v0/goals` and `/v0/namespaces`: names become goals, and stay what they are."""

import pytest

from accounts.models import Namespace
from events.models import NAME_LIMIT, EventName
from goals.models import Goal
from tests.published import original

pytestmark = pytest.mark.django_db
URL = "/v0/goals"


def goals(client, **query):
    return client.get(URL, query).json()["goals"]


def create(client, name, **fields):
    return client.post(URL, {"goal_name": name, **fields}, format="json")


@pytest.mark.parametrize("url", [URL, f"{URL}/"])
def test_a_goal_is_listed_once_however_often_it_is_made(backend, url):
    for name in ("b", "a", "b"):
        answer = backend.post(url, {"goal_name": name}, format="json")
        assert (answer.status_code, answer.content) == (204, b"")
    assert backend.get(url).json() == {"goals": ["a", "b"]}


def test_making_a_goal_again_does_not_move_its_beginning(backend):
    create(backend, "buy")
    since = Goal.objects.get().since
    create(backend, "buy")
    assert Goal.objects.get().since == since


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, {"what": "Missing required element", "key": "goal_name"}),
        ({"goal_name": ""}, {"what": "Missing required element", "key": "goal_name"}),
        (
            {"goal_name": 5},
            {"what": "Incorrect type", "type_expected": "string", "value": 5},
        ),
        (
            {"goal_name": "a", "namespace": None},
            {"what": "Incorrect type", "type_expected": "string", "value": None},
        ),
        ([], {"what": "Incorrect type", "type_expected": "object", "value": []}),
    ],
)
def test_a_wrong_body_is_a_400_and_makes_nothing(backend, body, error):
    answer = backend.post(URL, body, format="json")
    assert answer.status_code == 400
    assert original(answer.json()["error"]) == error
    assert not Goal.objects.exists()


@pytest.mark.parametrize("name", ["x" * 201, "a\tb", "\0"])
def test_a_name_that_cannot_be_is_a_400_that_names_the_field(backend, name):
    answer = create(backend, name)
    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == "goal_name"
    assert not EventName.objects.exists()


def test_a_name_too_many_is_refused(backend, shop):
    EventName.objects.bulk_create(
        EventName(namespace=shop, number=number, slot=number, name=f"{number}")
        for number in range(1, NAME_LIMIT + 1)
    )
    answer = create(backend, "one more")
    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == "goal_name"
    assert create(backend, "7").status_code == 204


def test_root_makes_a_namespace_with_its_first_goal(root):
    assert create(root, "buy", namespace="new").status_code == 204
    assert goals(root, namespace="new") == ["buy"]
    assert Namespace.objects.filter(name="new").exists()


def test_others_make_goals_in_their_own_namespaces_alone(backend, root):
    create(root, "theirs", namespace="elsewhere")
    assert create(backend, "mine", namespace="elsewhere").status_code == 403
    assert create(backend, "mine", namespace="new").status_code == 403
    assert goals(root, namespace="elsewhere") == ["theirs"]
    assert not Namespace.objects.filter(name="new").exists()


def test_namespaces_are_those_the_caller_may_read(root, backend, stranger):
    assert backend.get("/v0/namespaces").json() == {"namespaces": ["shop"]}
    assert root.get("/v0/namespaces/").json() == {
        "namespaces": ["default", "elsewhere", "shop"]
    }
