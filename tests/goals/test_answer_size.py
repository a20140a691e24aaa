"""Answers about goals are bounded in size, whatever names were sent, and say so."""

import pytest

from goals import services
from goals.counters import queries
from pipeline import drain
from tests.events.builders import NOON, arrival, record

pytestmark = pytest.mark.django_db
ANALYTICS, PREDICTIONS = "/v0/analytics", "/v0/predictions"
MOST_BYTES = 6_000_000


def names(number):
    """Returns names of the most bytes that are legal: 200 characters of four bytes."""
    return [f"{n:04}" + "🧮" * 196 for n in range(number)]


@pytest.fixture
def crowd(shop):
    """One user who did 300 events in a row, each a goal: 45,000 pairs of 800 bytes."""
    record([arrival(shop.pk, name, ensure_goal=True) for name in names(300)])
    drain.drain_all(at=NOON)
    return names(300)


@pytest.mark.parametrize("url", [ANALYTICS, PREDICTIONS])
@pytest.mark.usefixtures("crowd")
def test_an_answer_has_a_bounded_size_and_says_what_is_missing(backend, url):
    answer = backend.get(url)
    assert answer.status_code == 200
    assert len(answer.content) < MOST_BYTES
    assert "goal=" in answer.json()["warnings"][0]


def test_what_does_not_fit_is_told_of_one_goal(backend, crowd):
    *_, last = backend.get(ANALYTICS, {"goal": crowd[-1]}).json()["counts"]
    assert last["event_counts"] == [{"events": crowd[:-1], "count": 1}]
    assert [one["name"] for one in last["single_event_counts"]] == crowd[:-1]
    answer = backend.get(PREDICTIONS, {"goal": crowd[-1]}).json()
    assert answer["goals"][crowd[-1]]["events"].keys() == set(crowd[:-1])
    assert "warnings" not in answer


@pytest.mark.usefixtures("crowd")
def test_users_on_paths_that_do_not_fit_are_in_the_overflow(backend):
    counts = backend.get(ANALYTICS).json()["counts"]
    assert {sum(path["count"] for path in one["event_counts"]) for one in counts} == {1}
    assert any(path.get("overflow") for one in counts for path in one["event_counts"])


def test_the_most_frequent_paths_are_those_that_fit(backend, shop, monkeypatch):
    services.create_goal(namespace_id=shop.pk, name="buy", at=NOON)
    for user, before in {1: "ab", 2: "ab", 3: "c"}.items():
        record([arrival(shop.pk, name, user) for name in [*before, "buy"]])
    drain.drain_all(at=NOON)
    monkeypatch.setattr("goals.paths.published.BYTES", 8)
    [buy] = [
        one for one in backend.get(ANALYTICS).json()["counts"] if one["name"] == "buy"
    ]
    assert buy["event_counts"] == [
        {"events": ["a", "b"], "count": 2},
        {"events": [], "count": 1, "overflow": True},
    ]
    assert buy["single_event_counts"] == [
        {"name": "a", "count": 2},
        {"name": "b", "count": 2},
    ]


@pytest.mark.parametrize("url", [ANALYTICS, PREDICTIONS])
def test_a_name_that_appears_while_an_answer_is_read_is_counted_as_itself(
    backend, shop, monkeypatch, url
):
    services.create_goal(namespace_id=shop.pk, name="buy", at=NOON)
    read = queries.counter_rows

    def meanwhile(**place):
        record([arrival(shop.pk, name, 7) for name in ("new", "buy")])
        drain.drain_all(at=NOON)
        return read(**place)

    monkeypatch.setattr(queries, "counter_rows", meanwhile)
    answer = backend.get(url)
    assert answer.status_code == 200
    if url == ANALYTICS:
        names = [one["name"] for one in answer.json()["counts"]]
        assert names == ["global_counter", "buy", "new"]
