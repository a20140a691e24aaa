"""`GET /v0/features`: which flags are on for a user, and when asking is an event."""

import base64
import json
from datetime import timedelta

import pytest

from tests.kimball.flags import (
    FEATURES,
    around_now,
    ask,
    base64_of,
    features,
    make,
    rule,
)
from tests.kimball.product import event, users

HOUR = timedelta(hours=1)
OBJECTS = ["user_obj", "context_obj"]


def on_for(namespace, name, people):
    """Returns the people for whom a flag is on."""
    return {
        user for user in people if features(namespace, user_obj={"user_id": user})[name]
    }


def test_a_flag_is_off_unless_it_says_otherwise(namespace):
    make(namespace, "off")
    make(namespace, "also off", boolean=False)
    make(namespace, "on", boolean=True)
    expected = {"off": False, "also off": False, "on": True}
    assert features(namespace) == expected
    assert features(namespace, user_obj={}, context_obj={}) == expected


def test_flags_belong_to_their_namespace(namespace, other):
    make(namespace, "dark", boolean=True)
    make(other, "light")
    assert features(namespace) == {"dark": True}
    assert features(other) == {"light": False}


@pytest.mark.parametrize(
    ("rules", "user", "expected"),
    [
        ([rule("plan", "=", "pro")], {"plan": "pro"}, True),
        ([rule("plan", "=", "pro")], {"plan": "Pro"}, False),
        ([rule("plan", "=", "pro")], {"colour": "pro"}, False),
        ([rule("plan", "=", "pro")], {}, False),
        ([rule("plan", "=", "pro")], {"deep": {"plan": "pro"}}, False),
        ([rule("age", "=", 42)], {"age": 42}, True),
        ([rule("age", "=", 42)], {"age": 42.0}, True),
        ([rule("age", "=", 42)], {"age": "42"}, False),
        ([rule("age", "=", "42")], {"age": 42}, False),
        ([rule("age", "=", 1)], {"age": True}, False),
        ([rule("age", "=", 42)], {"age": None}, False),
        ([rule("age", "=", 42)], {"age": [42]}, False),
        ([rule("plan", "in", ["a", "b"])], {"plan": "b"}, True),
        ([rule("plan", "in", ["a", "b"])], {"plan": "c"}, False),
        ([rule("age", "in", [1, 2])], {"age": 2}, True),
        ([rule("age", "in", [1, 2])], {"age": "2"}, False),
        ([rule("age", "in", ["1", "2"])], {"age": 2}, False),
        ([rule("age", "in", [])], {"age": 2}, False),
        ([rule("age", "in", [1, 2])], {}, False),
        # A list of rules is an "or".
        ([rule("age", "=", 1), rule("plan", "=", "pro")], {"plan": "pro"}, True),
        ([rule("age", "=", 1), rule("plan", "=", "pro")], {"age": 1}, True),
        ([rule("age", "=", 1), rule("plan", "=", "pro")], {"age": 2}, False),
    ],
)
def test_a_rule_looks_at_the_users_properties(namespace, rules, user, expected):
    make(namespace, "dark", user=rules)
    assert features(namespace, user_obj=user) == {"dark": expected}


def test_any_condition_that_holds_turns_a_flag_on(namespace):
    make(namespace, "always", boolean=True, user=[rule("plan", "=", "pro")])
    over = around_now(before=2 * HOUR, after=-HOUR)
    make(namespace, "over", user=[rule("plan", "=", "pro")], **over)
    ahead = around_now(before=-HOUR, after=2 * HOUR)
    make(namespace, "ahead", user=[rule("plan", "=", "pro")], **ahead)
    nobody = {"always": True, "over": True, "ahead": False}
    assert features(namespace, user_obj={"user_id": "ann"}) == nobody
    pro = features(namespace, user_obj={"user_id": "ann", "plan": "pro"})
    assert pro == {"always": True, "over": True, "ahead": True}


def test_a_rollout_is_off_before_its_start_and_on_after_its_end(namespace):
    make(namespace, "ahead", **around_now(before=-HOUR, after=2 * HOUR))
    make(namespace, "over", **around_now(before=2 * HOUR, after=-HOUR))
    assert features(namespace) == {"ahead": False, "over": True}
    assert on_for(namespace, "ahead", users(5)) == set()
    assert on_for(namespace, "over", users(5)) == set(users(5))


def test_a_rollout_reaches_some_users_keeps_them_and_grows(namespace):
    everybody = users(60)
    make(namespace, "dark", **around_now(before=HOUR, after=3 * HOUR))
    quarter = on_for(namespace, "dark", everybody)
    assert 0 < len(quarter) < 40
    assert on_for(namespace, "dark", quarter) == quarter
    make(namespace, "dark", **around_now(before=3 * HOUR, after=HOUR))
    three_quarters = on_for(namespace, "dark", everybody)
    assert quarter < three_quarters < set(everybody)


def test_rollouts_of_two_flags_reach_different_users(namespace):
    halfway = around_now(before=HOUR, after=HOUR)
    make(namespace, "dark", **halfway)
    make(namespace, "light", **halfway)
    answers = [features(namespace, user_obj={"user_id": user}) for user in users(30)]
    assert any(one["dark"] != one["light"] for one in answers)


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("raw", ["%", "a", "e30=e30=!"])
def test_what_is_no_base64_is_shown(root, name, raw):
    answer = root.get(FEATURES, params={name: raw})
    assert answer.status_code == 400
    what = "The object cannot be base64 decoded"
    assert answer.json() == {"error": {"what": what, "object": raw}}


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("text", ["{", "nothing", "{'a': 1}", "\x00"])
def test_what_is_no_json_is_told_by_its_name(root, name, text):
    encoded = base64.b64encode(text.encode()).decode()
    answer = root.get(FEATURES, params={name: encoded})
    assert answer.status_code == 400
    what = "The object is not valid JSON"
    assert answer.json() == {"error": {"what": what, "object": name}}


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("value", [[], "text", 5, None])
def test_what_is_no_object_is_refused(root, name, value):
    answer = root.get(FEATURES, params={name: base64_of(value)})
    assert answer.status_code == 400
    assert answer.json()["error"]["what"]


def test_the_alphabet_of_base64_is_the_standard_one(namespace):
    user = {"plan": "¿>?ÿ~~"}
    encoded = base64.b64encode(json.dumps(user, ensure_ascii=False).encode()).decode()
    assert set("+/") & set(encoded)
    make(namespace, "dark", user=[rule("plan", "=", user["plan"])])
    answer = namespace.get(FEATURES, user_obj=encoded)
    assert answer.json() == {"features": {"dark": True}}


def test_asking_with_a_user_and_a_feature_is_an_event(namespace):
    objects = {"user_obj": {"user_id": "ann"}, "context_obj": {"feature": "checkout"}}
    assert features(namespace, **objects) == {}
    features(namespace, **objects)
    namespace.product.settle()
    assert namespace.counts() == {"checkout": 1}
    assert namespace.rows()["checkout"]["value"] == {}
    assert namespace.get("/v0/goals").json() == {"goals": []}


def test_an_event_of_a_feature_precedes_a_goal(namespace):
    namespace.make_goals("buy")
    user, context = {"user_id": "ann"}, {"feature": "checkout"}
    features(namespace, user_obj=user, context_obj=context)
    namespace.send(event("buy"))
    assert namespace.combinations("buy") == {("checkout",): 1}


def test_a_number_as_user_id_is_the_same_user_as_its_text(namespace):
    namespace.make_goals("buy")
    for context in ("checkout", "buy"):
        for user_id in (42, "42"):
            user = {"user_id": user_id}
            features(namespace, user_obj=user, context_obj={"feature": context})
    namespace.send(event("checkout", "42"))
    assert namespace.counts() == {"checkout": 1, "buy": 1}
    assert namespace.combinations("buy") == {("checkout",): 1}


@pytest.mark.parametrize(
    "objects",
    [
        {},
        {"user_obj": {"user_id": "ann"}},
        {"context_obj": {"feature": "checkout"}},
        {"user_obj": {"id": "ann"}, "context_obj": {"feature": "checkout"}},
        {"user_obj": {"user_id": "ann"}, "context_obj": {"name": "checkout"}},
    ],
)
def test_without_both_the_flags_are_told_and_nothing_is_recorded(namespace, objects):
    make(namespace, "dark")
    answer = ask(namespace, **objects)
    assert (answer.status_code, answer.json()) == (200, {"features": {"dark": False}})
    namespace.product.settle()
    assert namespace.rows() == {}


@pytest.mark.parametrize(
    ("user_id", "feature"),
    [("", "checkout"), ("ann", ""), ("ann", 5), (["ann"], "checkout")],
)
def test_an_event_that_cannot_be_is_refused(namespace, user_id, feature):
    make(namespace, "dark")
    user, context = {"user_id": user_id}, {"feature": feature}
    answer = ask(namespace, user_obj=user, context_obj=context)
    assert answer.status_code == 400
    assert answer.json()["error"]["what"]
    namespace.product.settle()
    assert namespace.rows() == {}


def test_without_a_namespace_it_is_the_callers_own(shop, backend):
    make(shop, "of the shop", boolean=True)
    objects = {
        "user_obj": base64_of({"user_id": "ann"}),
        "context_obj": base64_of({"feature": "seen by the backend"}),
    }
    answer = backend.get(FEATURES, params=objects)
    assert answer.json()["features"]["of the shop"] is True
    shop.product.settle()
    assert shop.counts()["seen by the backend"] == 1
