"""POST tasks/private/analytics_report_export/: what is taken, and what is refused."""

from time import monotonic
from typing import Any

import pytest
from django.conf import settings
from kombu import Connection

from accounts.models import Namespace
from analytics.models import KPI, Kind, Report, Status
from analytics.reports import plans
from segmentation.models import Segment, Segmentation
from tests.analytics.builders import DAY, NOON, fill, kpi, metric
from tests.analytics.reports.reporting import URL, seconds

pytestmark = pytest.mark.django_db
EXAMPLE = {
    "segmentation_id": "reg34te",
    "kpis": ["aov", "orders"],
    "metrics": ["revenue"],
    "start_timestamp": 1616962929.0,
    "end_timestamp": 1617400199,
    "granularity": "1d",
    "timezone": "Europe/Paris",
    "format": "xlsx",
}
DAILY = {"granularity": "1d"}
YEARS = {"start_timestamp": 0, "end_timestamp": seconds(2026, 1, 1)}


@pytest.fixture(autouse=True)
def _catalogue(shop):
    metric("revenue", Kind.SUM, "buy", unit="usd")
    metric("orders", Kind.COUNT, "buy")
    kpi("aov", "revenue / orders")
    kpi("orders", "orders")


@pytest.fixture(autouse=True)
def queue():
    """Says how many tasks wait for a worker."""
    with Connection(settings.SECRET_REDIS_URL) as broker:
        channel: Any = broker.default_channel
        redis = channel.client
        redis.delete("background")
        yield lambda: redis.llen("background")
        redis.delete("background")


@pytest.fixture
def cut(shop):
    leaf = {"type": "analytics"}
    one = Segmentation.objects.create(
        id="reg34te", namespace=shop, name="s", tree=leaf, created_at=NOON
    )
    return Segment.objects.create(segmentation=one, position=0, path="all")


def post(client, payload=None, **body):
    sent = body if payload is None else {"payload": payload, **body}
    return client.post(URL, sent, format="json")


def refused(answer):
    """Returns what was wrong with the payload, by field."""
    assert answer.status_code == 400, answer.content
    assert answer.json()["error_name"] == "WrongData"
    assert not Report.objects.exists()
    found: dict[str, Any] = answer.json()["error_data"]["query"]
    return found


def test_a_report_is_asked_for_and_waits_in_its_row(manager, shop, cut):
    answer = post(manager, EXAMPLE)
    assert answer.status_code == 202
    one = Report.objects.get()
    assert answer.json() == {"task_id": one.pk}
    assert len(one.pk) == 20
    assert one.payload == EXAMPLE
    assert (one.status, one.namespace) == (Status.REQUEST_SENT, shop)
    assert (str(one.requested_by), one.schedule) == ("manager", None)


@pytest.mark.parametrize("body", [{}, {"payload": {}}, {"payload": None}])
def test_everything_is_optional(manager, body):
    assert post(manager, **body).status_code == 202
    assert Report.objects.get().payload == {"format": "csv", "timezone": "UTC"}


def test_an_empty_body_is_fine(manager):
    assert manager.post(URL).status_code == 202
    assert manager.post("/v1" + URL).status_code == 400  # a duplicate, that is


def test_null_and_empty_lists_are_as_good_as_absent(manager):
    names: dict[str, Any] = {
        "kpis": [],
        "metrics": None,
        "timezone": None,
        "start_timestamp": None,
    }
    assert post(manager, names).status_code == 202
    assert Report.objects.get().payload == {"format": "csv", "timezone": "UTC"}


def test_names_are_told_once_in_their_order(manager):
    post(manager, {"metrics": ["revenue", "orders", "revenue"]})
    assert Report.objects.get().payload["metrics"] == ["revenue", "orders"]


def test_the_same_report_is_refused_while_it_is_made(manager, root, shop):
    assert post(manager, DAILY).status_code == 202
    answer = post(manager, {**DAILY, "format": "csv", "kpis": None})
    assert answer.status_code == 400
    assert answer.json() == {
        "error_code": 42,
        "error_name": "DuplicatedError",
        "message": "The task analytics_report_export is duplicated",
        "error_data": {
            "type": "task",
            "key": "analytics_report_export",
            "name": "TASK_ALREADY_RUNNING",
        },
    }
    assert post(manager, {**DAILY, "format": "json"}).status_code == 202
    Namespace.objects.create(name="other")
    assert post(root, DAILY, namespace="other").status_code == 202
    Report.objects.update(status=Status.COMPLETED, finished_at=NOON)
    assert post(manager, DAILY).status_code == 202


def test_unknown_names_are_skipped_with_a_warning(manager):
    answer = post(manager, {"kpis": ["aov", "a"], "metrics": ["b"]})
    assert answer.status_code == 202
    assert answer.json()["warnings"] == ["unknown KPI: a", "unknown metric: b"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("segmentation_id", "unknown1"),
        ("segmentation_id", ["reg34te"]),
        ("segmentation_id", "é" * 65),
        ("kpis", "aov"),
        ("kpis", {"aov": 1}),
        ("kpis", [["aov"]]),
        ("kpis", ["a" * 201]),
        ("kpis", ["a"] * 1001),
        ("metrics", [None]),
        ("metrics", [""]),
        ("start_timestamp", "noon"),
        ("start_timestamp", True),
        ("start_timestamp", "1616962929"),
        ("start_timestamp", 1e300),
        ("end_timestamp", -1e300),
        ("end_timestamp", [1]),
        ("granularity", "2d"),
        ("granularity", {"a": 1}),
        ("timezone", "Mars/Phobos"),
        ("timezone", 5),
        ("timezone", ["UTC"]),
        ("timezone", "../../etc/passwd"),
        ("timezone", "a" * 10_000),
        ("format", "pdf"),
        ("format", ["csv"]),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_stored(manager, field, value):
    assert list(refused(post(manager, {field: value}))["payload"]) == [field]


@pytest.mark.parametrize("payload", [[], "csv", 5, [{}]])
def test_a_payload_that_is_no_object_is_refused(manager, payload):
    assert list(refused(post(manager, payload))["payload"]) == ["non_field_errors"]


def test_a_span_that_ends_before_its_start_is_refused(manager):
    span = {"start_timestamp": 5, "end_timestamp": 4}
    assert "non_field_errors" in refused(post(manager, span))["payload"]


def test_another_namespaces_segmentation_is_unknown(root, cut):
    Namespace.objects.create(name="other")
    answer = post(root, {"segmentation_id": cut.segmentation_id}, namespace="other")
    [told] = refused(answer)["payload"]["segmentation_id"]
    assert told == "The segmentation reg34te does not exist."


def test_too_many_cells_are_refused_at_once(manager, shop):
    [told] = refused(post(manager, {**YEARS, "granularity": "5m"}))["payload"][
        "granularity"
    ]
    assert "at most 110,000" in told
    fill(shop.pk, "orders", {NOON - 800 * DAY: 1})  # where the default span begins
    assert post(manager, {"granularity": "5m"}).status_code == 400
    year = {"start_timestamp": seconds(2024, 1, 1), "granularity": "5m"}
    year["end_timestamp"] = seconds(2025, 1, 1)
    assert post(manager, year).status_code == 202  # a leap year


@pytest.mark.parametrize("limit", ["MAX_NUMBERS", "MAX_COLUMNS"])
def test_more_than_a_file_holds_is_refused_at_once(manager, monkeypatch, limit):
    span = {
        "start_timestamp": seconds(2026, 1, 1),
        "end_timestamp": seconds(2026, 1, 3),
    }
    monkeypatch.setattr(plans, limit, {"MAX_NUMBERS": 3, "MAX_COLUMNS": 1}[limit])
    [told] = refused(post(manager, {**DAILY, **span}))["payload"]["granularity"]
    assert told.startswith("The report would have ")
    assert post(manager, {**DAILY, **span, "kpis": ["aov"]}).status_code == 202


def test_the_namespace_is_that_of_the_body(root, manager, stranger, shop):
    assert post(root, {}, namespace="shop").status_code == 202
    assert Report.objects.get().namespace == shop
    assert post(root, {}, namespace="nowhere").status_code == 404
    assert post(root, {}, namespace="a\nb").status_code == 400
    assert post(stranger, {}, namespace="shop").status_code == 403


def test_a_worker_is_woken_after_the_commit(
    manager, queue, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        assert post(manager).status_code == 202
        assert queue() == 0
    assert queue() == 1


def test_a_dead_queue_delays_the_report_and_nothing_else(
    manager, settings, caplog, django_capture_on_commit_callbacks
):
    settings.SECRET_REDIS_URL = "redis://127.0.0.1:1/0"
    started = monotonic()
    with django_capture_on_commit_callbacks(execute=True):
        assert post(manager).status_code == 202
    assert monotonic() - started < 1.5
    assert "Connection refused" in caplog.text
    assert Report.objects.get().status == Status.REQUEST_SENT


@pytest.mark.parametrize("name", ["ml_model_retrain", "analytics", "recents"])
def test_another_task_is_wrong_data(manager, name):
    answer = manager.post(f"/tasks/private/{name}/", {}, format="json")
    assert answer.status_code == 400
    assert answer.json()["error_name"] == "WrongData"
    assert answer.json()["error_data"]["name"] == "WRONG_DATA_TYPE"
    assert name in answer.json()["error_data"]["error"]


def test_the_task_may_be_written_as_one_quoted_name(manager):
    answer = manager.post("/tasks/private%2Fanalytics_report_export/")
    assert answer.status_code == 202


def test_asking_costs_the_same_for_any_span(manager, shop, django_assert_num_queries):
    KPI.objects.all().delete()
    for payload in ({"start_timestamp": seconds(2026, 3, 1)}, YEARS):
        with django_assert_num_queries(9):  # two for the quota
            assert post(manager, payload).status_code == 202
