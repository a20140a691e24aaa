"""The queue of reports: asked for, claimed by a worker, held while it is made, ended.

A row is its own place in the queue. Whoever makes a report holds it for a minute at a
time; what a killed worker held is free after that. Each claim is an attempt, and its
number the fence: who was taken over from, or made what was cancelled, is lost and
writes nothing any more.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

import orjson
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from access.models import User
from analytics.models import OPEN, Report, ReportSchedule, Status
from analytics.reports import storing
from analytics.reports.storing import Kept

HOLD = timedelta(seconds=60)
PAUSE = timedelta(seconds=30)  # times the number of attempts
MAX_ATTEMPTS = 3
KILLED = (
    f"{MAX_ATTEMPTS} workers stopped in the middle of making this report. Ask for a "
    "shorter span, or for staff to look into the workers' log."
)


class DuplicateError(ValueError):
    """The same report is being made, or a schedule has it for the period already."""


class LostError(Exception):
    """The report was cancelled, or another worker took it over."""


def digest(payload: Mapping[str, Any]) -> str:
    """Returns 32 hexadecimal digits, equal for what asks for the same."""
    canonical = orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)
    return blake2b(canonical, digest_size=16).hexdigest()


def request(
    *,
    namespace_id: int,
    payload: Mapping[str, Any],
    user: User | None,
    at: datetime,
    schedule: ReportSchedule | None = None,
    period_start_at: datetime | None = None,
) -> Report:
    """Puts a report into the queue. Raises DuplicateError.

    `payload` has passed `exports.plan`.
    """
    try:
        with transaction.atomic():
            return Report.objects.create(
                namespace_id=namespace_id,
                requested_by=user,
                schedule=schedule,
                period_start_at=period_start_at,
                payload=payload,
                digest=digest(payload),
                requested_at=at,
            )
    except IntegrityError:
        raise DuplicateError("the same report is being made") from None


CLAIM = """
UPDATE analytics_report
SET status = %(running)s, attempts = attempts + 1, progress = 0,
    started_at = coalesce(started_at, %(at)s), held_until = %(held_until)s
WHERE id = (
    SELECT id FROM analytics_report
    WHERE status = ANY(%(open)s) AND attempts < %(most)s
        AND (held_until IS NULL OR held_until < %(at)s)
    ORDER BY requested_at, id
    LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING *
"""


def claim(*, at: datetime) -> Report | None:
    """Takes the report that waits longest and that nobody holds, for one attempt."""
    give_up(at=at)
    parameters = {
        "running": Status.RUNNING,
        "open": list(OPEN),
        "most": MAX_ATTEMPTS,
        "at": at,
        "held_until": at + HOLD,
    }
    return next(iter(Report.objects.raw(CLAIM, parameters)), None)


def give_up(*, at: datetime) -> int:
    """Ends what every attempt was killed at; returns how many reports."""
    left = Report.objects.filter(
        status__in=OPEN, attempts__gte=MAX_ATTEMPTS, held_until__lt=at
    )
    return left.update(
        status=Status.FAILED, message=KILLED, finished_at=at, held_until=None
    )


def mine(report: Report) -> QuerySet[Report]:
    """Returns the row while this attempt is the one that makes it."""
    return Report.objects.filter(
        pk=report.pk, status=Status.RUNNING, attempts=report.attempts
    )


def hold(
    report: Report, *, progress: int, at: datetime, seconds: float = HOLD.seconds
) -> None:
    """Notes how far it is, in percent, and holds on to it. Raises LostError."""
    held_until = at + timedelta(seconds=seconds)
    if not mine(report).update(progress=progress, held_until=held_until):
        raise LostError(report.pk)


def complete(report: Report, *, kept: Kept, file_name: str, at: datetime) -> None:
    """Hands the file over with the row's end. Raises LostError."""
    ended = mine(report).update(
        status=Status.COMPLETED,
        progress=100,
        message="",
        file=kept.name,
        file_name=file_name,
        size=kept.size,
        sha256=kept.sha256,
        finished_at=at,
        held_until=None,
    )
    if not ended:
        raise LostError(report.pk)


def fail(report: Report, *, message: str, at: datetime) -> None:
    """Ends a report that no further attempt could make."""
    mine(report).update(
        status=Status.FAILED, message=message, finished_at=at, held_until=None
    )


def postpone(report: Report, *, message: str, at: datetime) -> None:
    """Leaves a report to the next attempt, after a pause; the last one has failed."""
    if report.attempts >= MAX_ATTEMPTS:
        fail(report, message=message, at=at)
        return
    free_at = at + PAUSE * report.attempts
    mine(report).update(status=Status.REQUEST_SENT, message=message, held_until=free_at)


def cancel(rows: QuerySet[Report], *, at: datetime) -> int:
    """Ends those reports that are not finished; returns how many.

    Their workers notice when they next hold on to them.
    """
    return rows.filter(status__in=OPEN).update(
        status=Status.CANCELLED, finished_at=at, held_until=None
    )


def expire(*, at: datetime) -> int:
    """Deletes reports that ended REPORT_DAYS ago; returns how many.

    Their files go first, and so does what killed workers left of files. All of it may
    be stopped anywhere and done again.
    """
    past = at - timedelta(days=settings.REPORT_DAYS)
    expired = Report.objects.filter(finished_at__lt=past)
    for name in expired.exclude(file="").values_list("file", flat=True).iterator():
        storing.discard(name)
    number, _ = expired.delete()
    named = Report.objects.exclude(file="").values_list("file", flat=True)
    storing.sweep(named=set(named), at=at)
    return number
