"""GET analytics/metrics/values/"""

import pytest
import time_machine

from analytics.models import Kind, Metric
from tests.analytics.builders import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    aggregate,
    arrive,
    event,
    fill,
    metric,
)

pytestmark = pytest.mark.django_db

URL = "/analytics/metrics/values/"
T = NOON.timestamp()


@pytest.fixture(autouse=True)
def now():
    with time_machine.travel(NOON + 2 * MINUTE, tick=False):
        yield


@pytest.fixture(autouse=True)
def catalogue() -> None:
    metric("views", Kind.COUNT, "view")
    metric("revenue", Kind.SUM, "purchase")


def test_the_answer_has_the_documented_shape(manager, shop):
    arrive(
        shop.pk,
        [
            event("view", NOON - 6 * MINUTE),
            event("purchase", NOON, value="0.000001"),
            event("purchase", NOON, value="3"),
        ],
    )
    aggregate(shop.pk)
    assert manager.get(URL).json() == {
        "start_timestamps": [T - 600, T - 300, T],
        "metrics": [
            {"name": "revenue", "values": [0, 0, 3.000001]},
            {"name": "views", "values": [1, 0, 0]},
        ],
    }


def test_the_example_of_the_specification_names_no_metrics_and_gets_all(manager):
    found = manager.get(f"{URL}?start_timestamp=1616962929.0&end_timestamp=1617400199")
    assert found.json() == {
        "start_timestamps": [1616889600.0 + n * 86400 for n in range(6)],
        "metrics": [
            {"name": "revenue", "values": [0] * 6},
            {"name": "views", "values": [0] * 6},
        ],
    }


def test_names_are_chosen_once_each_and_unknown_ones_are_warned_of(manager):
    Metric.objects.create(name="old", kind=Kind.UNIQUE, unit="count", active=False)
    found = manager.get(URL, {"names": ["views", "old", "nonsense", "views"]}).json()
    assert [one["name"] for one in found["metrics"]] == ["views"]
    assert found["warnings"] == ["unknown metric: old", "unknown metric: nonsense"]


def test_without_any_data_there_are_no_cells(manager):
    assert manager.get(URL, {"names": "views"}).json() == {
        "start_timestamps": [],
        "metrics": [{"name": "views", "values": []}],
    }


def test_without_any_metric_there_is_nothing(manager):
    Metric.objects.all().delete()
    assert manager.get(URL).json() == {"start_timestamps": [], "metrics": []}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"names": [""]}, "names"),
        ({"start_timestamp": "nan"}, "start_timestamp"),
        ({"end_timestamp": "1e300"}, "end_timestamp"),
        ({"start_timestamp": "2", "end_timestamp": "1"}, "non_field_errors"),
        ({"granularity": "2h"}, "granularity"),
        ({"granularity": "5m", "start_timestamp": "0"}, "granularity"),
        ({"timezone": "Nowhere"}, "timezone"),
        ({"namespace": "n" * 201}, "namespace"),
    ],
)
def test_what_is_wrong_is_refused_by_name(manager, query, field):
    answer = manager.get(URL, query)
    assert answer.status_code == 400
    assert list(answer.json()["error_data"]["query"]) == [field]


def test_the_numbers_of_segments_are_not_added_to_those_of_the_whole(manager, shop):
    fill(shop.pk, "views", {NOON: 5})
    fill(shop.pk, "views", {NOON - MINUTE: 3, NOON: 3}, segment=1)
    assert manager.get(URL, {"names": "views"}).json() == {
        "start_timestamps": [T],
        "metrics": [{"name": "views", "values": [5]}],
    }


def test_namespaces_and_roles_are_told_apart_as_everywhere(
    manager, root, stranger, backend, client, shop
):
    fill(shop.pk, "views", {NOON: 1})
    namespace = {"namespace": "shop"}
    assert manager.get(URL).json() == root.get(URL, namespace).json()
    assert stranger.get(URL).json()["start_timestamps"] == []
    assert stranger.get(URL, namespace).status_code == 403
    assert root.get(URL).status_code == 404
    assert backend.get(URL).status_code == 403
    assert client.get(URL).status_code == 401


def test_the_version_in_front_changes_nothing(manager, shop):
    fill(shop.pk, "views", {NOON - HOUR: 1})
    assert manager.get("/v1" + URL).json() == manager.get(URL).json()


@pytest.mark.parametrize("days", [0, 1, 60, 5_000])
def test_it_costs_three_queries_after_authentication(
    manager, shop, django_assert_num_queries, days
):
    fill(shop.pk, "views", {NOON - n * DAY: 1 for n in range(60)})
    with django_assert_num_queries(4):
        answer = manager.get(URL, {"start_timestamp": T - days * 86_400})
    assert answer.status_code == 200
