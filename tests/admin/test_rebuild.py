"""Staff see which metrics need a rebuild, ask for one, and follow it."""

from time import monotonic
from typing import Any

import pytest
from django.conf import settings
from kombu import Connection

from analytics.models import Backfill, Carried, Kind, Metric

pytestmark = pytest.mark.django_db
LIST, BACKFILLS = "/admin/analytics/metric/", "/admin/analytics/metricbackfill/"
FORM = {"kind": "sum", "event_name": "purchase", "unit": "usd", "active": "on"}


@pytest.fixture
def metric(t0):
    return Metric.objects.create(name="revenue", built_as="sum purchase", **fields())


def fields(**changes):
    return {**FORM, "active": True, **changes}


def change(staff, metric, **changes):
    form = {name: value for name, value in (FORM | changes).items() if value}
    response = staff.post(f"{LIST}{metric.pk}/change/", form, follow=True)
    metric.refresh_from_db()
    return [str(message) for message in response.context["messages"]]


def rebuild(staff, *metrics):
    form = {"action": "rebuild", "_selected_action": [one.pk for one in metrics]}
    response = staff.post(LIST, form, follow=True)
    return [str(message) for message in response.context["messages"]]


def built(staff):
    found = staff.get(LIST).context["cl"]
    return {one.name: found.model_admin.built(one) for one in found.result_list}


def test_the_list_says_what_needs_a_rebuild_and_how_far_it_is(staff, metric, t0):
    Metric.objects.create(name="new", **fields())
    Metric.objects.create(name="pushed", **fields(kind="external", event_name=""))
    expected = {"new": "needs rebuild", "pushed": "pushed", "revenue": "as defined"}
    assert built(staff) == expected
    new = Metric.objects.get(name="new")
    Backfill.objects.create(metric=new, requested_at=t0, finished_at=t0, total=3)
    one = Backfill.objects.create(metric=new, requested_at=t0)
    assert built(staff)["new"] == "rebuilding 0 %"
    Backfill.objects.filter(pk=one.pk).update(done=2, total=5)
    assert built(staff)["new"] == "rebuilding 40 %"


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "count"},
        {"event_name": "order"},
        {"kind": "sessions", "event_name": ""},
    ],
)
def test_an_edited_definition_needs_a_rebuild(staff, metric, changes):
    [warning, _] = change(staff, metric, **changes)
    assert "revenue needs a rebuild" in warning
    assert "missing_data" in warning
    assert metric.stale


def test_a_definition_that_is_edited_and_put_back_needs_one_too(staff, metric):
    """In between, new events may have been aggregated by the other one."""
    change(staff, metric, kind="count")
    assert "needs a rebuild" in change(staff, metric)[0]
    assert metric.stale


def test_a_metric_that_was_off_for_a_while_needs_one_too(staff, metric):
    assert len(change(staff, metric, active="")) == 1
    assert built(staff) == {"revenue": "-"}
    assert "needs a rebuild" in change(staff, metric)[0]
    assert metric.stale


def test_what_changes_no_value_needs_none(staff, metric):
    assert len(change(staff, metric, description="Ours", unit="count")) == 1
    assert not metric.stale


def test_an_edited_definition_forgets_users_carried_over_by_the_former(
    staff, shop, metric, t0
):
    metric.kind, metric.event_name = Kind.UNIQUE, ""
    metric.save()
    Carried.objects.create(namespace=shop, metric=metric, start_at=t0, value=3)
    change(staff, metric, kind="unique", event_name="", description="Ours")
    assert Carried.objects.exists()
    change(staff, metric, kind="unique", event_name="purchase")
    assert not Carried.objects.exists()


def test_a_new_metric_is_said_to_need_one(staff):
    response = staff.post(f"{LIST}add/", FORM | {"name": "new"}, follow=True)
    warning, _ = map(str, response.context["messages"])
    assert "new needs a rebuild" in warning


@pytest.fixture
def waiting():
    """Says how many tasks wait in the queue."""
    with Connection(settings.SECRET_REDIS_URL) as broker:
        channel: Any = broker.default_channel
        redis = channel.client
        redis.delete("background")
        yield lambda: redis.llen("background")
        redis.delete("background")


def test_the_action_asks_for_a_rebuild_and_wakes_a_worker_after_the_commit(
    staff, metric, waiting, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        [told] = rebuild(staff, metric)
        assert waiting() == 0
    assert waiting() == 1
    assert "Older buckets stay" in told
    rebuild(staff, metric)
    assert [one.metric for one in Backfill.objects.all()] == [metric]


def test_a_wake_up_that_gets_lost_is_no_error_and_costs_no_time(
    staff, metric, settings, caplog, django_capture_on_commit_callbacks
):
    settings.SECRET_REDIS_URL = "redis://127.0.0.1:1/0"
    started = monotonic()
    with django_capture_on_commit_callbacks(execute=True):
        assert "Older buckets stay" in rebuild(staff, metric)[0]
    assert monotonic() - started < 1.5  # Redis is tried once
    assert "Connection refused" in caplog.text
    assert Backfill.objects.get().finished_at is None


def test_what_is_not_computed_is_refused_with_the_reason(staff, metric):
    pushed = Metric.objects.create(
        name="pushed", **fields(kind="external", event_name="")
    )
    [told] = rebuild(staff, metric, pushed)
    assert "pushed is external" in told
    assert not Backfill.objects.exists()


def test_who_may_only_look_rebuilds_nothing(visitor, metric):
    form = {"action": "rebuild", "_selected_action": [metric.pk]}
    assert visitor.get(LIST).status_code == 200
    visitor.post(LIST, form)
    assert not Backfill.objects.exists()


def test_backfills_show_how_far_they_are(staff, metric, t0):
    Backfill.objects.create(metric=metric, requested_at=t0, done=1_200, total=4_000)
    page = staff.get(BACKFILLS).text
    assert "1,200 of 4,000 days" in page
    assert ">revenue<" in page


def test_those_of_metrics_and_of_segmentations_have_a_page_each(staff, rows):
    rows(1)
    for model, name in (
        ("metricbackfill", "metric_0"),
        ("segmentbackfill", "segmentation 0"),
    ):
        page = staff.get(f"/admin/analytics/{model}/")
        [row] = page.context["cl"].result_list
        assert str(row.metric or row.segmentation) == name
        assert "1 of " in page.text
