"""Scheduled reports: each is made once a period, to be mailed once it is made.

The rows are the queue, as everywhere: ticks may be lost, doubled or late.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.db import transaction

from accounts.models import User
from analytics.models import OPEN, Report, ReportSchedule
from analytics.reports import frequencies, queue
from analytics.reports.queue import DuplicateError
from analytics.series import queries
from events import failures
from events.failures import Attempts
from timegrid.buckets import Span

SETTLED = timedelta(minutes=10)  # what arrives so long after the end is in the report


class ScheduleError(ValueError):
    """A schedule that was stored cannot be followed (any more)."""


def make_due(*, at: datetime) -> list[Report]:
    """Requests the reports of all active schedules whose last period has none yet.

    Returns those that are new. An older period that was missed stays without, as does
    one that ended before its schedule was made, or so long ago that its report may have
    been made, mailed and deleted. A schedule that fails, such as by a time zone that
    there is not, is noted, and stops no other.
    """
    with failures.attempts("schedule", at=at) as attempts:
        candidates = latest(attempts, at=at)
        starts = {period.start_at for _, period in candidates}
        rows = Report.objects.filter(schedule__active=True, period_start_at__in=starts)
        made = set(rows.values_list("schedule_id", "period_start_at"))
        requested = [
            attempts.attempt(schedule.pk, partial(request, schedule, period, at=at))
            for schedule, period in candidates
            if is_due(schedule, period, at=at)
            and (schedule.pk, period.start_at) not in made
        ]
    return [report for report in requested if report]


def is_due(schedule: ReportSchedule, period: Span, *, at: datetime) -> bool:
    """Says whether a period ended while its schedule was there, and not long ago."""
    kept_from = at - timedelta(days=settings.REPORT_DAYS)
    return period.end_at > max(schedule.created_at, kept_from)


def latest(attempts: Attempts, *, at: datetime) -> list[tuple[ReportSchedule, Span]]:
    """Returns active schedules with their `complete` periods."""
    active = ReportSchedule.objects.filter(active=True).select_related("namespace")
    schedules = list(active)
    complete_at = {
        namespace_id: queries.data_as_of(namespace_id=namespace_id, now=at)
        for namespace_id in {schedule.namespace_id for schedule in schedules}
    }
    periods = [
        (
            schedule,
            attempts.attempt(
                schedule.pk,
                partial(last, schedule, at=complete_at[schedule.namespace_id]),
            ),
        )
        for schedule in schedules
    ]
    return [(schedule, period) for schedule, period in periods if period]


def complete(schedule: ReportSchedule, *, at: datetime) -> Span:
    """Returns the last period of a schedule that all numbers are in for.

    All that was received until ten minutes after its end, that is; so a namespace
    whose events wait to be aggregated waits for its reports.
    """
    as_of = queries.data_as_of(namespace_id=schedule.namespace_id, now=at)
    return last(schedule, at=as_of)


def zone_of(schedule: ReportSchedule) -> ZoneInfo:
    """Returns the zone of a schedule. Raises ScheduleError."""
    try:
        return ZoneInfo(schedule.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ScheduleError(f"there is no time zone {schedule.timezone!r}") from None


def last(schedule: ReportSchedule, *, at: datetime) -> Span:
    """Returns the last period of a schedule that ended ten minutes before, or more."""
    zone = zone_of(schedule)
    return frequencies.last(schedule.frequency, zone=zone, at=at - SETTLED)


def next_at(schedule: ReportSchedule, *, at: datetime) -> datetime:
    """Returns when the period that is under way can be reported on at the earliest."""
    zone = zone_of(schedule)
    under_way = frequencies.current(schedule.frequency, zone=zone, at=at - SETTLED)
    return under_way.end_at + SETTLED


def payload(schedule: ReportSchedule, period: Span) -> dict[str, Any]:
    """Returns what the report of a period asks for, as the API would."""
    asked = {
        "segmentation_id": schedule.segmentation_id,
        "kpis": list(schedule.kpis.values_list("name", flat=True)),
        "start_timestamp": period.start_at.timestamp(),
        "end_timestamp": period.end_at.timestamp(),
        "granularity": frequencies.CELLS[schedule.frequency].value,
        "timezone": schedule.timezone,
        "format": schedule.format,
    }
    return {name: value for name, value in asked.items() if value not in (None, [])}


def request(
    schedule: ReportSchedule, period: Span, *, at: datetime, user: User | None = None
) -> Report | None:
    """Puts the report of a period into the queue; None where it has one already."""
    try:
        return queue.request(
            namespace_id=schedule.namespace_id,
            payload=payload(schedule, period),
            user=user,
            at=at,
            schedule=schedule,
            period_start_at=period.start_at,
        )
    except DuplicateError:  # another beat was first
        return None


@transaction.atomic
def send_again(*, schedule: ReportSchedule, at: datetime, user: User) -> Report:
    """Requests the report of the last whole period anew, to be mailed once more.

    The report that was there stays, as one that belongs to no schedule; one that is
    still being made is not begun again. Returns the report that will be mailed.
    """
    period = complete(schedule, at=at)
    there = Report.objects.filter(schedule=schedule, period_start_at=period.start_at)
    before = there.select_for_update().first()
    if before and before.status in OPEN:
        return before
    there.update(schedule=None, period_start_at=None)
    return request(schedule, period, at=at, user=user) or there.get()
