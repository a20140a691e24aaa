"""The queue of reports: claimed once, held, taken over, ended, forgotten."""

import os
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Namespace, User
from analytics.models import OPEN, Report, ReportSchedule, Status
from analytics.reports import expiry, queue, storing
from analytics.reports.queue import HOLD, DuplicateError, LostError
from analytics.reports.storing import StoredFile
from tests.analytics.builders import DAY, MINUTE, NOON
from tests.analytics.reports.reporting import asked, claimed

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
KEPT = StoredFile("reports/a.csv", 3, "00")
JSON = st.dictionaries(
    st.text(max_size=3), st.none() | st.floats(allow_nan=False) | st.text(max_size=3)
)


def row(report):
    return Report.objects.get(pk=report.pk)


@given(JSON, st.randoms())
def test_a_digest_knows_no_order_of_keys(payload, random):
    keys = list(payload)
    random.shuffle(keys)
    other = {key: payload[key] for key in keys}
    assert queue.digest(other) == queue.digest(payload)
    assert queue.digest({**payload, "more": 1}) != queue.digest(payload)


def test_a_report_is_made_in_the_order_of_requests(shop):
    later, first = asked(shop, at=NOON, n=1), asked(shop, at=NOON - MINUTE, n=2)
    assert [queue.claim(at=NOON), queue.claim(at=NOON)] == [first, later]
    assert queue.claim(at=NOON) is None


def test_a_claimed_report_is_running_and_held_for_a_minute(shop):
    user = User.objects.create(username="ada")
    queue.request(namespace_id=shop.pk, payload={}, user=user, at=NOON - MINUTE)
    one = claimed()
    assert (one.status, one.attempts, one.progress) == (Status.RUNNING, 1, 0)
    assert (one.started_at, one.held_until) == (NOON, NOON + HOLD)
    assert one.requested_by == user
    assert one.requested_at == NOON - MINUTE


def test_the_same_report_is_not_made_twice_at_once(shop):
    one = asked(shop, kpis=["a"])
    with pytest.raises(DuplicateError):
        asked(shop, kpis=["a"])
    asked(shop, kpis=["b"])
    asked(Namespace.objects.create(name="other"), kpis=["a"])
    queue.cancel(Report.objects.filter(pk=one.pk), at=NOON)
    asked(shop, kpis=["a"])


def test_a_schedule_has_one_report_of_a_period(shop):
    fields = {"recipients": ["a@b.c"], "created_at": NOON, "frequency": "daily"}
    schedule = ReportSchedule.objects.create(namespace=shop, name="s", **fields)
    place = {"namespace_id": shop.pk, "payload": {}, "user": None, "at": NOON}
    one = queue.request(**place, schedule=schedule, period_start_at=NOON)
    assert (one.schedule, one.period_start_at) == (schedule, NOON)
    with pytest.raises(DuplicateError):
        queue.request(**place, schedule=schedule, period_start_at=NOON)
    queue.request(**place, schedule=schedule, period_start_at=NOON + DAY)
    queue.request(**place)  # one that somebody asks for is another matter


def test_a_hold_is_extended_with_every_sign_of_life(shop):
    asked(shop)
    one = claimed()
    queue.hold(one, progress=37, at=NOON + 30 * SECOND)
    assert (row(one).progress, row(one).held_until) == (37, NOON + 90 * SECOND)
    queue.hold(one, progress=40, at=NOON, seconds=100)
    assert row(one).held_until == NOON + 100 * SECOND


def test_what_a_killed_worker_held_is_taken_up_after_its_hold(shop):
    asked(shop)
    killed = claimed()
    assert queue.claim(at=NOON + HOLD) is None
    second = claimed(NOON + HOLD + SECOND)
    assert (second, second.attempts) == (killed, 2)
    assert second.started_at == NOON


def test_who_was_taken_over_from_writes_nothing_any_more(shop):
    asked(shop)
    slow = claimed()
    claimed(NOON + 2 * HOLD)
    before = row(slow)
    with pytest.raises(LostError):
        queue.hold(slow, progress=99, at=NOON + 2 * HOLD)
    with pytest.raises(LostError):
        queue.complete(slow, file=KEPT, file_name="a.csv", at=NOON + 2 * HOLD)
    queue.fail(slow, message="too late", at=NOON + 2 * HOLD)
    queue.postpone(slow, message="too late", at=NOON + 2 * HOLD)
    assert vars(row(slow)) | {"_state": 0} == vars(before) | {"_state": 0}


def test_three_workers_killed_at_a_report_are_enough(shop):
    asked(shop)
    for attempt in (1, 2, 3):
        at = NOON + 2 * attempt * HOLD
        assert claimed(at).attempts == attempt
    assert queue.claim(at=at + HOLD + SECOND) is None
    one = Report.objects.get()
    assert (one.status, one.finished_at) == (Status.FAILED, at + HOLD + SECOND)
    assert "3 workers stopped" in one.message


def test_what_went_wrong_is_tried_again_after_a_pause_and_then_has_failed(shop):
    asked(shop)
    at = NOON
    for pause in (30, 60):
        queue.postpone(claimed(at), message="disk full", at=at)
        one = Report.objects.get()
        assert (one.status, one.message) == (Status.REQUEST_SENT, "disk full")
        assert queue.claim(at=at + pause * SECOND) is None
        at += (pause + 1) * SECOND
    queue.postpone(claimed(at), message="disk full", at=at)
    one = Report.objects.get()
    assert (one.status, one.message) == (Status.FAILED, "disk full")
    assert one.finished_at == at


def test_a_completed_report_has_its_file_and_forgets_what_went_wrong(shop):
    asked(shop)
    queue.postpone(claimed(), message="disk full", at=NOON)
    one = claimed(NOON + MINUTE)
    queue.complete(one, file=KEPT, file_name="report.csv", at=NOON + MINUTE)
    one = row(one)
    assert (one.status, one.progress, one.message) == (Status.COMPLETED, 100, "")
    assert (one.file.name, one.size, one.sha256) == ("reports/a.csv", 3, "00")
    assert (one.file_name, one.finished_at) == ("report.csv", NOON + MINUTE)


@pytest.mark.parametrize("running", [False, True])
def test_a_cancelled_report_is_made_by_nobody(shop, running):
    one = asked(shop)
    held = claimed() if running else None
    assert queue.cancel(Report.objects.all(), at=NOON) == 1
    assert queue.cancel(Report.objects.all(), at=NOON + MINUTE) == 0
    assert row(one).status == Status.CANCELLED
    assert row(one).finished_at == NOON
    assert queue.claim(at=NOON + 2 * HOLD) is None
    if held:
        with pytest.raises(LostError):
            queue.hold(held, progress=1, at=NOON)


def test_a_row_cannot_end_without_a_time(shop):
    one = asked(shop)
    for status in Status:
        fields = {"finished_at": NOON if status in OPEN else None}
        with pytest.raises(IntegrityError), transaction.atomic():
            Report.objects.filter(pk=one.pk).update(status=status, **fields)


@pytest.fixture
def files(settings, tmp_path):
    settings.FILES_DIR = tmp_path
    settings.STORAGES = settings.STORAGES | {
        "default": settings.LOCAL_FILES | {"OPTIONS": {"location": tmp_path}}
    }
    return tmp_path


def stored(name, *, age):
    """Puts a file into the storage that is so old at noon."""
    default_storage.save(name, ContentFile(b"a"))
    aged(default_storage.path(name), age=age)


def aged(path, *, age):
    at = (NOON - age).timestamp()
    os.utime(path, (at, at))


def ended(shop, number, *, age, name="", status=Status.COMPLETED):
    asked(shop, n=number)
    fields = {"status": status, "finished_at": NOON - age, "file": name}
    Report.objects.filter(payload__n=number).update(**fields)


def test_old_reports_are_deleted_with_their_files(shop, files, settings):
    settings.REPORT_DAYS = 30
    ages = {"old": 30 * DAY + SECOND, "young": 30 * DAY}
    for number, (name, age) in enumerate(ages.items()):
        ended(shop, number, age=age, name=f"reports/{name}.csv")
        stored(f"reports/{name}.csv", age=age)
    ended(shop, 2, age=31 * DAY, name="reports/gone.csv")
    ended(shop, 3, age=31 * DAY, status=Status.FAILED)
    asked(shop, at=NOON - 90 * DAY)
    assert expiry.expire(at=NOON) == 3
    assert {one.file.name for one in Report.objects.all()} == {"reports/young.csv", ""}
    assert [path.name for path in (files / "reports").iterdir()] == ["young.csv"]
    assert expiry.expire(at=NOON) == 0


def test_what_killed_workers_left_is_swept_away_after_a_day(shop, files):
    ended(shop, 1, age=DAY, name="reports/named.csv")
    for name, age in {"named": 9 * DAY, "stray": DAY + SECOND, "new": DAY}.items():
        stored(f"reports/{name}.csv", age=age)
    for name, age in {"left": DAY + SECOND, "at work": DAY}.items():
        folder = storing.unfinished() / name
        folder.mkdir()
        (folder / "report.csv").touch()
        aged(folder, age=age)
    expiry.expire(at=NOON)
    assert {one.name for one in (files / "reports").iterdir()} == {
        "named.csv",
        "new.csv",
    }
    assert [one.name for one in storing.unfinished().iterdir()] == ["at work"]


def test_before_the_first_report_there_is_nothing_to_sweep(files):
    assert expiry.expire(at=NOON) == 0
