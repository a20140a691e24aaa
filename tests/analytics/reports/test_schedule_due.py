"""Every period of a schedule gets one report, once its numbers are in."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.db import connection, transaction

from accounts.models import Namespace
from analytics.models import KPI, Report, ReportSchedule, Status
from analytics.reports import schedules, tasks
from analytics.reports.queue import digest
from events import services as intake
from tests.analytics.builders import NOON, event
from tests.analytics.reports.scheduling import schedule
from tests.transactions import elsewhere

pytestmark = pytest.mark.django_db
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
MIDNIGHT = NOON.replace(hour=0)  # of a Wednesday


def starts(reports):
    return [report.period_start_at for report in reports]


def test_the_report_of_a_day_is_due_ten_minutes_after_its_end(shop):
    schedule(shop.pk)
    assert starts(schedules.make_due(at=MIDNIGHT + 9 * MINUTE)) == [MIDNIGHT - 2 * DAY]
    assert starts(schedules.make_due(at=MIDNIGHT + 10 * MINUTE)) == [MIDNIGHT - DAY]
    assert schedules.make_due(at=MIDNIGHT + 11 * MINUTE) == []


def test_its_row_asks_for_the_period_in_finer_cells(shop):
    revenue = KPI.objects.create(name="revenue", formula="1")
    weekly = schedule(shop.pk, "weekly", timezone="Europe/Berlin", format="xlsx")
    weekly.kpis.add(revenue)
    [report] = schedules.make_due(at=NOON)
    end_at = datetime(2026, 3, 1, 23, tzinfo=UTC)
    assert report.payload == {
        "kpis": ["revenue"],
        "start_timestamp": (end_at - 7 * DAY).timestamp(),
        "end_timestamp": end_at.timestamp(),
        "granularity": "1d",
        "timezone": "Europe/Berlin",
        "format": "xlsx",
    }
    assert (report.status, report.requested_at) == (Status.REQUEST_SENT, NOON)
    assert (report.namespace, report.schedule) == (shop, weekly)
    assert report.digest == digest(report.payload)


def test_each_schedule_keeps_the_time_of_its_zone(shop):
    for zone in ("Asia/Tokyo", "UTC", "America/New_York"):
        schedule(shop.pk, name=zone, timezone=zone)
    schedules.make_due(at=MIDNIGHT - 10 * HOUR)  # nothing is left from before
    at = [MIDNIGHT - 9 * HOUR, MIDNIGHT, MIDNIGHT + 5 * HOUR]
    due = [schedules.make_due(at=one + 10 * MINUTE) for one in at]
    names = [[str(report.schedule) for report in reports] for reports in due]
    assert names == [["Asia/Tokyo"], ["UTC"], ["America/New_York"]]


def test_a_report_waits_for_the_numbers_of_its_namespace_alone(shop):
    other = Namespace.objects.create(name="other")
    for namespace in (shop, other):
        schedule(namespace.pk)
    schedules.make_due(at=MIDNIGHT - DAY + 10 * MINUTE)
    arrival = event("purchase", MIDNIGHT)._replace(namespace_id=shop.pk)
    intake.record(arrivals=[arrival], received_at=MIDNIGHT + 9 * MINUTE)
    [report] = schedules.make_due(at=NOON)
    assert report.namespace == other


def test_after_an_outage_only_the_last_period_is_reported_on(shop):
    schedule(shop.pk)
    schedules.make_due(at=NOON - 10 * DAY)
    assert starts(schedules.make_due(at=NOON)) == [MIDNIGHT - DAY]
    assert Report.objects.count() == 2


def test_the_first_report_is_of_the_period_that_ends_after_the_schedule_was_made(shop):
    schedule(shop.pk, created_at=MIDNIGHT)
    schedule(shop.pk, "weekly", created_at=NOON - DAY)
    assert schedules.make_due(at=NOON) == []
    assert starts(schedules.make_due(at=NOON + DAY)) == [MIDNIGHT]


def test_an_inactive_schedule_makes_nothing(shop):
    schedule(shop.pk, active=False)
    assert schedules.make_due(at=NOON) == []
    ReportSchedule.objects.update(active=True)
    assert starts(schedules.make_due(at=NOON)) == [MIDNIGHT - DAY]


@pytest.mark.parametrize("status", [Status.FAILED, Status.CANCELLED])
def test_a_report_that_came_to_nothing_is_not_made_again(shop, status):
    schedule(shop.pk)
    schedules.make_due(at=NOON)
    Report.objects.update(status=status, finished_at=NOON)
    assert schedules.make_due(at=NOON + MINUTE) == []


def test_a_report_that_was_deleted_as_too_old_is_not_made_again(shop):
    schedule(shop.pk, "monthly")
    end_at = datetime(2026, 3, 1, tzinfo=UTC)
    kept = timedelta(days=settings.REPORT_DAYS)
    assert schedules.make_due(at=end_at + kept) == []
    assert len(schedules.make_due(at=end_at + kept - MINUTE)) == 1


def test_a_tick_costs_the_same_however_many_schedules_have_their_report(
    shop, django_assert_num_queries
):
    for number in range(3):
        schedule(shop.pk, name=f"schedule {number}")
    schedules.make_due(at=NOON)
    with django_assert_num_queries(4):
        assert schedules.make_due(at=NOON) == []
    for number in range(3, 6):
        schedule(shop.pk, name=f"schedule {number}", created_at=NOON)
    with django_assert_num_queries(4):
        assert schedules.make_due(at=NOON) == []


def test_the_task_tells_the_time(shop):
    schedule(shop.pk)
    tasks.schedule()
    [report] = Report.objects.all()
    assert timedelta(0) < datetime.now(UTC) - report.requested_at < timedelta(hours=1)


@pytest.mark.django_db(transaction=True)
def test_a_beat_that_waits_for_another_one_makes_no_second_report(shop):
    schedule(shop.pk)

    def beat():
        try:
            return schedules.make_due(at=NOON)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with elsewhere(lambda: schedules.make_due(at=NOON)):
            second = pool.submit(beat)  # sees no row yet, and waits to write its own
        assert second.result(20) == []
    assert Report.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_beats_at_once_make_one_report(shop):
    for number in range(4):
        schedule(shop.pk, name=f"schedule {number}")

    def beat(_):
        try:
            return len(schedules.make_due(at=NOON))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(beat, range(4))) == 4
    assert Report.objects.count() == 4


def test_a_refused_row_leaves_the_transaction_usable(shop):
    one = schedule(shop.pk)
    [report] = schedules.make_due(at=NOON)
    period = schedules.last(one, at=NOON)
    with transaction.atomic():
        assert schedules.request(one, period, at=NOON) is None
        assert Report.objects.get() == report
