"""`GET /v0/nudges`: what to lead a user to, on the way to a goal."""

import pytest

from tests.kimball import paths
from tests.published import original

URL = "/v0/nudges"


def nudges(namespace, user_id, goal="buy"):
    """Returns event name → prediction, in the order told."""
    answer = namespace.get(URL, user_id=user_id, goal=goal)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body.keys() == {"user_id", "goal", "nudges"}
    assert (body["user_id"], body["goal"]) == (user_id, goal)
    return [(one["event_name"], one["prediction"]) for one in body["nudges"]]


def near(*names):
    return {name: pytest.approx(paths.BAYES[name]) for name in names}


@pytest.mark.parametrize(
    ("user", "missing"),
    [
        ("nobody", ["help", "login", "search"]),
        ("cyd", ["help", "login"]),
        ("eve", ["help", "search"]),
        ("dan", ["help", "login", "search"]),
        ("bob", ["help"]),
        ("ann", []),
    ],
)
def test_events_that_the_user_has_not_done_come_by_their_share(known, user, missing):
    found = nudges(known, user)
    assert dict(found) == near(*missing)
    assert len(found) == len(missing)
    shares = [share for _, share in found]
    assert shares == sorted(shares, reverse=True)


@pytest.mark.parametrize("goal", ["nothing", "search", "dream"])
def test_what_is_no_goal_with_paths_has_no_nudges(known, goal):
    assert nudges(known, "cyd", goal) == []


def test_an_unknown_namespace_has_no_nudges(namespace):
    assert nudges(namespace, "cyd") == []


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ({"goal": "buy"}, {"user_id"}),
        ({"user_id": "cyd"}, {"goal"}),
        ({}, {"goal", "user_id"}),
    ],
)
def test_what_is_missing_is_named(known, query, keys):
    answer = known.get(URL, **query)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert original(error).keys() == {"what", "key"}
    assert error["what"] == "Missing required element"
    assert error["key"] in keys


@pytest.mark.parametrize("name", ["user_id", "goal"])
def test_an_empty_value_is_refused(known, name):
    query = {"user_id": "cyd", "goal": "buy", name: ""}
    assert known.get(URL, **query).status_code == 400
