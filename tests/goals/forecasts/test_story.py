"""`GET analytics/goals/<goal>/`: what came before a goal, and how much it tells."""

from urllib.parse import quote

import pytest

from events import keys
from goals import services
from goals.models import Counter
from pipeline import drain
from tests.events.builders import NOON, arrival, record

pytestmark = pytest.mark.django_db
URL = "/analytics/goals/buy/"
# user → what they did, in this order; "search" after "buy" does not count for it.
SHOP = {
    1: ["search", "buy"],
    2: ["search", "buy"],
    3: ["search", "browse", "buy"],
    4: ["buy"],
    5: ["search"],
    6: ["browse"],
    7: ["buy", "search"],
    8: ["visit"],
}


@pytest.fixture
def _bought(shop):
    services.create_goal(namespace_id=shop.pk, name="buy", at=NOON)
    happened(shop, SHOP)


def happened(shop, paths):
    """Lets users, of two of the sixteen shards, do events in this order."""
    record(
        arrival(shop.pk, name, user // 2 * keys.SHARDS + user % 2)
        for user, path in paths.items()
        for name in path
    )
    drain.drain_all(at=NOON)


def story(client, **query):
    answer = client.get(URL, query)
    assert answer.status_code == 200, answer.json()
    return answer.json()


@pytest.mark.usefixtures("_bought")
def test_a_goal_is_told_with_its_users_and_all_users(manager):
    told = story(manager)
    assert {key: told[key] for key in ("goal", "count", "lower", "upper")} == {
        "goal": "buy",
        "count": 5,
        "lower": 5,
        "upper": 5,
    }
    assert (told["users"], told["saturated"]) == (8, False)


@pytest.mark.usefixtures("_bought")
def test_an_event_is_told_with_its_share_and_its_conversion(manager):
    """Three of the five who searched had done it before they bought. Of the other
    three users two bought, one of whom may have searched after that, as far as the
    counts tell, and so may the other: of three to five without, two bought.
    """
    search, browse = story(manager)["events"]
    assert (search["name"], search["count"]) == ("search", 3)
    assert (search["lower"], search["upper"]) == (3, 3)
    assert search["share"]["value"] == 3 / 5
    assert (search["conversion"]["value"], search["conversion"]["users"]) == (3 / 5, 5)
    assert (search["rest"]["value"], search["rest"]["users"]) == (2 / 5, 5)
    assert search["difference"]["value"] == pytest.approx(3 / 5 - 2 / 5)
    assert search["difference"]["lower"] < 0 < search["difference"]["upper"]
    assert (browse["name"], browse["count"]) == ("browse", 1)
    assert browse["conversion"]["value"] == 1 / 2


@pytest.mark.usefixtures("_bought")
def test_combinations_are_told_with_their_shares(manager):
    assert story(manager)["combinations"] == [
        {"events": [], "count": 2, "share": 2 / 5},
        {"events": ["search"], "count": 2, "share": 2 / 5},
        {"events": ["browse", "search"], "count": 1, "share": 1 / 5},
    ]


@pytest.mark.parametrize(
    ("query", "selection"),
    [
        ({}, (0, 5, 0)),
        ({"include": ["search"]}, (3, 2, 0)),
        ({"exclude": ["search"]}, (0, 2, 3)),
        ({"include": ["search"], "exclude": ["browse"]}, (2, 2, 1)),
        ({"include": ["browse", "search"]}, (3, 2, 0)),
        ({"include": ["browse"], "exclude": ["browse"]}, (0, 4, 1)),
    ],
)
@pytest.mark.usefixtures("_bought")
def test_a_selection_is_summed_and_exclusion_wins(manager, query, selection):
    found = story(manager, **query)["selection"]
    parts = found["included"], found["ignored"], found["excluded"]
    assert (*parts, found["unknown"]) == (*selection, 0)


@pytest.mark.usefixtures("_bought")
def test_an_unknown_event_in_a_selection_is_warned_of(manager):
    told = story(manager, include=["sarch"], exclude=["search", "brwse"])
    assert told["warnings"] == ["unknown event: sarch", "unknown event: brwse"]
    assert "warnings" not in story(manager, include=["search"])


@pytest.mark.usefixtures("_bought")
def test_rare_combinations_are_unknown_to_a_selection(manager, settings):
    settings.MIN_COMBINATION_COUNT = 2
    told = story(manager, include=["search"])
    assert told["selection"] == {
        "included": 2,
        "ignored": 2,
        "excluded": 0,
        "unknown": 1,
    }
    assert told["combinations"][-1] == {
        "events": [],
        "count": 1,
        "share": 1 / 5,
        "overflow": True,
    }


@pytest.mark.usefixtures("_bought")
def test_users_the_filters_may_mistake_widen_the_bounds(manager, shop):
    """With the filter of an event overfull, some of its users may be phantoms."""
    full = Counter.objects.exclude(event_name_id=0).order_by("event_name_id")
    for counter in full:
        Counter.objects.filter(pk=counter.pk).update(
            bits_set=32_000_000, count=9_999_999
        )
    told = story(manager)
    assert told["saturated"]
    assert all(one["lower"] <= one["count"] for one in told["events"])


def test_a_goal_nobody_reached_is_told_empty(manager, shop):
    services.create_goal(namespace_id=shop.pk, name="buy", at=NOON)
    told = story(manager)
    assert (told["count"], told["users"]) == (0, 0)
    assert told["events"] == told["combinations"] == []
    assert set(told["selection"].values()) == {0}


@pytest.mark.parametrize("name", ["by/way/of", "später", "a b", "%", "..;"])
def test_any_name_can_be_a_goal_in_the_path(manager, shop, name):
    services.create_goal(namespace_id=shop.pk, name=name, at=NOON)
    told = manager.get(f"/analytics/goals/{quote(name)}/").json()
    assert told["goal"] == name


def test_what_is_no_goal_is_a_404(manager, shop):
    happened(shop, SHOP)
    answer = manager.get(URL)
    assert answer.status_code == 404
    assert answer.json()["error_data"] == {
        "type": "goal",
        "key": "buy",
        "name": "GOAL_NOT_FOUND",
    }


def test_an_unknown_namespace_is_a_404_for_root(root):
    answer = root.get(URL, {"namespace": "nowhere"})
    assert (answer.status_code, answer.json()["error_data"]["type"]) == (
        404,
        "namespace",
    )


@pytest.mark.usefixtures("_bought")
def test_a_story_costs_the_same_queries_whatever_it_tells(
    manager, shop, django_assert_num_queries
):
    for _ in range(2):
        # Token, namespace, goals, names, combinations, single events, counters.
        with django_assert_num_queries(7):
            story(manager, include=["search"])
        happened(shop, {user: [f"{user % 40}", "buy"] for user in range(100, 200)})
