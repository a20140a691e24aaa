"""`POST` and `GET /v0/goals`."""

import pytest

from tests.kimball.product import event
from tests.published import original

URL = "/v0/goals"
NAME = "goal_name"
BAD = [
    ({}, {"what": "Missing required element", "key": NAME}),
    ({"name": "buy"}, {"what": "Missing required element", "key": NAME}),
    *[
        (
            {field: value, **fields},
            {"what": "Incorrect type", "type_expected": "string", "value": value},
        )
        for field, value, fields in (
            (NAME, 5, {}),
            (NAME, None, {}),
            (NAME, ["buy"], {}),
            (NAME, True, {}),
            ("namespace", 5, {}),  # types before what is missing
            ("namespace", None, {NAME: "buy"}),
            ("namespace", {"a": 1}, {NAME: "buy"}),
        )
    ],
]


def goals(namespace):
    answer = namespace.get(URL)
    assert answer.status_code == 200
    found = answer.json()["goals"]
    assert len(set(found)) == len(found)
    return set(found)


def test_goals_are_made_once_and_listed(namespace):
    namespace.make_goals("buy", "Sign up", "buy")
    assert goals(namespace) == {"buy", "Sign up"}


def test_goals_belong_to_their_namespace(namespace, other):
    namespace.make_goals("buy")
    other.make_goals("join")
    assert (goals(namespace), goals(other)) == ({"buy"}, {"join"})


def test_unknown_properties_are_ignored(namespace):
    body = {NAME: "buy", "colour": None, "why": {"deep": [1]}}
    assert namespace.post(URL, body).status_code == 204
    assert goals(namespace) == {"buy"}


def test_an_event_may_make_a_goal(namespace):
    namespace.send(event("buy", ensure_goal=True), event("view", ensure_goal=False))
    assert goals(namespace) == {"buy"}


def test_a_goal_may_be_made_after_its_events(namespace):
    namespace.send(event("buy"))
    assert goals(namespace) == set()
    namespace.make_goals("buy")
    assert goals(namespace) == {"buy"}


def test_without_a_namespace_it_is_the_callers_own(manager, backend, shop):
    assert backend.post(URL, json={NAME: "by the backend"}).status_code == 204
    assert "by the backend" in goals(shop)
    assert "by the backend" in manager.get(URL).json()["goals"]


def test_without_a_namespace_it_is_the_default_one_for_root(root, namespace):
    name = f"in {namespace.name}"
    assert root.post(URL, json={NAME: name}).status_code == 204
    listed = root.get(URL, params={"namespace": "default"}).json()["goals"]
    assert name in listed
    assert name in root.get(URL).json()["goals"]


@pytest.mark.parametrize(("body", "error"), BAD)
def test_what_is_wrong_is_told(root, body, error):
    answer = root.post(URL, json=body)
    assert answer.status_code == 400
    assert original(answer.json()["error"]) == error


@pytest.mark.parametrize("name", ["", "a\0b", "a\nb", "x" * 201])
def test_a_name_has_1_to_200_printable_characters(namespace, name):
    answer = namespace.post(URL, {NAME: name})
    assert answer.status_code == 400
    assert answer.json()["error"]["what"]
    assert goals(namespace) == set()


@pytest.mark.parametrize("name", ["x" * 200, "日本", "a/b?c=d&e", "😀"])
def test_any_other_name_is_kept_as_it_is(namespace, name):
    namespace.make_goals(name)
    namespace.send(event("view"), event(name))
    assert goals(namespace) == {name}
    assert namespace.combinations(name) == {("view",): 1}
