"""The shipped catalogue: added once, then staff's own."""

from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from analytics.catalogue import services, shipped
from analytics.models import KPI, Metric
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
    Metric.objects.update(description="ours", active=False)
    Metric.objects.filter(event_name="purchase").update(event_name="sale")
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
    assert names == [kpi.name for kpi in shipped.kpis()]


def test_events_can_have_names_of_their_own(capsys):
    ours = ["purchase=order paid", "recommendation_click=tap", "add_to_cart=take"]
    call_command("load_catalogue", *(word for one in ours for word in ("--event", one)))
    assert capsys.readouterr().out == f"{len(rows())} metrics and KPIs added\n"
    called = dict.fromkeys(("total_revenue", "count_orders"), ("order paid", ""))
    called |= dict.fromkeys(
        ("direct_revenue", "count_direct_orders"), ("order paid", "tap")
    )
    called["count_recommendation_clicks"] = ("tap", "")
    called["count_recommendation_views"] = ("recommendation_view", "")
    for name, events in called.items():
        metric = Metric.objects.get(name=name)
        assert (metric.event_name, metric.after) == events


@pytest.mark.parametrize(
    "pair", ["sale=x", "purchase", "purchase=", "=x", "purchase=recommendation_click"]
)
def test_a_renaming_that_means_nothing_is_refused(pair):
    with pytest.raises(CommandError):
        call_command("load_catalogue", "--event", pair)
    assert rows() == []


def test_the_order_of_kpis_is_that_of_the_page():
    load()
    assert [kpi.name for kpi in KPI.objects.in_order()] == [
        *("direct_revenue", "total_revenue", "direct_revenue_share", "aov"),
        *("conversion_rate", "click_through_rate", "revenue_per_session"),
        *("count_orders", "count_sessions", "new_users"),
    ]


def test_the_catalogue_counts_a_shop_s_events():
    load()
    shop = namespace()
    arrive(
        shop,
        [
            event("recommendation_view", item="hat"),
            event("recommendation_click", item="hat"),
            event("product_view", user=2),
            event("purchase", value="12.5", item="hat", order="1"),
            event("purchase", value="7.5", item="tie", order="1"),
            event("purchase", value="5", item="hat", user=3),
        ],
    )
    aggregate(shop)
    found = {
        name: stored(shop, name)
        for name in Metric.objects.values_list("name", flat=True)
    }
    assert {name: buckets.get(NOON) for name, buckets in found.items()} == {
        "total_revenue": 25,
        "direct_revenue": Decimal("12.5"),
        "count_orders": 2,
        "count_direct_orders": 1,
        "count_sessions": 3,
        "count_sessions_w_purchases": 2,
        "count_recommendation_views": 1,
        "count_recommendation_clicks": 1,
        "count_product_views": 1,
        "count_new_users": 3,
    }


def test_metrics_that_were_there_before_any_event_need_no_rebuild(capsys):
    call_command("load_catalogue")
    assert not [metric.name for metric in Metric.objects.all() if metric.stale]
    assert "rebuild" not in capsys.readouterr().out


def test_metrics_that_come_after_events_are_named_for_a_rebuild(capsys):
    load()
    Metric.objects.filter(name__in=["count_orders", "direct_revenue"]).delete()
    arrive(namespace(), [event("purchase")])
    call_command("load_catalogue")
    assert capsys.readouterr().out.splitlines() == [
        "2 metrics and KPIs added",
        "events came before: run manage.py rebuild count_orders direct_revenue",
    ]
    stale = [metric.name for metric in Metric.objects.all() if metric.stale]
    assert stale == ["count_orders", "direct_revenue"]


@pytest.mark.parametrize(
    ("events", "problem"),
    [
        (["purchse=paid"], "named 'purchse'; did you mean purchase?"),
        (["purchase=paid", "purchase=order"], "expected purchase once"),
        (["purchase"], "such as purchase=my_purchase"),
        ([f"purchase={'x' * 201}"], "yours of 1 to 200 characters"),
        (["purchase=click", "product_view=click"], "two events cannot have one name"),
    ],
)
def test_names_that_say_nothing_are_refused(events: list[str], problem: str) -> None:
    with pytest.raises(CommandError) as caught:
        call_command("load_catalogue", event=events)
    assert problem in str(caught.value)
    assert not Metric.objects.exists()
