"""GET analytics/kpis/configs/"""

import pytest

from analytics.catalogue import services
from analytics.models import KPI, Kind, Metric
from tests.analytics.builders import kpi, metric

pytestmark = pytest.mark.django_db

URL = "/analytics/kpis/configs/"


@pytest.fixture(autouse=True)
def catalogue() -> None:
    """Four KPIs: their order is neither that of names nor that of their making."""
    metric("revenue", Kind.SUM, "purchase")
    metric("orders", Kind.COUNT, "purchase")
    kpi("orders", "orders", position=2)
    kpi("aov", "revenue / orders", position=3, unit="usd", description="Average.")
    kpi("total", "revenue", position=1)
    kpi("retired", "orders", position=4, active=False)


def names(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [one["name"] for one in answer.json()["kpis"]]


def test_a_config_has_the_documented_shape(manager):
    answer = manager.get(URL, {"kpis": ["aov"]})
    assert answer.json() == {
        "kpis": [
            {
                "name": "aov",
                "metadata": {
                    "display_name": "Aov",
                    "unit": "usd",
                    "description": "Average.",
                },
                "metrics": ["revenue", "orders"],
            }
        ]
    }


def test_kpis_come_in_their_own_order_without_inactive_ones(manager):
    assert names(manager.get(URL)) == ["total", "orders", "aov"]


def test_the_order_of_the_request_and_repeated_names_change_nothing(manager):
    found = manager.get(URL, {"kpis": ["aov", "total", "aov", "total"]})
    assert names(found) == ["total", "aov"]
    assert "warnings" not in found.json()


@pytest.mark.parametrize("name", ["nonsense", "retired", "AOV", "☃"])
def test_a_name_that_is_not_known_is_skipped_with_one_warning(manager, name):
    found = manager.get(URL, {"kpis": [name, "total", name]})
    assert names(found) == ["total"]
    [warning] = found.json()["warnings"]
    assert name in warning


def test_only_unknown_names_give_an_empty_list(manager):
    found = manager.get(URL, {"kpis": ["nonsense"]})
    assert names(found) == []
    assert len(found.json()["warnings"]) == 1


@pytest.mark.parametrize("name", ["", " ", "a\0b"])
def test_a_blank_or_unspeakable_name_is_refused(manager, name):
    answer = manager.get(URL, {"kpis": [name]})
    assert answer.status_code == 400
    assert answer.json()["error_name"] == "WrongData"
    assert list(answer.json()["error_data"]["query"]) == ["kpis"]


def test_an_empty_catalogue_is_an_empty_list(manager):
    KPI.objects.all().delete()
    assert manager.get(URL).json() == {"kpis": []}


def test_the_version_in_front_changes_nothing(manager):
    assert manager.get("/v1" + URL).json() == manager.get(URL).json()


def test_backends_and_nameless_callers_are_refused(backend, client):
    assert backend.get(URL).status_code == 403
    assert client.get(URL).status_code == 401


def test_it_costs_one_query_after_authentication(manager, django_assert_num_queries):
    with django_assert_num_queries(2):
        manager.get(URL)
    services.load_catalogue(event_names={})
    with django_assert_num_queries(2):
        manager.get(URL)
    assert Metric.objects.count() > 2
