"""A refusal is small and says which event is wrong."""

import orjson
import pytest

pytestmark = pytest.mark.django_db
URL = "/v0/analytics"
ONE = {"event_name": "view", "user_id": "ann"}
GOOD = [{"event_name": "view", "user_id": f"user {n}"} for n in range(500)]
RULE = {"property": "country", "comparator": "=", "value": "de"}
LONG = "x" * 100_000


@pytest.fixture
def refused(root):
    """Returns the error of a body, and holds it to its size."""

    def post(body, path=URL):
        answer = root.post(path, orjson.dumps(body), content_type="application/json")
        assert answer.status_code == 400
        assert len(answer.content) <= 4096
        return answer.json()["error"]

    return post


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({**ONE, "user_id": 317}, "user_id"),
        ({**ONE, "user_id": LONG}, "user_id"),
        ({**ONE, "event_name": {"deep": [LONG] * 9}}, "event_name"),
        ({**ONE, "datetime": LONG}, "datetime"),
        ({**ONE, "value": LONG}, "value"),
        ({**ONE, "currency": LONG}, "currency"),
        ({**ONE, "valeu": LONG}, "valeu"),
        ({**dict.fromkeys([LONG, "\x1f" * 1_000, "user"], LONG)}, "event_name"),
    ],
)
@pytest.mark.parametrize("form", [list, lambda events: {"events": events}])
def test_of_500_events_the_one_that_is_wrong_is_named(refused, bad, field, form):
    error = refused(form([*GOOD[:317], bad, *GOOD[318:]]))
    assert (error["index"], error["field"]) == (317, field)
    assert error["expected"]


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("/v0/goals", {"goal_name": [LONG]}, {"field": "goal_name"}),
        ("/v0/goals", {"goal_name": LONG}, {"field": "goal_name"}),
        ("/v0/goals", {"goal_name": "a", f"namespac{'e' * 2}": LONG}, {}),
        ("/v0/goals", {LONG: 1, "goal_name": 5}, {"field": "goal_name"}),
        ("/v0/featureSpecs", {"name": "a", "user": LONG}, {"field": "user"}),
        (
            "/v0/featureSpecs",
            {"name": "a", "user": [RULE, {**RULE, "value": [LONG]}]},
            {"field": "user", "index": 1},
        ),
        ("/v0/featureSpecs", {"name": "a", "user": [5] * 10**6}, {"field": "user"}),
        (
            "/v0/featureSpecs",
            {"name": "a", "user": [{**RULE, "comparator": "in", "value": [1] * 10**6}]},
            {"field": "user"},
        ),
    ],
)
def test_goals_and_flags_name_the_field(refused, path, body, told):
    assert told.items() <= refused(body, path).items()


EVENTS = [
    {"event_name": "view", "user_id": f"user {n}", "item_id": f"item {n}", "value": n}
    for n in range(20_000)
]


@pytest.mark.parametrize(
    "bad",
    [
        [*EVENTS, {**ONE, "user_id": 5}],
        {"events": [*EVENTS, {**ONE, "value": "5"}]},
        [*({**each, "colour": 1} for each in EVENTS), {}],
        [{}] * 600_000,
        {**ONE, "events": [[]] * 600_000},
        {str(n): 1 for n in range(300_000)},
        {**ONE, **{f"event_i{n}": 1 for n in range(200_000)}},
        [{**ONE, f"field {n}": 1} for n in range(60_000)],
    ],
    ids=["type", "value", "last", "empty", "lists", "fields", "alike", "different"],
)
def test_a_large_body_that_is_wrong_is_refused_in_few_words(refused, bad):
    assert refused(bad)["what"]
