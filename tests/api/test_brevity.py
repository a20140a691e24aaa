"""What is told of what was sent is short, and says how much is missing."""

import json
from decimal import Decimal

import pytest

from api.brevity import LIMIT, shortened, small

LETTERS = [each * 30 for each in "abcdefghijklmnopqrstuvwxyz"]


def nested(depth, width=2):
    value: list[object] = []
    for _ in range(depth):
        value = [value] * width
    return value


def deep(depth):
    value: object = 1
    for _ in range(depth):
        value = {"a": [value]}
    return value


@pytest.mark.parametrize(
    "value", ["a", 5, None, True, 1.5, [], {}, {"a": [1, {"b": "c"}]}, deep(4)]
)
def test_what_is_short_stays_as_it_is(value):
    assert shortened(value, limit=LIMIT) == value


def test_what_is_small_stays_whole_however_it_is_nested():
    body = {"events": [{"event_name": "view", "user_id": "ann", "value": 1.5}, {}]}
    value = [["missing_required_key", "user_id"], ["incorrect_type", [body], "array"]]
    assert shortened(value, limit=LIMIT) == value


@pytest.mark.parametrize(
    ("value", "short"),
    [
        ("x" * 1_000, "x" * 300 + "… (1,000 characters)"),
        (list(range(1_000)), [*range(20), "… 980 more"]),
        (dict.fromkeys(LETTERS), {**dict.fromkeys(LETTERS[:20]), "…": "6 more"}),
        (2**1_000, "an integer of 1,001 bits"),
        (Decimal("1.50"), "1.50"),
    ],
)
def test_what_is_long_says_how_much_is_missing(value, short):
    assert shortened(value, limit=LIMIT) == short


LARGE = {
    "texts": ["ä" * 10_000] * 10_000,
    "objects": [{f"key {n}": "x" * 1_000 for n in range(1_000)}] * 1_000,
    "keys": {"k" * n: {"l" * n: ["m" * n]} for n in range(1, 2_000)},
    "binary": nested(100),
    "wide and deep": nested(12, width=30),
    "deep": deep(100_000),
}


@pytest.mark.parametrize("name", LARGE)
def test_whatever_it_is_it_fits(name):
    assert len(json.dumps(shortened(LARGE[name], limit=LIMIT))) <= LIMIT
    answer = small(
        {"what": "x" * 10**6, "object": LARGE[name], "why": [LARGE[name]] * 9}
    )
    assert answer.keys() == {"what", "object", "why"}
    assert len(json.dumps(answer)) <= LIMIT
