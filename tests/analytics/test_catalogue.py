"""The shipped catalogue: added once, then staff's own."""

import pytest
from django.core.management import CommandError, call_command

from analytics import catalogue, services
from analytics.models import KPI, Kind, Metric
from tests.analytics.builders import NOON, aggregate, arrive, event, namespace, stored

pytestmark = pytest.mark.django_db


def load(**event_names: str) -> int:
    return services.load_catalogue(event_names=event_names)


def rows() -> list[object]:
    return [*Metric.objects.values(), *KPI.objects.values()]


def test_loading_twice_changes_nothing():
    assert load() == len(rows()) > 0
    before = rows()
    assert load() == 0
    assert rows() == before


def test_loading_never_overwrites_what_staff_edited():
    load()
    Metric.objects.update(description="ours", active=False, event_name="sale")
    KPI.objects.update(description="ours", position=7, formula="count_new_users")
    before = rows()
    assert load() == 0
    assert rows() == before


def test_loading_adds_what_is_missing():
    load()
    total = len(rows())
    KPI.objects.get(name="new_users").delete()
    assert load() == 1
    assert len(rows()) == total


def test_what_is_shipped_passes_the_checks_that_staff_meet():
    load()
    for row in [*Metric.objects.all(), *KPI.objects.all()]:
        row.full_clean()
    names = [kpi.name for kpi in KPI.objects.in_order()]
    assert names == [kpi.name for kpi in catalogue.kpis()]


def test_events_can_have_names_of_their_own(capsys):
    call_command("load_catalogue", "--event", "purchase=order paid")
    assert "added" in capsys.readouterr().out
    assert Metric.objects.get(name="total_revenue").event_name == "order paid"
    clicks = Metric.objects.get(name="count_recommendation_clicks")
    assert clicks.event_name == "recommendation_click"


@pytest.mark.parametrize("pair", ["sale=x", "purchase", "purchase=", "=x"])
def test_a_renaming_that_means_nothing_is_refused(pair):
    with pytest.raises(CommandError):
        call_command("load_catalogue", "--event", pair)
    assert rows() == []


def test_the_catalogue_counts_a_shop_s_events():
    load()
    shop = namespace()
    arrive(
        shop,
        [
            event("recommendation_view"),
            event("recommendation_click"),
            event("product_view", user=2),
            event("purchase", value="12.5"),
        ],
    )
    aggregate(shop)
    for metric in Metric.objects.all():
        assert stored(shop, metric.name), metric.name
    assert stored(shop, "count_new_users") == {NOON: 2}
    assert Metric.objects.filter(kind=Kind.SUM).count() == 1
