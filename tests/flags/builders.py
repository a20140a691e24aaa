"""Objects as clients encode them, and rules of no form with the reasons."""

import base64
import json


def encoded(value):
    """Returns a value as clients put it into a query: JSON in Base64."""
    return base64.b64encode(json.dumps(value).encode()).decode()


def enum(sent):
    return [["invalid_enum", sent, [form]] for form in ("in", "in", "=", "=")]


def missing(key):
    return ["missing_required_key", key]


BAD = [
    (5, [["incorrect_type", 5, "object"]] * 4),
    ({"property": "a", "comparator": "<", "value": 1}, enum("<")),
    (
        {"property": "a", "comparator": "=", "value": 1.5},
        [*enum("=")[:2], *(["incorrect_type", 1.5, k] for k in ("integer", "string"))],
    ),
    (
        {"property": "a", "comparator": "=", "value": True},
        [*enum("=")[:2], *(["incorrect_type", True, k] for k in ("integer", "string"))],
    ),
    (
        {"property": "a", "comparator": "in", "value": [1, "b"]},
        [
            ["incorrect_type", 1, "string"],
            ["incorrect_type", "b", "integer"],
            *enum("in")[2:],
        ],
    ),
    (
        {"property": "a", "comparator": "in", "value": "b"},
        [["incorrect_type", "b", "array"]] * 2 + enum("in")[2:],
    ),
    (
        {"property": 5, "comparator": "=", "value": "b"},
        [*enum("=")[:2], *[["incorrect_type", 5, "string"]] * 2],
    ),
    (
        {"comparator": "=", "value": "b"},
        [*enum("=")[:2], ["incorrect_type", "b", "integer"], missing("property")],
    ),
    ({"comparator": 5}, [["incorrect_type", 5, "string"]] * 4),
    ({}, [missing("property")] * 4),
    ({"property": "a"}, [missing("comparator")] * 4),
    (
        {"property": "a", "comparator": "in"},
        [*[missing("value")] * 2, *enum("in")[2:]],
    ),
]
