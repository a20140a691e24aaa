"""Periodic work on reports: their rows say what is to be done."""

import logging
import time
from datetime import UTC, datetime

from celery import shared_task

from analytics.reports import expiry, exports, mailing, queue, schedules
from db import wake as waking

# Then the worker's other tasks get their turn: drains wait for no second report.
MAKE_SECONDS, MAIL_SECONDS = 10, 50
logger = logging.getLogger(__name__)


@shared_task
def make() -> None:
    """Makes the reports that wait, one after the other."""
    until = time.monotonic() + MAKE_SECONDS
    while time.monotonic() < until:
        report = queue.claim(at=datetime.now(UTC))
        if report is None:
            break
        exports.make(report, clock=lambda: datetime.now(UTC))


@shared_task
def expire() -> None:
    """Deletes old reports and their files."""
    logger.info("%s reports expired", expiry.expire(at=datetime.now(UTC)))


@shared_task
def schedule() -> None:
    """Requests the reports of the days, weeks and months that have ended."""
    for report in schedules.make_due(at=datetime.now(UTC)):
        logger.info("report %s of schedule %s is due", report, report.schedule_id)


@shared_task
def mail() -> None:
    """Mails the scheduled reports that are made, one after the other."""
    until = time.monotonic() + MAIL_SECONDS
    while time.monotonic() < until:
        mail = mailing.send_next(at=datetime.now(UTC))
        if mail is None:
            break
        if mail.mailed_at:
            logger.info("mailed report %s", mail.report)


def wake() -> None:
    """Asks a worker to make reports; as `db.wake`."""
    waking.wake(make)
