"""A user rule: what it must look like, what is wrong with it, and whom it fits.

{"property": "country", "comparator": "=", "value": "de"}
{"property": "id", "comparator": "in", "value": [1, 2]}
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from api import schema_errors

Rule = Mapping[str, Any]

REQUIRED = ["property", "comparator", "value"]
FORMS = [("=", "string"), ("=", "integer"), ("in", "integer"), ("in", "string")]
WANTED = {
    "=": "value must be text or a whole number",
    "in": "value must be a list, all texts or all whole numbers",
}
RULE_LIMIT, VALUE_LIMIT = 100, 1_000


def misses(rule: object) -> list[schema_errors.Why] | None:
    """Returns how a rule misses each of FORMS, the last one first; None if it is one.

    As the published API lists them in `why`.
    """
    failures = [failure(rule, *form) for form in reversed(FORMS)]
    return None if None in failures else [why for why in failures if why]


def failure(rule: object, comparator: str, kind: str) -> schema_errors.Why | None:
    """Returns the first thing that keeps a rule from being of this form."""
    sent = rule.get("comparator") if isinstance(rule, dict) else None
    if isinstance(sent, str) and sent != comparator:
        return ["invalid_enum", sent, [comparator]]
    outer = "array" if comparator == "in" else kind
    kinds = {"comparator": "string", "property": "string", "value": outer}
    if found := schema_errors.failure(rule, properties=kinds, required=()):
        return found.why
    if why := items_failure(rule, kind=kind):
        return why
    found = schema_errors.failure(rule, properties={}, required=REQUIRED)
    return found.why if found else None


def items_failure(rule: Any, *, kind: str) -> schema_errors.Why | None:
    """Returns the first item of a list of values that is of another kind."""
    failures = (schema_errors.type_failure(item, kind=kind) for item in listed(rule))
    return next((why for why in failures if why), None)


def listed(rule: Rule) -> list[Any]:
    value = rule.get("value")
    return value if isinstance(value, list) else []


def advice(rule: Any) -> str | None:
    """Returns what to write instead, for people; None where `misses` has nothing."""
    if not isinstance(rule, dict):
        return "write an object with property, comparator and value"
    missing = [key for key in REQUIRED if key not in rule]
    if missing:
        return f"{missing[0]} is missing"
    if not isinstance(rule["property"], str):
        return "property must be text"
    if rule["comparator"] not in ("=", "in"):
        return 'comparator must be "=" or "in"'
    if misses(rule):
        return WANTED[rule["comparator"]]
    return None


def excess(rules: Sequence[Rule]) -> str | None:
    """Returns what exceeds our own limits in rules of the right form, for people."""
    if problem := oversize(rules):
        return problem
    excesses = (
        (number, rule_excess(rule)) for number, rule in enumerate(rules, start=1)
    )
    return next(
        (f"rule {number}: {problem}" for number, problem in excesses if problem), None
    )


def oversize(rules: Sequence[Any]) -> str | None:
    """Returns of what there is too much, before any of it is looked at, for people."""
    if len(rules) > RULE_LIMIT:
        return f"there are {len(rules):,} rules, and at most {RULE_LIMIT} are possible"
    for number, rule in enumerate(rules, start=1):
        values = len(listed(rule)) if isinstance(rule, dict) else 0
        if values > VALUE_LIMIT:
            most = f"at most {VALUE_LIMIT:,} are possible"
            return f"rule {number}: value holds {values:,} values, {most}"
    return None


def rule_excess(rule: Rule) -> str | None:
    if not schema_errors.is_text(rule["property"]):
        return f"property must be {schema_errors.TEXT_EXPECTED}"
    values = listed(rule) or [rule["value"]]
    texts = [value for value in values if isinstance(value, str) and value]
    if not all(map(schema_errors.is_text, texts)):
        return (
            "a value must be at most 200 characters, none of them a control character"
        )
    return None


def known(rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """Returns rules without the keys that mean nothing to us."""
    return [{key: rule[key] for key in REQUIRED} for rule in rules]


def fits(rule: Rule, *, user: Mapping[str, Any]) -> bool:
    """Says whether a user has the property with the value, or one of the values.

    "42" is not 42; "=" takes 42.0 for 42, "in" does not; true is no number. A stored
    rule that cannot be read (any more) fits nobody.
    """
    match rule:
        case {"property": str(name), "comparator": "=", "value": wanted}:
            value = user.get(name)
            return bool(name in user and value == wanted and type(value) is not bool)
        case {"property": str(name), "comparator": "in", "value": list(listed)}:
            value = user.get(name)
            return name in user and any(
                type(value) is type(item) and value == item for item in listed
            )
    return False


def fit(rule: Rule, *, user: Mapping[str, Any]) -> str:
    """Returns why a rule fits this user, for people."""
    value = json.dumps(user[rule["property"]], ensure_ascii=False)
    among = f", one of {len(listed(rule)):,}" if rule["comparator"] == "in" else ""
    return f"{rule['property']} = {value}{among}"
