"""`GET /v0/analytics`: what is counted, and by which events a user came to a goal."""

from datetime import UTC, datetime, timedelta
from itertools import chain, combinations

import pytest

from tests.kimball.product import event, users


def journey(user, *names):
    return [event(name, user) for name in names]


def test_a_user_counts_once_a_name_at_the_first_time(namespace):
    namespace.send(*journey("ann", "view", "view"), event("view", "bob"))
    namespace.send(*journey("ann", "view", "click"), *journey("cyd", "click"))
    assert namespace.counts() == {"view": 2, "click": 2}
    assert namespace.rows()["global_counter"]["count"] == 3


def test_users_of_every_shard_add_up(namespace):
    namespace.make_goals("buy")
    sent = [journey(user, "view", "buy") for user in users(200)]
    namespace.send(*chain(*sent))
    assert namespace.counts() == {"view": 200, "buy": 200}
    assert namespace.combinations("buy") == {("view",): 200}


def test_the_same_user_in_another_namespace_is_another_user(namespace, other):
    namespace.make_goals("buy")
    other.make_goals("buy")
    namespace.send(*journey("ann", "view"))
    other.send(*journey("ann", "click", "buy"))
    namespace.send(*journey("ann", "buy"))
    assert namespace.combinations("buy") == {("view",): 1}
    assert other.combinations("buy") == {("click",): 1}
    assert "click" not in namespace.counts()


def test_what_is_no_goal_has_one_combination_without_events(namespace):
    namespace.send(*journey("ann", "view", "click"), *journey("bob", "click"))
    for name in ("view", "click", "global_counter"):
        assert namespace.combinations(name) == {(): namespace.rows()[name]["count"]}
        assert namespace.singles(name) == {}


def test_a_goal_notes_which_events_came_before_sorted_by_their_bytes(namespace):
    namespace.make_goals("buy")
    before = ["b", "B", "a", "é", "Z", "a b", "a-", "日本", "😀", "zz"]
    for (
        name
    ) in before:  # in requests of their own, so that they get known in this order
        namespace.post_events(event(name))
    namespace.send(event("buy"))
    namespace.send(*journey("bob", *reversed(before), "buy"))
    expected = tuple(sorted(before, key=str.encode))
    assert namespace.combinations("buy") == {expected: 2}
    assert namespace.singles("buy") == dict.fromkeys(before, 2)


def test_a_goal_reached_without_any_event_is_the_empty_combination(namespace):
    namespace.make_goals("buy")
    namespace.send(event("buy"))
    assert namespace.combinations("buy") == {(): 1}
    assert namespace.singles("buy") == {}


def test_a_goal_is_not_in_its_own_list_but_other_goals_are(namespace):
    namespace.make_goals("buy", "join")
    namespace.send(*journey("ann", "join", "view", "buy", "buy", "join"))
    assert namespace.combinations("join") == {(): 1}
    assert namespace.combinations("buy") == {("join", "view"): 1}


def test_what_follows_the_first_completion_changes_nothing(namespace):
    namespace.make_goals("buy")
    namespace.send(*journey("ann", "view", "buy", "click", "buy"))
    before = namespace.rows()["buy"]
    namespace.send(*journey("ann", "search", "buy"))
    assert namespace.rows()["buy"] == before
    assert namespace.combinations("buy") == {("view",): 1}


def test_events_before_the_goal_was_made_count_as_preceding(namespace):
    namespace.send(*journey("ann", "view"))
    namespace.make_goals("buy")
    namespace.send(*journey("ann", "buy"))
    assert namespace.combinations("buy") == {("view",): 1}


def test_users_who_did_the_event_before_it_was_a_goal_stay_without_events(namespace):
    namespace.send(*journey("ann", "view", "buy"), *journey("bob", "view"))
    namespace.make_goals("buy")
    namespace.send(*journey("ann", "click", "buy"), *journey("bob", "buy"))
    assert namespace.combinations("buy") == {(): 1, ("view",): 1}
    assert namespace.singles("buy") == {"view": 1}


def test_a_goal_without_any_event_has_no_counter(namespace):
    namespace.make_goals("buy")
    namespace.send(event("view"))
    assert namespace.counts() == {"view": 1}


def test_combinations_and_singles_add_up_over_requests(namespace):
    namespace.make_goals("buy")
    namespace.post_events(*journey("ann", "view"), *journey("bob", "click"))
    namespace.post_events(*journey("ann", "buy"), *journey("bob", "view", "buy"))
    namespace.send(*journey("cyd", "click", "view", "buy"), *journey("dan", "buy"))
    assert namespace.combinations("buy") == {
        (): 1,
        ("view",): 1,
        ("click", "view"): 2,
    }
    assert namespace.singles("buy") == {"view": 3, "click": 2}


def test_ensure_goal_makes_a_goal_before_its_event_is_counted(namespace):
    namespace.send(*journey("ann", "view"), event("buy", ensure_goal=True))
    assert namespace.get("/v0/goals").json() == {"goals": ["buy"]}
    assert namespace.combinations("buy") == {("view",): 1}
    namespace.send(*journey("bob", "click", "buy"))
    assert namespace.combinations("buy") == {("view",): 1, ("click",): 1}


def test_in_a_batch_earlier_events_precede_and_later_ones_do_not(namespace):
    buy = event("buy", ensure_goal=True)
    namespace.send(*journey("ann", "before"), buy, *journey("ann", "after"))
    assert namespace.combinations("buy") == {("before",): 1}
    assert namespace.counts() == {"before": 1, "buy": 1, "after": 1}


def test_a_goal_made_amid_a_batch_is_none_for_the_events_before(namespace):
    early = chain(*[journey(user, "view", "buy") for user in users(20, "early")])
    late = chain(*[journey(user, "view", "buy") for user in users(20, "late")])
    namespace.send(*early, event("buy", "ann", ensure_goal=True), *late)
    assert namespace.combinations("buy") == {(): 21, ("view",): 20}
    assert namespace.singles("buy") == {"view": 20}


@pytest.mark.parametrize("wish", [{"ensure_goal": False}, {}])
def test_a_goal_stays_a_goal(namespace, wish):
    namespace.make_goals("buy")
    namespace.send(event("view"), event("buy", **wish))
    assert namespace.get("/v0/goals").json() == {"goals": ["buy"]}
    assert namespace.combinations("buy") == {("view",): 1}


def test_ensure_goal_false_makes_no_goal(namespace):
    namespace.send(event("view"), event("buy", ensure_goal=False))
    assert namespace.get("/v0/goals").json() == {"goals": []}
    assert namespace.combinations("buy") == {(): 1}


def test_the_day_of_an_event_makes_no_row_of_its_own(namespace):
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    namespace.send(event("view", datetime=yesterday), event("view", "bob"))
    rows = namespace.get("/v0/analytics").json()["counts"]
    types = {(row["name"], row["type"]) for row in rows}
    assert types == {("view", "named"), ("global_counter", "internal")}


def test_a_value_is_summed_at_first_occurrences_alone(namespace):
    namespace.send(event("buy", value=10), event("buy", "bob", value=2.5))
    namespace.send(event("buy", value=100), event("tip", value=-4))
    rows = namespace.rows()
    assert rows["buy"]["value"] == {"sum": 12.5}
    assert rows["tip"]["value"] == {"sum": -4}
    # What each user's very first event in the namespace carried.
    assert rows["global_counter"]["value"] == {"sum": 12.5}


def test_a_first_event_without_a_value_closes_the_sum_to_its_user(namespace):
    namespace.send(event("buy"), event("buy", value=5))
    assert namespace.rows()["buy"]["value"] == {}
    namespace.send(event("buy", "bob", value=7))
    assert namespace.rows()["buy"]["value"] == {"sum": 7}


def test_whole_sums_stay_whole_numbers(namespace):
    namespace.send(event("buy", value=3), event("gift", value=0))
    text = namespace.get("/v0/analytics").text.replace(" ", "")
    assert '"value":{"sum":3}' in text
    assert '"value":{"sum":0}' in text


def test_combinations_are_bounded_and_still_sum_to_the_count(namespace):
    namespace.make_goals("buy")
    names = [f"e{number:02}" for number in range(11)]
    sets = [chosen for size in range(4, 8) for chosen in combinations(names, size)]
    assert len(sets) > 1_500
    sent = [journey(f"{n}", *chosen, "buy") for n, chosen in enumerate(sets)]
    namespace.send(*chain(*sent))
    goal = namespace.rows()["buy"]
    rows = goal["event_counts"]
    [overflow] = [row for row in rows if row.get("overflow")]
    told = [row for row in rows if not row.get("overflow")]
    assert len(told) <= 1_000
    assert overflow["count"] >= len(sets) - 1_000 - 5  # 5: mistaken for another
    assert sum(row["count"] for row in rows) == goal["count"]
    assert len(sets) - 5 <= goal["count"] <= len(sets)
    assert {tuple(row["events"]) for row in told} <= set(sets)
    exact = {name: sum(name in chosen for chosen in sets) for name in names}
    for name, found in namespace.singles("buy").items():
        assert abs(found - exact[name]) <= 5
