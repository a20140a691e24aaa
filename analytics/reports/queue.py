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
from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet

from accounts.models import User
from analytics.models import OPEN, Report, ReportMail, ReportSchedule, Status
from analytics.reports.storing import StoredFile
from db import sql

HOLD = timedelta(seconds=60)
PAUSE = timedelta(seconds=30)  # times the number of attempts
MAX_ATTEMPTS = 3
MAX_OPEN, MAX_OPEN_OF_ACCOUNT = 20, 10
KILLED = (
    f"{MAX_ATTEMPTS} workers stopped in the middle of making this report. Ask for a "
    "shorter span, or for staff to look into the workers' log."
)


class DuplicateError(ValueError):
    """The same report is being made, or a schedule has it for the period already."""


class FullError(ValueError):
    """As many reports wait as may; the message says how many."""


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
    """Puts a report into the queue, and that of a schedule into the queue of mails.

    Raises DuplicateError and FullError. `payload` has passed `exports.plan`.
    """
    report = Report(
        namespace_id=namespace_id,
        requested_by=user,
        schedule=schedule,
        period_start_at=period_start_at,
        payload=payload,
        digest=digest(payload),
        requested_at=at,
    )
    try:
        return add(report)
    except IntegrityError:
        raise DuplicateError("the same report is being made") from None


@transaction.atomic
def add(report: Report) -> Report:
    """Stores a new report, and the e-mail that a schedule's is sent by."""
    if report.schedule is None:
        require_room(namespace_id=report.namespace_id, user=report.requested_by)
    report.save(force_insert=True)
    if report.schedule:
        ReportMail.objects.create(report=report, due_at=report.requested_at)
    return report


def require_room(*, namespace_id: int, user: User | None) -> None:
    """Raises FullError where too many reports of a namespace or an account wait.

    Whoever asks at the same time waits until this transaction ends.
    """
    sql.lock("reports", key=namespace_id)
    here, mine = (
        Q(namespace=namespace_id),
        Q(requested_by=user, requested_by__isnull=False),
    )
    waiting = Report.objects.filter(here | mine, status__in=OPEN, schedule=None)
    number = waiting.aggregate(
        here=Count("pk", filter=here), mine=Count("pk", filter=mine)
    )
    if number["here"] >= MAX_OPEN:
        of, most = "this namespace", MAX_OPEN
    elif number["mine"] >= MAX_OPEN_OF_ACCOUNT:
        of, most = "this account", MAX_OPEN_OF_ACCOUNT
    else:
        return
    raise FullError(
        f"{most} reports of {of} wait to be made, and no more may: ask again when one "
        "of them has ended, or cancel one"
    )


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
    exhausted = Report.objects.filter(
        status__in=OPEN, attempts__gte=MAX_ATTEMPTS, held_until__lt=at
    )
    return exhausted.update(
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


def renew(report: Report, *, at: datetime) -> None:
    """Holds on to a report without knowing how far it is. Raises LostError."""
    if not mine(report).update(held_until=at + HOLD):
        raise LostError(report.pk)


def complete(report: Report, *, file: StoredFile, file_name: str, at: datetime) -> None:
    """Hands the file over with the row's end. Raises LostError."""
    ended = mine(report).update(
        status=Status.COMPLETED,
        progress=100,
        message="",
        file=file.name,
        file_name=file_name,
        size=file.size,
        sha256=file.sha256,
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
