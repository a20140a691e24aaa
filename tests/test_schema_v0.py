"""Answers of `/v0` that hold something are as the published description says.

Beside `test_schema`, whose namespaces have no goals yet.
"""

from datetime import UTC, datetime
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from api.documentation import description
from pipeline import drain

pytestmark = pytest.mark.django_db
EVENTS = [
    {"event_name": "view", "user_id": "ann"},
    {"event_name": "view", "user_id": "bob"},
    {"event_name": "buy", "user_id": "ann", "value": 2.5, "ensure_goal": True},
    {"event_name": "buy", "user_id": "eve", "ensure_goal": True},
]
FLAG = {"name": "new", "boolean": True, "rollout_end": "2030-01-01T00:00:00Z"}
READS: dict[str, list[dict[str, Any]]] = {
    "/v0/analytics": [{}, {"granularity": "1d"}, {"goal": "buy"}],
    "/v0/goals": [{}],
    "/v0/namespaces": [{}],
    "/v0/predictions": [{}, {"event": ["view"]}, {"event": "buy"}, {"user_id": "bob"}],
    "/v0/nudges": [{"user_id": "bob", "goal": "buy"}],
    "/v0/features": [{}],
    "/v0/featureSpecs": [{}],
}
STORY = "/analytics/goals/{goal}/"
WRONG = {
    ("get", "/v0/predictions"): {"user_id": "bob", "event": "view"},
    ("get", "/v0/nudges"): {"user_id": "bob"},
    ("post", "/v0/goals"): {"goal_name": 5},
    ("post", "/v0/featureSpecs"): {"name": "new", "user": [{"key": 5}]},
    ("post", "/v0/analytics"): {"events": [EVENTS[0], {"event_name": "view"}]},
}


@pytest.fixture
def reader(manager):
    """A manager's client, of a namespace with goals, paths and a flag."""
    sent = manager.post("/v0/analytics", {"events": EVENTS}, format="json")
    flag = manager.post("/v0/featureSpecs", FLAG, format="json")
    assert (sent.status_code, flag.status_code) == (204, 204)
    drain.drain_all(at=datetime.now(UTC))
    return manager


def problems(path: str, method: str, status: str, answer: Any) -> list[str]:
    """Returns where an answer is not as described."""
    responses = description()["paths"][path][method]["responses"]
    schema = responses[status]["content"]["application/json"]["schema"]
    document = {"components": description()["components"], **schema}
    validator = Draft202012Validator(document)
    return [error.message for error in validator.iter_errors(answer)]


@pytest.mark.parametrize(
    ("path", "query"), [(path, query) for path in READS for query in READS[path]]
)
def test_an_answer_with_numbers_in_it_is_as_described(reader, path, query):
    answer = reader.get(path, query)
    assert answer.status_code == 200
    assert problems(path, "get", "200", answer.json()) == []


def test_the_story_of_a_goal_is_as_described(reader):
    answer = reader.get("/analytics/goals/buy/")
    assert answer.json()["events"]
    assert problems(STORY, "get", "200", answer.json()) == []


@pytest.mark.parametrize(("request_", "sent"), WRONG.items())
def test_a_refusal_is_as_described(reader, request_, sent):
    method, path = request_
    options = {"format": "json"} if method == "post" else {}
    answer = getattr(reader, method)(path, sent, **options)
    assert answer.status_code == 400
    assert problems(path, method, "4XX", answer.json()) == []


def test_who_has_no_token_is_told_as_described(client):
    answer = client.get("/v0/goals")
    assert problems("/v0/goals", "get", "401", answer.json()) == []


def test_what_is_not_as_described_would_be_noticed():
    assert problems("/v0/goals", "get", "200", {"goals": [1]})
    assert problems("/v0/goals", "get", "200", {})
