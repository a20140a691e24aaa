"""`segmentation=` on values: one series a leaf, after the whole."""

import pytest

from analytics.models import Kind, Metric
from tests.analytics.builders import (
    DAY,
    HOUR,
    NOON,
    aggregate,
    arrive,
    event,
    kpi,
    metric,
)
from tests.analytics.kinds.segmented import ab_test, leaf, segmented, split

pytestmark = pytest.mark.django_db

KPIS, METRICS = "/analytics/kpis/values/", "/analytics/metrics/values/"
PATHS = ["one: A", "one: B", "one: neither"]
USERS = range(60)


@pytest.fixture
def cut(shop):
    metric("orders", Kind.ORDERS, "buy")
    metric("views", Kind.COUNT, "view")
    metric("visitors", Kind.EXTERNAL)
    kpi("rate", "orders / views", position=1)
    kpi("traffic", "visitors", position=2)
    ab_test(shop.pk, "one", share_a=40, share_b=40, start_at=NOON - 9 * DAY)
    found = segmented(shop.pk, split("one", leaf(), leaf(), leaf()), name="mine")
    past = [event("view", NOON - HOUR, user=user) for user in USERS]
    past += [event("buy", NOON, user=user) for user in USERS[::2]]
    arrive(shop.pk, past)
    aggregate(shop.pk)
    return found


@pytest.fixture
def ask(manager):
    def get(path, *, accept="application/json", **query):
        span = {"start_timestamp": (NOON - 2 * HOUR).timestamp()}
        end = (NOON + HOUR).timestamp()
        query = {**span, "end_timestamp": end, **query}
        return manager.get(path, query, headers={"Accept": accept})

    return get


def expected(cut):
    """Returns buyers and visitors of each group, by the draw."""
    draw = cut.allocations["one"]
    groups = [draw.group(user, at=NOON) for user in USERS]
    return [
        (groups[::2].count(group), groups.count(group)) for group in sorted(set(groups))
    ]


def test_each_metric_is_followed_by_its_leaves(cut, ask):
    found = ask(METRICS, names=["views"], segmentation=cut.id).json()["metrics"]
    assert [one.get("segment") for one in found] == [None, *PATHS]
    totals = [sum(one["values"]) for one in found]
    assert totals == [60, *(views for _, views in expected(cut))]


def test_a_kpi_of_a_leaf_is_the_ratio_of_the_leafs_sums(cut, ask):
    found = ask(KPIS, kpis=["rate"], segmentation=cut.id).json()["kpis"]
    assert [one["kpi"] for one in found] == ["rate"] * 4
    assert [one["aggregate"] for one in found[1:]] == [
        pytest.approx(orders / views) for orders, views in expected(cut)
    ]


def test_without_it_answers_are_as_ever(cut, ask):
    one = ask(KPIS, kpis=["rate"]).json()["kpis"]
    assert [set(found) for found in one] == [{"kpi", "values", "aggregate"}]


def test_what_is_pushed_is_told_as_a_whole_alone(cut, ask):
    body = ask(KPIS, kpis=["traffic"], segmentation=cut.id).json()
    assert [one["aggregate"] for one in body["kpis"]] == [0, None, None, None]
    warning = "KPI traffic is not told by segment: it names a metric that is pushed"
    assert warning in body["warnings"]
    names = [one["name"] for one in ask(METRICS, segmentation=cut.id).json()["metrics"]]
    assert names.count("visitors") == 1


def test_leaves_are_compared_with_their_own_past(cut, ask):
    query = {"segmentation": cut.id, "compare": "previous_period"}
    found = ask(KPIS, kpis=["rate"], **query).json()["kpis"]
    assert [one.get("segment") for one in found] == [None, *PATHS]
    assert all(one["previous"]["aggregate"] is None for one in found)


def test_a_spreadsheet_has_a_column_a_leaf(cut, ask):
    answer = ask(KPIS, kpis=["rate"], segmentation=cut.id, accept="text/csv")
    heading = answer.content.decode().splitlines()[0]
    columns = [f"rate [{path}]" for path in PATHS]
    assert heading.split(",") == ["start", "rate", *columns]


@pytest.mark.parametrize("path", [KPIS, METRICS])
def test_an_unknown_segmentation_does_not_exist(cut, ask, path):
    answer = ask(path, segmentation="nowhere1")
    assert answer.status_code == 404
    assert answer.json()["error_data"]["key"] == "nowhere1"


def test_another_namespaces_segmentation_does_not_exist(cut, stranger):
    answer = stranger.get(KPIS, {"segmentation": cut.id})
    assert answer.status_code == 404


def test_more_numbers_than_an_answer_can_hold_are_refused(cut, ask, monkeypatch):
    monkeypatch.setattr("analytics.series.readings.MOST_NUMBERS", 20)
    assert ask(KPIS, kpis=["rate"]).status_code == 200
    answer = ask(KPIS, kpis=["rate"], segmentation=cut.id)
    assert answer.status_code == 400
    assert (
        "smaller segmentation" in answer.json()["error_data"]["query"]["granularity"][0]
    )


def test_the_number_of_queries_does_not_depend_on_the_leaves(
    cut, ask, shop, django_assert_num_queries
):
    deep = split("two", split("one", leaf(), leaf(), leaf()), leaf(), leaf())
    large = segmented(shop.pk, deep)
    for asked in (cut, large):
        with django_assert_num_queries(8):
            assert ask(KPIS, segmentation=asked.id).status_code == 200


@pytest.mark.parametrize(("path", "what"), [(KPIS, "kpis"), (METRICS, "metrics")])
def test_a_metric_that_waits_for_its_rebuild_has_no_leaves_and_a_warning(
    cut, ask, shop, path, what
):
    """Its leaves were filled, and the whole was not: they would not add up to it."""
    Metric.objects.filter(name="orders").update(built_as="")
    whole = ask(path).json()
    waits = "metric orders waits for its rebuild: its past is not whole"
    assert whole["warnings"] == [waits]
    body = ask(path, segmentation=cut.id).json()
    assert f"{waits}, and it is not told by segment" in body["warnings"]
    leaves = [one for one in body[what] if one.get("segment")]
    waiting = {"kpis": "rate", "metrics": "orders"}[what]
    told = [one for one in leaves if waiting in {one.get("kpi"), one.get("name")}]
    assert all(set(one["values"]) == {None} for one in told)
    assert not any("pushed" in one and "rate" in one for one in body["warnings"])
    assert any(one.get("name") == "views" for one in leaves) or what == "kpis"
