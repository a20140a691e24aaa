"""GET analytics/kpis/status/"""

import pytest

from analytics.models import Kind, Metric
from tests.analytics.builders import DAY, HOUR, MINUTE, NOON, fill, kpi, metric

pytestmark = pytest.mark.django_db

URL = "/analytics/kpis/status/"


@pytest.fixture(autouse=True)
def catalogue() -> None:
    metric("revenue", Kind.SUM, "purchase")
    metric("orders", Kind.COUNT, "purchase")
    kpi("total", "revenue", position=1)
    kpi("aov", "revenue / orders", position=2)


def statuses(answer) -> dict[str, str]:
    assert answer.status_code == 200, answer.content
    return {one["kpi"]["name"]: one["status"] for one in answer.json()["statuses"]}


def test_a_status_comes_with_the_config_of_its_kpi(manager):
    found = manager.get(URL).json()
    configs = manager.get("/analytics/kpis/configs/").json()["kpis"]
    assert found == {"statuses": [{"status": "ok", "kpi": one} for one in configs]}


def test_the_order_is_that_of_the_kpis_and_unknown_names_are_warned_of(manager):
    found = manager.get(URL, {"kpis": ["aov", "nonsense", "total", "aov"]})
    assert list(statuses(found)) == ["total", "aov"]
    assert found.json()["warnings"] == ["unknown KPI: nonsense"]
    assert manager.get(URL, {"kpis": [""]}).status_code == 400


def test_all_is_well_where_there_is_no_data_at_all(manager):
    assert statuses(manager.get(URL)) == {"total": "ok", "aov": "ok"}


def test_a_metric_that_is_gone_or_inactive_is_missing_config(manager, shop):
    fill(shop.pk, "revenue", {NOON: 1})
    fill(shop.pk, "orders", {NOON: 1})
    Metric.objects.filter(name="orders").update(active=False)
    assert statuses(manager.get(URL)) == {"total": "ok", "aov": "missing_config"}
    Metric.objects.filter(name="orders").delete()
    assert statuses(manager.get(URL)) == {"total": "ok", "aov": "missing_config"}


@pytest.mark.parametrize(
    ("silence", "status"),
    [
        (HOUR, "ok"),
        (7 * DAY, "ok"),
        (7 * DAY + 5 * MINUTE, "missing_data"),
        (90 * DAY, "missing_data"),
    ],
)
def test_a_metric_silent_for_seven_days_of_data_is_missing_data(
    manager, shop, silence, status
):
    fill(shop.pk, "revenue", {NOON: 1})
    fill(shop.pk, "orders", {NOON - silence: 1})
    assert statuses(manager.get(URL)) == {"total": "ok", "aov": status}


def test_a_metric_that_never_had_data_is_missing_data(manager, shop):
    fill(shop.pk, "revenue", {NOON: 1})
    assert statuses(manager.get(URL)) == {"total": "ok", "aov": "missing_data"}


def test_the_data_of_another_namespace_says_nothing(manager, shop, stranger):
    fill(shop.pk, "revenue", {NOON: 1})
    assert statuses(stranger.get(URL)) == {"total": "ok", "aov": "ok"}


def test_namespaces_are_told_apart_as_everywhere(manager, root, stranger, backend):
    assert root.get(URL, {"namespace": "shop"}).status_code == 200
    assert root.get(URL, {"namespace": "nowhere"}).status_code == 404
    assert stranger.get(URL, {"namespace": "shop"}).status_code == 403
    assert backend.get(URL).status_code == 403


def test_the_version_in_front_changes_nothing(manager):
    assert manager.get("/v1" + URL).json() == manager.get(URL).json()


def test_it_costs_three_queries_after_authentication(
    manager, shop, django_assert_num_queries
):
    with django_assert_num_queries(4):
        manager.get(URL)
    fill(shop.pk, "orders", {NOON - n * DAY: 1 for n in range(50)})
    for n in range(10):
        kpi(f"kpi_{n}", "orders")
    with django_assert_num_queries(4):
        manager.get(URL)
