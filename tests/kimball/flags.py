"""Flags over HTTP: what the tests of both of their endpoints need."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.kimball.product import Json, Namespace, by

FEATURES, SPECS = "/v0/features", "/v0/featureSpecs"


def base64_of(value: Any) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def ask(namespace: Namespace, **objects: Any) -> httpx.Response:
    """Asks for all flags; `user_obj` and `context_obj` travel as they should."""
    encoded = {name: base64_of(value) for name, value in objects.items()}
    return namespace.get(FEATURES, **encoded)


def features(namespace: Namespace, **objects: Any) -> dict[str, bool]:
    answer = ask(namespace, **objects)
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() == {"features"}
    return dict(answer.json()["features"])


def make(namespace: Namespace, name: str, **spec: Any) -> None:
    answer = namespace.post(SPECS, {"name": name, **spec})
    assert (answer.status_code, answer.content) == (204, b""), answer.text


def specs(namespace: Namespace) -> dict[str, Json]:
    answer = namespace.get(SPECS)
    assert answer.status_code == 200
    return by(answer.json()["featureSpecs"], "name")


def rule(property: Any, comparator: str, value: Any) -> Json:
    return {"property": property, "comparator": comparator, "value": value}


def around_now(*, before: timedelta, after: timedelta) -> dict[str, str]:
    """Returns a rollout that began some time ago and has some time to go."""
    now = datetime.now(UTC)
    start, end = (now - before).isoformat(), (now + after).isoformat()
    return {"rollout_start": start, "rollout_end": end}
