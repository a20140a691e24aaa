"""How much of reports there may be: waiting, in a file, on the disk."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection

from accounts.models import Namespace
from analytics.models import Kind, Report, ReportMail, ReportSchedule, Status
from analytics.reports import expiry, exports, queue
from db import sql
from tests.analytics.builders import DAY, NOON, fill, kpi, metric
from tests.analytics.reports.reporting import URL, asked, claimed, work
from tests.pipeline.processes import until, waiting_for
from tests.transactions import elsewhere

pytestmark = pytest.mark.django_db
SPAN = {"start_timestamp": (NOON - 30 * DAY).timestamp(), "granularity": "1d"}


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.FILES_DIR = tmp_path
    settings.STORAGES = settings.STORAGES | {
        "default": settings.LOCAL_FILES | {"OPTIONS": {"location": tmp_path}}
    }
    return tmp_path


@pytest.fixture(autouse=True)
def numbers(shop):
    metric("orders", Kind.COUNT, "buy")
    kpi("orders", "orders")
    fill(shop.pk, "orders", {NOON - n * DAY: n + 1 for n in range(20)})


def request(client, number=0, **fields):
    payload = {"kpis": ["orders"], "end_timestamp": NOON.timestamp() + number}
    return client.post(URL, {"payload": payload, **fields}, format="json")


def test_so_many_reports_of_a_namespace_wait_and_no_more(manager, root, shop):
    for number in range(queue.MAX_OPEN):
        asked(shop, n=number)
    Namespace.objects.create(name="free")
    answer = request(manager)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "30"
    body = answer.json()
    assert (body["error_code"], body["error_name"]) == (2, "TooManyRequests")
    assert "20 reports of this namespace wait to be made" in body["error_data"]["error"]
    assert request(root, namespace="free").status_code == 202
    Report.objects.filter(payload__n=3).update(
        status=Status.CANCELLED, finished_at=NOON
    )
    assert request(manager).status_code == 202
    assert request(manager, number=1).status_code == 429


def test_so_many_reports_of_an_account_wait_and_no_more(root, manager):
    Namespace.objects.create(name="other")
    for number in range(queue.MAX_OPEN_OF_ACCOUNT):
        name = "shop" if number % 2 else "other"
        assert request(root, number, namespace=name).status_code == 202
    answer = request(root, 99, namespace="shop")
    assert answer.status_code == 429
    assert "10 reports of this account" in answer.json()["error_data"]["error"]
    assert request(manager, 99).status_code == 202


def test_a_schedule_is_not_kept_from_its_report_by_those_who_ask(shop):
    for number in range(queue.MAX_OPEN):
        asked(shop, n=number)
    schedule = ReportSchedule.objects.create(
        namespace=shop, frequency="daily", created_at=NOON
    )
    payload = {"format": "csv"}
    made = queue.request(
        namespace_id=shop.pk, payload=payload, user=None, at=NOON, schedule=schedule
    )
    assert made.status == Status.REQUEST_SENT


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["csv", "xlsx", "json"])
def test_a_file_that_grows_too_long_is_given_up(shop, files, monkeypatch, kind):
    monkeypatch.setattr(exports, "MAX_BYTES", 200)
    asked(shop, format=kind, **SPAN)
    report = work()
    assert report.status == Status.FAILED
    assert report.message == exports.TOO_LONG
    assert [path for path in files.rglob("*") if path.is_file()] == []


def kept(namespace, size, *, age, **fields):
    """Returns a completed report with a file of some megabytes, as it says."""
    name = f"reports/{size}-{age.days}.csv"
    fields |= {"status": Status.COMPLETED, "finished_at": NOON - age, "file": name}
    report = asked(namespace, size=size, age=age.days)
    Report.objects.filter(pk=report.pk).update(size=size * 1_000_000, **fields)
    report.refresh_from_db()
    path = Path(report.file.path)
    path.parent.mkdir(exist_ok=True)
    path.touch()
    return report


def test_a_namespace_keeps_so_many_bytes_of_its_newest_files(
    shop, settings, manager, files
):
    settings.REPORT_MEGABYTES = 10
    other = Namespace.objects.create(name="other")
    sizes = {3: 6, 2: 4, 1: 5}  # by age in days
    old, middle, new = (kept(shop, size, age=age * DAY) for age, size in sizes.items())
    theirs = kept(other, 9, age=9 * DAY)
    expiry.expire(at=NOON)
    left = {path.name for path in (files / "reports").iterdir()}
    assert left == {Path(one.file.name).name for one in (middle, new, theirs)}
    answer = manager.get(f"{URL}{old.pk}/download/")
    assert answer.status_code == 404
    assert "ask for the report again" in answer.json()["message"]
    assert Report.objects.get(pk=old.pk).message == expiry.NO_ROOM


def test_the_newest_file_and_what_is_still_to_be_mailed_stay(shop, settings):
    settings.REPORT_MEGABYTES = 10
    schedule = ReportSchedule.objects.create(
        namespace=shop, frequency="daily", created_at=NOON
    )
    mail = {"schedule": schedule, "period_start_at": NOON - 9 * DAY}
    to_mail = kept(shop, 20, age=3 * DAY, **mail)
    mailed = kept(shop, 19, age=2 * DAY, **mail | {"period_start_at": NOON})
    ReportMail.objects.create(report=mailed, due_at=NOON, attempts=1, mailed_at=NOON)
    newest = kept(shop, 18, age=DAY)
    assert expiry.make_room(namespace_id=shop.pk) == 1
    with_files = Report.objects.exclude(file="")
    assert {one.pk for one in with_files} == {to_mail.pk, newest.pk}
    assert mailed.pk not in {one.pk for one in with_files}


@pytest.mark.django_db(transaction=True)
def test_a_new_file_makes_room_at_once(shop, settings):
    settings.REPORT_MEGABYTES = 0
    old = kept(shop, 1, age=DAY)
    asked(shop, **SPAN)
    report = work()
    assert report.file
    assert not Report.objects.get(pk=old.pk).file


@pytest.mark.django_db(transaction=True)
def test_a_report_is_held_as_long_as_its_numbers_are_read(shop, monkeypatch):
    monkeypatch.setattr(exports, "RENEWAL", 0.01)
    times = iter(NOON + timedelta(seconds=n) for n in range(1_000_000))

    def clock() -> datetime:
        return next(times)

    asked(shop, **SPAN)
    report = claimed()

    def make():
        try:
            exports.make(report, clock=clock)
        finally:
            connection.close()

    lock = "LOCK TABLE analytics_bucket IN ACCESS EXCLUSIVE MODE"
    with ThreadPoolExecutor(1) as pool:
        with elsewhere(lambda: sql.execute(lock)):
            made = pool.submit(make)
            until(lambda: waiting_for("analytics_bucket"))
            long_after = NOON + queue.HOLD + timedelta(seconds=9)
            until(lambda: Report.objects.filter(held_until__gt=long_after).exists())
            assert queue.claim(at=long_after) is None
        made.result()
    assert Report.objects.get().status == Status.COMPLETED


def test_a_file_that_the_storage_does_not_delete_stops_no_other(shop, files):
    stuck, old = (kept(shop, 1, age=age * DAY) for age in (99, 98))
    path = Path(stuck.file.path)
    path.unlink()
    (path / "in the way").mkdir(parents=True)
    assert expiry.expire(at=NOON) == 1
    assert [one.pk for one in Report.objects.all()] == [stuck.pk]
    assert not Path(old.file.path).exists()
    (path / "in the way").rmdir()
    assert expiry.expire(at=NOON) == 1
