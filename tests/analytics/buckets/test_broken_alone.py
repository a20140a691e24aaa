"""What was stored and cannot be read any more fails alone, wherever it is met."""

import io

import pytest
import time_machine
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection

from analytics.buckets import backfill, sweep
from analytics.models import KPI, Kind, Metric, ReportSchedule
from analytics.reconciliation import services as verification
from analytics.reports import mails, schedules
from analytics.reports.plans import PlanError
from segmentation.models import Segmentation
from tests.admin.conftest import session
from tests.analytics.builders import (
    DAY,
    HOUR,
    NOON,
    aggregate,
    arrive,
    event,
    fill,
    kpi,
    metric,
    stored,
)
from tests.analytics.kinds.segmented import ab_test, leaf, segmented, split
from tests.analytics.reports.reporting import document, written
from timegrid.buckets import Span

pytestmark = pytest.mark.django_db

UNREADABLE = "KPI broken has a formula that cannot be read"
KPIS = "/analytics/kpis/values/"


@pytest.fixture(autouse=True)
def now():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture(autouse=True)
def catalogue(shop) -> None:
    """A KPI that is fine, and one whose formula is no formula."""
    metric("orders", Kind.COUNT, "buy")
    kpi("orders", "orders", position=1)
    kpi("broken", "2 ** 3 +", position=2)
    fill(shop.pk, "orders", {NOON - DAY: 7})


@pytest.fixture
def staff(db):
    """Root, logged in to the admin."""
    return session("root", name="staff")


@pytest.fixture
def cut(shop):
    ab_test(shop.pk, "one", share_a=40, share_b=40, start_at=NOON - 9 * DAY)
    return segmented(shop.pk, split("one", leaf(), leaf(), leaf()), name="mine")


def read(client, url, **query):
    answer = client.get(url, query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_its_values_are_gaps_with_a_warning(manager):
    found = read(manager, KPIS, compare="previous_period", granularity="1d")
    fine, broken = found["kpis"]
    assert fine["aggregate"] == 7
    assert broken["aggregate"] is broken["previous"]["aggregate"] is None
    assert set(broken["values"]) == {None}
    assert found["warnings"] == [UNREADABLE]


def test_it_is_missing_config_and_names_no_metric(manager):
    found = read(manager, "/analytics/kpis/status/")
    assert found["warnings"] == [UNREADABLE]
    fine, broken = found["statuses"]
    assert (fine["status"], broken["status"]) == ("ok", "missing_config")
    configs = read(manager, "/analytics/kpis/configs/")
    assert [one["metrics"] for one in configs["kpis"]] == [["orders"], []]
    assert configs["warnings"] == [UNREADABLE]


def test_it_is_explained_as_far_as_it_goes_and_others_whole(manager):
    found = read(manager, "/analytics/kpis/broken/explain/")
    assert found["formula"] == "2 ** 3 +"
    assert (found["aggregate"], found["metrics"]) == (None, [])
    assert UNREADABLE in found["warnings"]
    assert read(manager, "/analytics/kpis/orders/explain/")["aggregate"] == 7


def test_it_is_not_computable_in_a_comparison(manager, shop, cut):
    backfill.advance_next(at=NOON)
    while backfill.advance_next(at=NOON):
        pass
    arrive(shop.pk, [event("buy", NOON, user=user) for user in range(50)])
    aggregate(shop.pk)
    url = f"/analytics/segmentations/params/{cut.id}/comparison/"
    with time_machine.travel(NOON + DAY, tick=False):
        [found] = read(manager, url)["comparisons"]
    verdicts = {one["kpi"]: one["verdict"] for one in found["kpis"]}
    assert verdicts["broken"] == "not_computable"
    assert verdicts["orders"] != "not_computable"


@pytest.mark.parametrize("form", ["csv", "xlsx", "json"])
def test_a_report_has_its_column_empty(shop, tmp_path, form):
    assert written(tmp_path, shop, format=form, granularity="1d")
    if form == "json":
        found = document(written(tmp_path, shop, format=form))
        assert found["warnings"] == [UNREADABLE]
        assert [one["aggregate"] for one in found["kpis"]] == [7, None]


def test_a_mail_says_so_and_has_the_others(shop, settings, tmp_path):
    settings.FILES_DIR = tmp_path
    one = ReportSchedule.objects.create(
        namespace=shop,
        name="daily",
        frequency="daily",
        recipients=["a@example.com"],
        created_at=NOON - 9 * DAY,
    )
    payload = schedules.payload(one, schedules.last(one, at=NOON))
    fine, broken = mails.summary(one, payload=payload, now=NOON)["lines"]
    assert (fine.value, fine.fault) == ("7", "")
    assert broken.fault == "its formula cannot be read"


@pytest.mark.parametrize("path", ["", "?q=broken", "{pk}/change/"])
def test_staff_find_it_in_the_admin(staff, path):
    pk = KPI.objects.get(name="broken").pk
    url = f"/admin/analytics/kpi/{path.format(pk=pk)}"
    assert staff.get(url).status_code == 200


def test_checks_and_commands_go_on(shop, tmp_path):
    told = io.StringIO()
    call_command("export_buckets", "--namespace", shop.name, str(tmp_path / "file"))
    with pytest.raises(SystemCheckError, match="The KPI broken cannot be relied on"):
        call_command("check", "--database", "default", stdout=told, stderr=told)


def test_a_metric_of_a_unit_that_there_is_not_breaks_no_other(manager, staff):
    metric("odd", Kind.COUNT, "view", unit="ducats")
    kpi("odd", "odd", unit="ducats")
    names = {one["kpi"] for one in read(manager, KPIS)["kpis"]}
    assert names == {"orders", "broken", "odd"}
    for model in (KPI, Metric):
        pk = model.objects.get(name="odd").pk
        name = model._meta.model_name
        assert staff.get(f"/admin/analytics/{name}/{pk}/change/").status_code == 200
    faults = KPI.objects.faults({"orders": "count", "odd": "ducats"})
    assert set(faults) == {"broken", "odd"}


def test_a_metric_of_a_kind_that_there_is_not_is_not_computed(manager, shop):
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE analytics_metric DROP CONSTRAINT metric_kind_is_known,"
            " DROP CONSTRAINT metric_names_no_event"
        )
    metric("odd", Kind.COUNT, "view")
    Metric.objects.filter(name="odd").update(kind="median", built_as="median view")
    kpi("odd", "odd")
    arrive(shop.pk, [event("buy"), event("view")])
    aggregate(shop.pk)
    assert sum(stored(shop.pk, "orders").values()) == 8
    states = read(manager, "/analytics/kpis/status/")["statuses"]
    assert [one["status"] for one in states] == [
        "missing_config",
        "ok",
        "missing_config",
    ]
    assert read(manager, "/analytics/kpis/odd/explain/")["aggregate"] == 0
    day = Span(NOON - 12 * HOUR, NOON + 12 * HOUR)
    held = Span(day.start_at - 5 * DAY, day.end_at)
    assert not verification.recomputed(namespace_id=shop.pk, day=day, held=held)


TREES = [{}, [], 5, {"type": "ab_test"}, {"type": "analytics", "more": 1}]


@pytest.mark.parametrize("tree", TREES)
def test_a_segmentation_whose_tree_cannot_be_read_stops_nothing(
    manager, staff, shop, cut, tree, tmp_path
):
    Segmentation.objects.filter(pk=cut.id).update(tree=tree)
    other = segmented(shop.pk, split("one", leaf(), leaf(), leaf()), name="other")
    arrive(shop.pk, [event("buy")])
    aggregate(shop.pk)
    assert sum(stored(shop.pk, "orders").values()) >= 8
    backfill.advance_next(at=NOON)
    sweep.sweep(at=NOON)
    assert read(manager, KPIS, segmentation=other.id)["kpis"]
    refused = manager.get(KPIS, {"segmentation": cut.id})
    assert refused.status_code == 400
    assert "cannot be read" in str(refused.json()["error_data"])
    url = f"/analytics/segmentations/params/{cut.id}/comparison/"
    assert manager.get(url).status_code == 400
    listed = read(manager, "/analytics/segmentations/params/")["segmentations"]
    assert any("cannot be read" in str(one.get("warnings")) for one in listed)
    assert manager.get("/analytics/ab-tests/").status_code == 200
    for path in ("", f"{cut.id}/change/"):
        admin = staff.get(f"/admin/segmentation/segmentation/{path}")
        assert admin.status_code == 200
    with pytest.raises(PlanError):
        written(tmp_path, shop, segmentation_id=cut.id)


def test_a_schedule_in_a_zone_that_there_is_not_stops_no_other(shop, staff):
    place = {"namespace": shop, "recipients": ["a@example.com"], "frequency": "daily"}
    for name, zone in (("a", "Mars/Olympus"), ("b", "UTC")):
        ReportSchedule.objects.create(
            name=name, timezone=zone, created_at=NOON - 9 * DAY, **place
        )
    [made] = schedules.make_due(at=NOON)
    assert str(made.schedule) == "b"
    page = staff.get("/admin/analytics/reportschedule/")
    assert "there is no time zone" in page.content.decode()
    broken = ReportSchedule.objects.get(name="a")
    url = f"/admin/analytics/reportschedule/{broken.pk}/"
    assert staff.get(f"{url}preview/").status_code == 409
    assert staff.get(f"{url}change/").status_code == 200
