"""GET tasks/private/analytics_report_export/…: followed, downloaded, cancelled."""

import base64
import hashlib

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from accounts.models import Namespace
from analytics.models import Report, Status
from analytics.reports import expiry, queue
from tests.analytics.builders import MINUTE, NOON
from tests.analytics.reports.reporting import URL, asked

pytestmark = pytest.mark.django_db
RAW = b"start,aov\r\ntotal,1.5\r\n"
SHA256 = hashlib.sha256(RAW).hexdigest()
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.STORAGES = settings.STORAGES | {
        "default": settings.LOCAL_FILES | {"OPTIONS": {"location": tmp_path}}
    }


@pytest.fixture
def report(shop):
    return asked(shop)


def become(report, status, **fields):
    ended = status not in {Status.REQUEST_SENT, Status.RUNNING}
    fields |= {"status": status, "finished_at": NOON if ended else None}
    Report.objects.filter(pk=report.pk).update(**fields)


def complete(report, kind="csv", raw=RAW):
    name = default_storage.save(f"reports/random.{kind}", ContentFile(raw))
    become(
        report,
        Status.COMPLETED,
        payload=report.payload | {"format": kind},
        file=name,
        file_name=f"report_2026-03-01_2026-03-31.{kind}",
        progress=100,
        size=len(raw),
        sha256=hashlib.sha256(raw).hexdigest(),
    )


def get(client, report, end="", **query):
    return client.get(f"{URL}{report.pk}/{end}", query)


def test_a_report_tells_how_far_it_is(backend, report):
    expected = {
        "task_id": report.pk,
        "name": "analytics_report_export",
        "start_time": NOON.timestamp(),
        "status": "REQUEST_SENT",
        "progress": "0 %",
        "format": "csv",
        "payload": {"format": "csv", "timezone": "UTC"},
    }
    assert get(backend, report).json() == expected
    become(report, Status.RUNNING, progress=37)
    running = expected | {"status": "RUNNING", "progress": "37 %"}
    assert get(backend, report).json() == running


def test_a_failed_report_tells_why_where_clients_look_for_it(manager, report):
    become(report, Status.FAILED, progress=37, message="disk full")
    body = get(manager, report).json()
    assert (body["status"], body["progress"]) == ("FAILED", "disk full")
    assert body["message"] == "disk full"


def test_a_completed_report_tells_where_its_file_is(manager, report):
    complete(report)
    body = get(manager, report).json()
    assert (body["status"], body["progress"]) == ("COMPLETED", "100 %")
    assert (body["size"], body["sha256"]) == (len(RAW), SHA256)
    assert b"".join(manager.get(body["download"])) == RAW


@pytest.mark.parametrize("kind", TYPES)
def test_a_file_is_streamed_with_its_name_and_checksum(manager, report, kind):
    complete(report, kind)
    answer = get(manager, report, "download/")
    assert answer.status_code == 200
    assert answer.streaming
    assert b"".join(answer) == RAW
    headers = answer.headers
    assert headers["Content-Type"] == TYPES[kind]
    assert headers["Content-Length"] == str(len(RAW))
    name = f"report_2026-03-01_2026-03-31.{kind}"
    assert headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert headers["ETag"] == f'"{SHA256}"'
    digest = base64.b64encode(hashlib.sha256(RAW).digest()).decode()
    assert headers["Digest"] == f"sha-256={digest}"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_file_comes_whatever_is_accepted(manager, report):
    complete(report)
    for accept in ("text/csv", "application/xml", "*/*"):
        url = f"{URL}{report.pk}/download/"
        answer = manager.get(url, headers={"Accept": accept})
        assert b"".join(answer) == RAW


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (Status.REQUEST_SENT, "waits to be made"),
        (Status.RUNNING, "is being made (37 %)"),
        (Status.FAILED, "disk full"),
        (Status.CANCELLED, "was cancelled"),
    ],
)
def test_until_it_is_completed_there_is_no_file(manager, report, status, told):
    become(report, status, progress=37, message="disk full")
    answer = get(manager, report, "download/")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/json"
    body = answer.json()
    assert (body["error_name"], body["error_data"]["type"]) == ("NotFoundError", "file")
    assert told in body["message"]


def test_a_file_that_is_gone_from_the_storage_is_not_found(manager, report):
    complete(report)
    default_storage.delete("reports/random.csv")
    answer = get(manager, report, "download/")
    assert answer.status_code == 404
    assert "ask for the report again" in answer.json()["message"]


def test_a_report_that_has_expired_is_not_found(manager, report, settings, tmp_path):
    settings.FILES_DIR = tmp_path
    complete(report)
    expiry.expire(at=NOON + (settings.REPORT_DAYS + 1) * 1440 * MINUTE)
    for end in ("", "download/"):
        answer = get(manager, report, end)
        assert answer.status_code == 404
        assert answer.json()["error_data"]["name"] == "TASK_NOT_FOUND"


def test_another_namespaces_report_does_not_exist(stranger, root, manager, report):
    complete(report)
    for end in ("", "download/"):
        answer = get(stranger, report, end)
        assert answer.status_code == 404
        assert answer.json()["error_data"] == {
            "type": "task",
            "key": report.pk,
            "name": "TASK_NOT_FOUND",
        }
        assert get(root, report, end, namespace="nowhere").status_code == 404
    assert b"".join(get(root, report, "download/")) == RAW
    assert b"".join(get(manager, report, "download/", namespace="shop")) == RAW
    assert stranger.delete(f"{URL}{report.pk}/").status_code == 404
    for unknown in ("4xBBB6qkqDbGdlyYRAjF", "a%00b"):
        assert manager.get(f"{URL}{unknown}/").status_code == 404


def test_a_report_of_another_own_namespace_is_none_of_the_one_that_is_named(
    root, report
):
    Namespace.objects.create(name="other")
    assert get(root, report, namespace="other").status_code == 404


def test_a_report_that_is_not_finished_can_be_cancelled(backend, report):
    for _ in range(2):
        assert backend.delete(f"{URL}{report.pk}/").status_code == 204
        assert get(backend, report).json()["status"] == "CANCELLED"
    assert queue.claim(at=NOON) is None


def test_a_finished_report_stays_as_it_is(backend, report):
    complete(report)
    assert backend.delete(f"{URL}{report.pk}/").status_code == 204
    assert get(backend, report).json()["status"] == "COMPLETED"


def recents(client, **query):
    answer = client.get(f"{URL}recents/", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_recents_come_page_by_page_the_newest_first(manager, shop):
    found = [asked(shop, at=NOON + n * MINUTE, n=n).pk for n in range(5)][::-1]
    asked(Namespace.objects.create(name="other"))
    first = recents(manager, amt=2)
    assert (first["has_next"], first["next_page"]) == (True, 2)
    assert [one["task_id"] for one in first["tasks"]] == found[:2]
    assert first["tasks"][0] == get(manager, Report(pk=found[0])).json()
    last = recents(manager, amt=2, page=3)
    assert (last["has_next"], last["next_page"]) == (False, 4)
    assert [one["task_id"] for one in last["tasks"]] == found[4:]
    assert recents(manager, page=9)["tasks"] == []
    assert not recents(manager, amt=5)["has_next"]


def test_a_page_has_fifty_reports_unless_told_otherwise(manager, shop):
    for n in range(51):
        queue.cancel(Report.objects.filter(pk=asked(shop, n=n).pk), at=NOON)
    assert len(recents(manager)["tasks"]) == 50
    assert len(recents(manager, amt=64)["tasks"]) == 51


def test_recents_can_be_of_one_status(manager, shop, report):
    asked(shop, n=1)
    become(report, Status.CANCELLED)
    [one] = recents(manager, status="CANCELLED")["tasks"]
    assert one["task_id"] == report.pk
    assert len(recents(manager, namespace="shop")["tasks"]) == 2


@pytest.mark.parametrize(
    "query",
    [
        *({"page": page} for page in ("0", "-1", "a", "9" * 30)),
        *({"amt": amt} for amt in ("0", "65", "a")),
        {"status": "DONE"},
    ],
)
def test_a_wrong_page_is_refused_and_named(manager, query):
    answer = manager.get(f"{URL}recents/", query)
    assert answer.status_code == 400
    assert list(answer.json()["error_data"]["query"]) == list(query)


def test_recents_cost_the_same_for_any_number(manager, shop, django_assert_num_queries):
    for number in range(9):
        asked(shop, n=number)
        with django_assert_num_queries(3):
            recents(manager)
