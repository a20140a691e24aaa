"""`GET /v0/predictions`: of all goals, given events, given a user."""

import pytest

from tests.kimball import paths
from tests.kimball.product import event

URL = "/v0/predictions"
NOTE = {"note": "Submitted events included this goal, no prediction made"}
FLOOR = 0.1


def goals(namespace, **query):
    answer = namespace.get(URL, **query)
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() == {"goals"}
    return answer.json()["goals"]


def near(value):
    return pytest.approx(value, abs=1e-9)


def scores(yes, no):
    return {"yes": near(yes), "no": near(no), "likelihood": near(yes / max(no, FLOOR))}


def test_each_preceding_event_is_told_with_its_share(known):
    found = goals(known)
    assert found.keys() == {"buy"}  # "dream" was reached by no event
    events = found["buy"]["events"]
    bayes = {name: one["bayes"] for name, one in events.items()}
    assert bayes == {name: near(share) for name, share in paths.BAYES.items()}


def test_a_share_comes_with_its_users_and_an_interval(known):
    for one in goals(known)["buy"]["events"].values():
        assert one["users"] >= 1
        assert 0 <= one["lower"] <= one["bayes"] <= one["upper"] <= 1


def test_one_user_makes_no_certainty(known):
    alone = goals(known)["buy"]["events"]["help"]
    assert (alone["bayes"], alone["users"]) == (1, 1)
    assert alone["lower"] < 0.5


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (["search"], scores(2 / 3, 1 / 3)),
        (["help"], scores(1 / 3, 0)),
        (["search", "login"], scores(4 / 9, 1 / 9)),
        (["login", "search", "help"], scores(4 / 27, 0)),
        (["late"], scores(0, 2 / 3)),
        (["search", "late"], scores(0, 2 / 9)),
    ],
)
def test_given_events_a_goal_is_scored(known, events, expected):
    found = goals(known, event=events)
    assert found.keys() == {"buy"}
    assert expected.items() <= found["buy"].items()


@pytest.mark.parametrize("query", [{"event": ["search", "login"]}, {"user_id": "eve"}])
def test_a_score_comes_with_a_probability_and_an_interval(known, query):
    one = goals(known, **query)["buy"]
    assert one["users"] >= 1
    assert 0 <= one["lower"] <= one["probability"] <= one["upper"] <= 1
    assert one["lower"] < one["upper"]


def test_a_user_is_scored_by_the_events_the_user_has_done(known):
    assert scores(2 / 3, 1 / 3).items() <= goals(known, user_id="cyd")["buy"].items()
    # login and late
    assert scores(0, 2 / 9).items() <= goals(known, user_id="eve")["buy"].items()


@pytest.mark.parametrize(
    "query",
    [
        {"event": "buy"},
        {"event": ["search", "buy"]},
        {"user_id": "ann"},
        {"user_id": "dan"},
    ],
)
def test_a_goal_that_is_reached_is_not_predicted(known, query):
    assert goals(known, **query) == {"buy": NOTE}


def test_goals_are_scored_each_by_its_own_paths(namespace):
    namespace.make_goals("buy", "join")
    ways = {"ann": ["view", "join", "buy"], "bob": ["view"], "cyd": ["view", "join"]}
    sent = [event(name, user) for user, names in ways.items() for name in names]
    namespace.send(*sent)
    found = goals(namespace)
    told = {
        (goal, name): share["bayes"]
        for goal, one in found.items()
        for name, share in one["events"].items()
    }
    assert told == {
        ("join", "view"): near(2 / 3),
        ("buy", "view"): near(1 / 3),
        ("buy", "join"): near(1 / 2),
    }
    found = goals(namespace, user_id="cyd")
    assert found["join"] == NOTE
    assert scores(1, 2).items() <= found["buy"].items()


def test_a_user_and_an_event_together_are_refused(known):
    answer = known.get(URL, user_id="cyd", event="search")
    assert answer.status_code == 400
    what = "user_id and event cannot both be specified"
    assert answer.json() == {"error": {"what": what, "user": "cyd"}}


def test_a_user_without_events_is_404(known):
    answer = known.get(URL, user_id="nobody")
    assert answer.status_code == 404
    what = "No events found for user"
    assert answer.json() == {"error": {"what": what, "user": "nobody"}}


def test_a_user_without_events_is_404_where_there_is_no_goal_too(namespace):
    namespace.send(event("view"))
    answer = namespace.get(URL, user_id="nobody")
    assert answer.status_code == 404


@pytest.mark.parametrize("events", [["nothing"], ["search", "nothing"]])
def test_an_unknown_event_is_refused(known, events):
    answer = known.get(URL, event=events)
    assert answer.status_code == 400
    what = "Event is not known in this namespace"
    assert answer.json() == {"error": {"what": what, "event": "nothing"}}


@pytest.mark.parametrize("query", [{}, {"event": "nothing"}, {"event": "view"}])
def test_without_a_goal_that_has_paths_there_is_nothing_to_tell(namespace, query):
    namespace.make_goals("buy")
    namespace.send(event("buy"), event("view"))
    assert goals(namespace, **query) == {}


@pytest.mark.parametrize("query", [{}, {"event": "view"}])
def test_an_unknown_namespace_has_no_predictions(namespace, query):
    assert goals(namespace, **query) == {}


def test_predictions_of_one_namespace_do_not_reach_another(known, other):
    other.send(event("search"))
    assert goals(other) == {}
    assert goals(other, event="login") == {}


def test_without_a_namespace_it_is_the_callers_own(shop, backend):
    shop.make_goals("sign")
    shop.send(event("read", "sue"), event("sign", "sue"))
    assert "sign" in goals(shop)
    assert "sign" in backend.get(URL).json()["goals"]
