"""GET analytics/kpis/values/: what is computed."""

from datetime import UTC, datetime

import pytest
import time_machine

from analytics.models import KPI, Kind, Metric
from tests.analytics.builders import DAY, HOUR, MINUTE, NOON, fill, kpi, metric

pytestmark = pytest.mark.django_db

URL = "/analytics/kpis/values/"


@pytest.fixture(autouse=True)
def catalogue() -> None:
    metric("revenue", Kind.SUM, "purchase")
    metric("orders", Kind.COUNT, "purchase")
    kpi("revenue", "revenue", position=2, unit="usd")
    kpi("aov", "revenue / orders", position=3, unit="usd")
    kpi("orders", "orders", position=1)


@pytest.fixture(autouse=True)
def now():
    with time_machine.travel(NOON + 2 * MINUTE, tick=False):
        yield


def columns(answer) -> dict[str, tuple[list[float | None], float | None]]:
    assert answer.status_code == 200, answer.content
    return {
        one["kpi"]: (one["values"], one["aggregate"]) for one in answer.json()["kpis"]
    }


def day(*date: int) -> datetime:
    return datetime(*date, tzinfo=UTC)  # type: ignore[arg-type,misc]  # a date's parts


def test_the_example_of_the_specification_is_answered_in_its_shape(manager, shop):
    start, end = 1616962929.0, 1617400199
    fill(shop.pk, "revenue", {datetime.fromtimestamp(start, UTC): "4500.5"})
    found = manager.get(
        f"{URL}?start_timestamp={start}&end_timestamp={end}&kpis=revenue&kpis=aov"
    ).json()
    assert found == {
        "start_timestamps": [1616889600.0 + n * 86400 for n in range(6)],
        "kpis": [
            {"kpi": "revenue", "aggregate": 4500.5, "values": [4500.5] + 5 * [0.0]},
            {"kpi": "aov", "aggregate": None, "values": 6 * [None]},
        ],
    }


def test_the_aggregate_is_the_formula_over_sums_not_a_mean_of_values(manager, shop):
    fill(shop.pk, "revenue", {day(2026, 1, 5): 100, day(2026, 1, 9): 30})
    fill(shop.pk, "orders", {day(2026, 1, 5): 1, day(2026, 1, 9): 3})
    january = {
        "start_timestamp": day(2026, 1, 1).timestamp(),
        "end_timestamp": day(2026, 2, 1).timestamp(),
        "kpis": "aov",
    }
    values, aggregate = columns(manager.get(URL, {**january, "granularity": "1d"}))[
        "aov"
    ]
    assert [value for value in values if value is not None] == [100, 10]
    assert aggregate == 32.5
    month = manager.get(URL, {**january, "granularity": "1mo"})
    assert columns(month)["aov"] == ([32.5], 32.5)


def test_kpis_come_in_their_order_whatever_is_asked_first(manager):
    answer = manager.get(URL, {"kpis": ["aov", "orders", "aov", "revenue"]})
    assert list(columns(answer)) == ["orders", "revenue", "aov"]
    assert "warnings" not in answer.json()


def test_unknown_and_inactive_kpis_are_skipped_with_a_warning(manager):
    KPI.objects.filter(name="orders").update(active=False)
    answer = manager.get(URL, {"kpis": ["orders", "aov", "nonsense", "nonsense"]})
    assert list(columns(answer)) == ["aov"]
    assert answer.json()["warnings"] == ["unknown KPI: orders", "unknown KPI: nonsense"]
    assert list(columns(manager.get(URL))) == ["revenue", "aov"]


def test_without_any_data_there_are_no_cells(manager):
    answer = manager.get(URL)
    assert answer.json()["start_timestamps"] == []
    assert columns(answer) == {
        "orders": ([], 0),
        "revenue": ([], 0),
        "aov": ([], None),
    }


def test_a_span_without_data_is_filled_with_zeros_and_gaps(manager, shop):
    fill(shop.pk, "orders", {NOON: 1})
    past = (NOON - 300 * DAY).timestamp()
    found = columns(
        manager.get(URL, {"start_timestamp": past, "end_timestamp": past + 3600})
    )
    assert found == {
        "orders": ([0] * 12, 0),
        "revenue": ([0] * 12, 0),
        "aov": ([None] * 12, None),
    }


@pytest.mark.parametrize("action", ["delete", "deactivate"])
def test_a_kpi_whose_metric_is_gone_is_null_with_a_warning(manager, shop, action):
    fill(shop.pk, "revenue", {NOON: 1})
    fill(shop.pk, "orders", {NOON: 1})
    orders = Metric.objects.filter(name="orders")
    orders.delete() if action == "delete" else orders.update(active=False)
    answer = manager.get(URL, {"kpis": ["revenue", "aov"]})
    assert columns(answer) == {"revenue": ([1], 1), "aov": ([None], None)}
    [warning] = answer.json()["warnings"]
    assert "aov" in warning


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("revenue / orders", None),
        ("100 * orders / revenue", 0),
        ("1 / (revenue / orders)", None),
        ("orders - 2 * revenue", -14),
        ("revenue / (orders - orders)", None),
    ],
)
def test_what_is_divided_by_nothing_is_null_and_never_zero(
    manager, shop, formula, value
):
    fill(shop.pk, "revenue", {NOON: 7})
    KPI.objects.filter(name="aov").update(formula=formula)
    found = columns(manager.get(URL, {"kpis": "aov"}))
    assert found == {"aov": ([value], value)}


def test_a_namespace_s_numbers_are_its_own(manager, stranger, root, shop):
    fill(shop.pk, "orders", {NOON: 5})
    assert columns(manager.get(URL))["orders"] == ([5], 5)
    assert columns(manager.get(URL, {"namespace": "shop"}))["orders"] == ([5], 5)
    assert columns(root.get(URL, {"namespace": "shop"}))["orders"] == ([5], 5)
    assert columns(stranger.get(URL))["orders"] == ([], 0)


def test_root_is_told_which_namespace_does_not_exist(root):
    for query, name in (({}, "default"), ({"namespace": "nowhere"}, "nowhere")):
        answer = root.get(URL, query)
        assert answer.status_code == 404
        assert answer.json()["error_data"]["key"] == name


def test_strangers_backends_and_nameless_callers_are_refused(stranger, backend, client):
    assert stranger.get(URL, {"namespace": "shop"}).status_code == 403
    assert stranger.get(URL, {"namespace": "nowhere"}).status_code == 403
    assert backend.get(URL).status_code == 403
    assert client.get(URL).status_code == 401


def test_the_version_in_front_changes_nothing(manager, shop):
    fill(shop.pk, "orders", {NOON - HOUR: 5})
    assert manager.get("/v1" + URL).json() == manager.get(URL).json()


@pytest.mark.parametrize("span", [0, 3600, 86_400, 30 * 86_400, 20 * 365 * 86_400])
def test_it_costs_three_queries_after_authentication_whatever_the_span(
    manager, shop, django_assert_num_queries, span
):
    fill(shop.pk, "orders", {NOON - n * DAY: 1 for n in range(60)})
    with django_assert_num_queries(4):
        answer = manager.get(URL, {"start_timestamp": NOON.timestamp() - span})
    assert answer.status_code == 200
