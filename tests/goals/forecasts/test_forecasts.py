"""`/v0/predictions` and `/v0/nudges`: what the counts of a shop say of its users."""

import pytest

from events import keys
from goals import services
from pipeline import drain
from tests.events.builders import NOON, arrival, record

pytestmark = pytest.mark.django_db
PREDICTIONS, NUDGES = "/v0/predictions", "/v0/nudges"
# 10 users searched and 4 of them bought, 5 browsed and 4 of them bought; ann did both.
PATHS = [
    *[["search", "browse", "buy"]] * 3,
    ["search", "buy"],
    ["browse", "buy"],
    *[["search"]] * 5,
    ["search", "browse"],
    *[["visit"]] * 4,
]


def key_of(settings, user_id, namespace):
    key = keys.namespace_key(settings.USER_KEY_SECRET, namespace)
    return keys.user_key(user_id, key=key)


@pytest.fixture
def _shop(shop, settings):
    """A shop whose user number 10 is ann."""
    services.create_goal(namespace_id=shop.pk, name="buy", at=NOON)
    sent = [
        arrival(
            shop.pk,
            name,
            key_of(settings, "ann", "shop") if number == 10 else number * keys.SHARDS,
        )
        for number, path in enumerate(PATHS)
        for name in path
    ]
    record(sent)
    drain.drain_all(at=NOON)


def ask(client, url=PREDICTIONS, *, status=200, **query):
    answer = client.get(url, query)
    assert answer.status_code == status, answer.json()
    return answer.json()


@pytest.mark.usefixtures("_shop")
def test_each_event_before_a_goal_has_its_share_users_and_interval(backend):
    told = ask(backend)["goals"]["buy"]["events"]
    assert told.keys() == {"search", "browse"}
    assert (told["search"]["bayes"], told["search"]["users"]) == (4 / 10, 10)
    assert (told["browse"]["bayes"], told["browse"]["users"]) == (4 / 5, 5)
    for one in told.values():
        assert 0 < one["lower"] < one["bayes"] < one["upper"] < 1


@pytest.mark.usefixtures("_shop")
def test_several_events_have_the_original_s_score_and_ours(backend):
    told = ask(backend, event=["search", "browse"])["goals"]["buy"]
    yes, no = 4 / 5 * 4 / 5, 6 / 5 * 1 / 5
    assert (told["yes"], told["no"]) == (pytest.approx(yes), pytest.approx(no))
    assert told["likelihood"] == pytest.approx(yes / no)
    assert told["users"] == 5
    assert 0 < told["lower"] < told["probability"] < told["upper"] < 1


@pytest.mark.usefixtures("_shop")
def test_an_event_named_twice_counts_once(backend):
    assert ask(backend, event=["search"] * 3) == ask(backend, event="search")


@pytest.mark.usefixtures("_shop")
def test_a_user_is_predicted_by_what_they_did(backend):
    by_events = ask(backend, event=["search", "browse"])
    assert ask(backend, user_id="ann") == by_events


@pytest.mark.usefixtures("_shop")
def test_a_prediction_costs_the_same_queries(backend, django_assert_num_queries):
    # Token, namespace, goals, the event, single events, counters, names.
    with django_assert_num_queries(7):
        ask(backend, event="search")
    with django_assert_num_queries(10):  # and names, states and pages of one shard
        ask(backend, user_id="ann")


@pytest.mark.usefixtures("_shop")
def test_one_user_is_no_certainty(backend, shop):
    record([arrival(shop.pk, name, 999) for name in ("unboxing", "buy")])
    drain.drain_all(at=NOON)
    one = ask(backend)["goals"]["buy"]["events"]["unboxing"]
    assert (one["bayes"], one["users"], one["upper"]) == (1, 1, 1)
    assert one["lower"] < 0.25
    score = ask(backend, event="unboxing")["goals"]["buy"]
    assert score["users"] == 1
    assert score["upper"] - score["lower"] > 0.5


@pytest.mark.usefixtures("_shop")
def test_nudges_are_what_the_user_has_not_done_the_most_promising_first(backend):
    found = ask(backend, NUDGES, user_id="nobody", goal="buy")
    assert (found["user_id"], found["goal"]) == ("nobody", "buy")
    told = [(one["event_name"], one["prediction"]) for one in found["nudges"]]
    assert told == [("browse", 4 / 5), ("search", 4 / 10)]
    assert ask(backend, NUDGES, user_id="ann", goal="buy")["nudges"] == []


@pytest.mark.usefixtures("_shop")
def test_nudges_carry_their_evidence(backend):
    [first, _] = ask(backend, NUDGES, user_id="nobody", goal="buy")["nudges"]
    assert first["users"] == 5
    assert first["lower"] < first["prediction"] < first["upper"]


@pytest.mark.parametrize("user_id", ["x" * 201, "a\nb", ""])
@pytest.mark.parametrize("url", [PREDICTIONS, NUDGES])
def test_an_id_that_cannot_be_is_a_400_that_names_it(backend, url, user_id):
    error = ask(backend, url, status=400, user_id=user_id, goal="buy")["error"]
    assert "user_id" in (error.get("field"), error.get("key"))


def test_before_any_drain_nothing_is_known(backend, shop):
    assert ask(backend) == {"goals": {}}
    assert ask(backend, event="search") == {"goals": {}}
    error = ask(backend, status=404, user_id="ann")["error"]
    assert error == {"what": "No events found for user", "user": "ann"}


def test_a_goal_without_an_event_before_it_is_not_predicted(backend, shop):
    services.create_goal(namespace_id=shop.pk, name="buy", at=NOON)
    record([arrival(shop.pk, "buy", 1), arrival(shop.pk, "search", 1)])
    drain.drain_all(at=NOON)
    assert ask(backend) == {"goals": {}}
    assert ask(backend, event="search") == {"goals": {}}


def test_an_unknown_namespace_is_an_empty_answer(root):
    assert ask(root, namespace="nowhere") == {"goals": {}}
    assert ask(root, namespace="nowhere", user_id="ann") == {"goals": {}}
    told = ask(root, NUDGES, namespace="nowhere", user_id="ann", goal="buy")
    assert told["nudges"] == []
