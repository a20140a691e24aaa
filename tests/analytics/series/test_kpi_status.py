"""GET analytics/kpis/status/"""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
import time_machine

from analytics.buckets import backfill, metric_backfill
from analytics.models import KPI, Kind, Metric
from events import services as intake
from pipeline import drain
from tests.analytics.builders import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    aggregate,
    arrive,
    event,
    fill,
    kpi,
    metric,
    namespace,
)

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
    assert found.keys() == {"statuses", "data_from", "data_as_of"}
    assert found["statuses"] == [
        {"status": "ok", "metrics_without_data": one["metrics"], "kpi": one}
        for one in configs
    ]


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


def test_a_metric_that_never_had_data_is_named_and_nothing_is_missing(manager, shop):
    def without_data():
        found = manager.get(URL).json()["statuses"]
        assert {one["status"] for one in found} == {"ok"}
        return [one["metrics_without_data"] for one in found]

    assert without_data() == [["revenue"], ["revenue", "orders"]]
    fill(shop.pk, "revenue", {NOON: 1})
    assert without_data() == [[], ["orders"]]
    fill(shop.pk, "orders", {NOON: 1})
    assert without_data() == [[], []]


def test_the_data_begin_with_the_first_bucket_of_any_metric(manager, shop):
    assert manager.get(URL).json()["data_from"] is None
    fill(shop.pk, "revenue", {NOON: 1, NOON - HOUR: 1})
    fill(shop.pk, "orders", {NOON - 5 * MINUTE: 1})
    fill(namespace(), "orders", {NOON - DAY: 1})
    assert manager.get(URL).json()["data_from"] == (NOON - HOUR).timestamp()


def test_values_pushed_ahead_of_time_make_nothing_else_late(manager, shop):
    metric("target", Kind.EXTERNAL)
    fill(shop.pk, "revenue", {NOON: 1})
    fill(shop.pk, "orders", {NOON: 1})
    fill(shop.pk, "target", {NOON + 36_500 * DAY: 1})
    assert statuses(manager.get(URL)) == {"total": "ok", "aov": "ok"}


def test_the_data_of_another_namespace_says_nothing(manager, shop, stranger):
    fill(shop.pk, "revenue", {NOON: 1})
    assert statuses(stranger.get(URL)) == {"total": "ok", "aov": "ok"}


def test_namespaces_are_told_apart_as_everywhere(manager, root, stranger, backend):
    assert root.get(URL, {"namespace": "shop"}).status_code == 200
    assert root.get(URL, {"namespace": "nowhere"}).status_code == 404
    assert stranger.get(URL, {"namespace": "shop"}).status_code == 403
    assert backend.get(URL).status_code == 403


def test_a_metric_that_waits_for_its_rebuild_is_missing_data(manager, shop):
    Metric.objects.filter(name="orders").update(event_name="order")
    assert statuses(manager.get(URL)) == {"total": "ok", "aov": "ok"}
    fill(shop.pk, "revenue", {NOON: 1})
    fill(shop.pk, "orders", {NOON: 1})
    assert statuses(manager.get(URL)) == {"total": "ok", "aov": "missing_data"}
    metric_backfill.request(metrics=metric_backfill.stale(), at=NOON)
    while backfill.advance_next(at=NOON):
        told = "missing_data" if metric_backfill.stale() else "ok"
        assert statuses(manager.get(URL)) == {"total": "ok", "aov": told}
    assert statuses(manager.get(URL)) == {"total": "ok", "aov": "ok"}


def test_a_changed_formula_needs_no_rebuild(manager, shop):
    fill(shop.pk, "revenue", {NOON: 1})
    fill(shop.pk, "orders", {NOON: 1})
    KPI.objects.filter(name="aov").update(formula="2 * revenue / orders")
    assert statuses(manager.get(URL)) == {"total": "ok", "aov": "ok"}


def test_pushed_values_need_no_rebuild(manager, shop):
    metric("visitors", Kind.EXTERNAL, built_as="")
    kpi("visitors", "visitors", position=3)
    fill(shop.pk, "visitors", {NOON: 1})
    assert statuses(manager.get(URL))["visitors"] == "ok"


def as_of(client, at):
    with time_machine.travel(at, tick=False):
        return datetime.fromtimestamp(client.get(URL).json()["data_as_of"], UTC)


def receive(shop, at, *events):
    arrivals = [one._replace(namespace_id=shop) for one in events]
    intake.record(arrivals=arrivals, received_at=at)


@pytest.fixture
def early(client_of, shop):
    """A manager whose token is older than what these tests are about."""
    with time_machine.travel(NOON - HOUR, tick=False):
        return client_of("manager", "shop")


def test_the_data_are_as_of_now_where_nothing_waits(early, shop):
    assert as_of(early, NOON) == NOON
    arrive(shop.pk, [event("purchase")])
    aggregate(shop.pk)
    assert as_of(early, NOON + HOUR) == NOON + HOUR


def test_the_data_are_as_of_the_oldest_event_that_waits(early, shop):
    for minutes in (9, 8, 7):
        receive(shop.pk, NOON - minutes * MINUTE, event("purchase", NOON - HOUR))
    receive(namespace(), NOON - HOUR, event("purchase"))
    assert as_of(early, NOON) == NOON - 9 * MINUTE


def test_an_event_that_is_drained_still_waits(early, shop):
    for minutes in (2, 3, 1):
        receive(shop.pk, NOON - minutes * MINUTE, event("purchase"))
    drain.drain_all(at=NOON)
    receive(shop.pk, NOON + MINUTE, event("purchase"))
    assert as_of(early, NOON + HOUR) == NOON - 3 * MINUTE
    aggregate(shop.pk)
    assert as_of(early, NOON + HOUR) == NOON + MINUTE


def test_the_data_are_as_of_the_oldest_price_that_waits(early, shop):
    intake.put_prices(namespace_id=shop.pk, prices={"i": Decimal(1)}, at=NOON)
    assert as_of(early, NOON + HOUR) == NOON
    aggregate(shop.pk)
    assert as_of(early, NOON + HOUR) == NOON + HOUR


def test_the_data_are_never_of_the_future(early, shop):
    """What arrives after the clock was read says nothing about what came before."""
    receive(shop.pk, NOON + MINUTE, event("purchase"))
    assert as_of(early, NOON) == NOON


def test_the_version_in_front_changes_nothing(manager):
    found = [manager.get(url).json() for url in (URL, "/v1" + URL)]
    assert found[0]["statuses"] == found[1]["statuses"]


def test_it_costs_four_queries_after_authentication(
    manager, shop, django_assert_num_queries
):
    with django_assert_num_queries(5):
        manager.get(URL)
    fill(shop.pk, "orders", {NOON - n * DAY: 1 for n in range(50)})
    for n in range(10):
        kpi(f"kpi_{n}", "orders")
    with django_assert_num_queries(5):
        manager.get(URL)
