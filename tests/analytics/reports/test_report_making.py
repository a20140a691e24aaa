"""A report is made by one worker, whole or not at all, whatever happens meanwhile."""

import errno
import hashlib
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import connections
from django.utils.deconstruct import deconstructible

from analytics.models import Kind, Report, Status
from analytics.reports import expiry, exports, queue, sheets, storing, tasks
from analytics.reports.exports import WRITERS
from analytics.reports.queue import HOLD
from analytics.series import readings
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
)
from tests.analytics.reports.reporting import asked, claimed, content, table, work

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    """The folder of whole files; the folder beside it is that of unfinished ones."""
    store(settings, tmp_path, "django.core.files.storage.FileSystemStorage")
    folder = tmp_path / "reports"
    folder.mkdir()
    return folder


def store(settings, folder, backend):
    settings.FILES_DIR = folder
    options = settings.LOCAL_FILES["OPTIONS"] | {"location": folder}
    default = {"BACKEND": backend, "OPTIONS": options}
    settings.STORAGES = settings.STORAGES | {"default": default}


@pytest.fixture(autouse=True)
def _catalogue(shop):
    metric("orders", Kind.COUNT, "buy")
    kpi("orders", "orders")
    fill(shop.pk, "orders", {NOON - n * DAY: n + 1 for n in range(20)})


def left(files):
    """Returns how many files there are, whole and unfinished."""
    return len(list(files.iterdir())), len(list(storing.unfinished().iterdir()))


def test_a_report_is_a_whole_file_with_its_checksum_and_name(shop, files):
    asked(shop, granularity="1d")
    one = work()
    assert one.status == Status.COMPLETED
    assert one.sha256 == hashlib.sha256(content(one)).hexdigest()
    assert one.size == len(content(one))
    assert one.file_name == "report_2026-02-13_2026-03-04.csv"
    assert one.finished_at == NOON
    assert table(content(one))[-1] == ["total", 210]
    assert left(files) == (1, 0)
    [path] = files.iterdir()
    assert one.file.name == f"reports/{path.name}"
    assert one.pk not in path.name
    assert path.stat().st_mode & 0o777 == 0o600


def test_nobody_sees_a_file_before_it_is_whole(shop, files, monkeypatch):
    seen = []

    def slowly(path, book, *, tell):
        WRITERS["csv"](path, book, tell=tell)
        seen.append((left(files), Report.objects.get().file.name))

    monkeypatch.setattr(exports, "WRITERS", {"csv": slowly})
    asked(shop)
    assert work().status == Status.COMPLETED
    assert seen == [((0, 1), "")]


def test_all_numbers_of_a_file_are_of_one_moment(shop, files, monkeypatch):
    """An aggregation commits after a first piece was read, and before the others."""
    arrive(shop.pk, [event("buy", NOON - HOUR)])
    arrivals: list[object] = []

    def reading(*asked, **of):
        found = read(*asked, **of)
        with ThreadPoolExecutor(1) as pool:
            arrivals.append(pool.submit(elsewhere, aggregate, shop.pk).result())
        return found

    read = readings.read
    asked(shop, granularity="1h", start_timestamp=(NOON - 5 * HOUR).timestamp())
    with monkeypatch.context() as patch:
        patch.setattr(readings, "read", reading)
        patch.setattr(exports, "PIECE", 0)
        rows = table(content(work()))
    assert arrivals[0]
    assert arrivals[1:] == [None] * 4
    assert [value for _, value in rows[1:]] == [0] * 6


def elsewhere(work, *arguments):
    try:
        return work(*arguments)
    finally:
        connections.close_all()


def test_many_workers_at_once_make_every_report_once(shop, files):
    for number in range(4):
        asked(shop, n=number)

    def work():
        while report := queue.claim(at=NOON):
            exports.make(report, clock=lambda: NOON)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: elsewhere(work), range(4)))
    found = Report.objects.all()
    assert {(one.status, one.attempts) for one in found} == {(Status.COMPLETED, 1)}
    assert left(files) == (4, 0)
    assert len({content(one) for one in found}) == 1


def test_of_two_workers_at_one_report_the_second_wins_and_one_file_is_left(
    shop, files, monkeypatch
):
    """The first was stopped for longer than its hold, with its file in the storage."""
    asked(shop)
    first = claimed()
    keep, later = storing.keep, NOON + 3 * HOLD

    def overtaken(path):
        kept = keep(path)
        monkeypatch.setattr(storing, "keep", keep)
        work(at=later)
        return kept

    monkeypatch.setattr(storing, "keep", overtaken)
    exports.make(first, clock=lambda: NOON)
    one = Report.objects.get()
    assert (one.status, one.attempts, one.finished_at) == (Status.COMPLETED, 2, later)
    assert left(files) == (1, 0)
    assert one.sha256 == hashlib.sha256(content(one)).hexdigest()


@pytest.mark.parametrize("sign", range(1, 5))
def test_a_report_that_is_cancelled_in_the_middle_leaves_no_file(
    shop, files, sign, monkeypatch
):
    monkeypatch.setattr(sheets, "BATCH", 5)
    asked(shop, granularity="1d")
    report, times = claimed(), count()

    def clock():
        if next(times) == sign:
            queue.cancel(Report.objects.all(), at=NOON + MINUTE)
        return NOON

    exports.make(report, clock=clock)
    one = Report.objects.get()
    assert (one.status, one.finished_at) == (Status.CANCELLED, NOON + MINUTE)
    assert left(files) == (0, 0)


def test_progress_is_told_while_a_report_is_made(shop, monkeypatch):
    monkeypatch.setattr(sheets, "BATCH", 5)
    asked(shop, granularity="1d")
    report, shown = claimed(), []

    def clock():
        shown.append(Report.objects.get().progress)
        return NOON

    exports.make(report, clock=clock)
    assert shown[-1] == 99
    assert shown == sorted(shown)
    assert len(set(shown)) > 4


def test_a_storage_elsewhere_takes_the_file_too(shop, files, settings):
    store(settings, files.parent, "django.core.files.storage.InMemoryStorage")
    assert expiry.expire(at=NOON) == 0  # before the first file
    asked(shop, granularity="1d")
    one = work()
    assert one.sha256 == hashlib.sha256(content(one)).hexdigest()
    assert left(files) == (0, 0)
    assert expiry.expire(at=NOON + 900 * DAY) == 1
    assert not one.file.storage.exists(one.file.name)


@deconstructible
class FullStorage(FileSystemStorage):
    """A disk that fills up in the middle of a file."""

    def save(self, name, content, max_length=None):
        self.delete(super().save(name, content))
        raise OSError(errno.ENOSPC, "No space left on device", name)


def test_a_storage_that_fails_is_tried_three_times(shop, files, settings, caplog):
    store(settings, files.parent, f"{__name__}.FullStorage")
    asked(shop)
    for at in (NOON, NOON + 2 * MINUTE):
        assert work(at=at).status == Status.REQUEST_SENT
    one = work(at=NOON + 5 * MINUTE)
    assert (one.status, one.file.name) == (Status.FAILED, "")
    assert "No space left on device" in one.message
    assert str(files) not in one.message
    assert left(files) == (0, 0)
    assert one.pk in caplog.text


def test_a_folder_that_cannot_be_written_to_is_told_of(shop, files, settings):
    settings.FILES_DIR = files.parent / "file"
    settings.FILES_DIR.touch()
    asked(shop)
    one = work()
    assert one.status == Status.REQUEST_SENT
    assert "could not be made" in one.message


def test_a_tick_makes_all_that_waits_and_another_forgets_what_is_old(shop, files):
    for number in range(3):
        asked(shop, n=number)
    tasks.make()
    assert {one.status for one in Report.objects.all()} == {Status.COMPLETED}
    Report.objects.filter(payload__n=0).update(finished_at=NOON - 900 * DAY)
    tasks.expire()
    assert Report.objects.count() == 2
    assert left(files) == (2, 0)


def test_what_cannot_be_made_any_more_fails_at_once(shop, files):
    asked(shop, segmentation_id="gone")
    one = work()
    assert (one.status, one.attempts) == (Status.FAILED, 1)
    assert one.message == "The segmentation gone does not exist."
    assert left(files) == (0, 0)


def test_a_report_is_about_the_kpis_of_when_it_is_made(shop):
    asked(shop)
    kpi("new", "orders * 2", position=9)
    assert table(content(work()))[0] == ["start", "orders", "new"]
