"""JSON out: what an error quotes is quoted, however odd it is."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from api.renderers import JSONRenderer


def render(data):
    return json.loads(JSONRenderer().render(data))


@pytest.mark.parametrize(
    "data", [{}, [], "caf\xe9", 1.5, 2**200, {"a": [2**64, -(2**64)]}]
)
def test_what_is_written_is_read_back(data):
    assert render(data) == data


def test_deep_data_is_written():
    data: list[object] = []
    for _ in range(500):
        data = [data]
    assert render(data) == data


def test_nothing_is_written_for_nothing():
    assert JSONRenderer().render(None) == b""


def test_nan_is_null():
    assert render([float("nan"), float("inf")]) == [None, None]


def test_decimals_and_datetimes_are_text():
    at = datetime(2026, 3, 4, tzinfo=UTC)
    assert render([Decimal("1.50"), at]) == ["1.50", at.isoformat()]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", ["9" * 40, "[" * 300 + "]" * 300, "[" * 600 + "]" * 600, "1e400"]
)
def test_a_refusal_that_quotes_the_body_is_a_400(root, name):
    body = f'{{"event_name": {name}, "user_id": "u"}}'
    response = root.post("/v0/analytics", body, content_type="application/json")
    assert response.status_code == 400
    assert "what" in response.json()["error"]
