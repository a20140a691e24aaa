"""The queue of e-mails: each is sent once its report is made, by one worker at a time.

The rows of ReportMail are the queue, as everywhere: ticks may be lost, doubled or late.
"""

import logging
import smtplib
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet

from analytics.models import ReportMail, Status
from analytics.reports import mails, smtp

# After each attempt. The first is longer than any conversation with a mail server.
PAUSES = [timedelta(minutes=minutes) for minutes in (5, 30, 120, 360, 360)]
MAX_ATTEMPTS = len(PAUSES)
logger = logging.getLogger(__name__)


def due(*, at: datetime) -> QuerySet[ReportMail]:
    """Returns the e-mails of completed reports of schedules that are to be sent now."""
    return ReportMail.objects.filter(
        report__schedule__isnull=False,
        report__status=Status.COMPLETED,
        due_at__lte=at,
        mailed_at=None,
        attempts__lt=MAX_ATTEMPTS,
    ).order_by("report__finished_at", "pk")


def send_next(*, at: datetime) -> ReportMail | None:
    """Mails the report that waits longest and that no other worker is at.

    The attempt is counted, and the next one put off, before anything is sent: whatever
    happens then, there are at most MAX_ATTEMPTS, with growing pauses, and as long as
    the first pause no other worker takes the report. No transaction is open while the
    mail server is talked to. Returns the e-mail, None where nothing waits.
    """
    mail = claim(at=at)
    if mail is None:
        return None
    try:
        with transaction.atomic():
            message = mails.message(mail.report, at=at)
        smtp.send(message)
    except Exception as error:
        logger.exception("report %s could not be mailed", mail.report)
        note(mail, message=f"Not mailed, {attempt(mail)}: {reason(error)}")
    else:
        note(mail, mailed_at=at, message="")
    return mail


@transaction.atomic
def claim(*, at: datetime) -> ReportMail | None:
    """Takes the e-mail that is to be sent next, for one attempt."""
    rows = due(at=at).select_for_update(skip_locked=True, of=("self",))
    schedule = "report__schedule"
    related = (f"{schedule}__namespace", f"{schedule}__segmentation")
    mail = rows.select_related(*related).first()
    if mail is None:
        return None
    mail.due_at = at + PAUSES[mail.attempts]
    mail.attempts += 1
    mail.message = f"Being mailed, {attempt(mail)}."
    mail.save(update_fields=["attempts", "due_at", "message"])
    return mail


def attempt(mail: ReportMail) -> str:
    return f"attempt {mail.attempts} of {MAX_ATTEMPTS}"


def note(mail: ReportMail, **fields: Any) -> None:
    """Notes how an attempt ended, unless there was another one since.

    A session that was lost during a long conversation is opened again.
    """
    mine = ReportMail.objects.filter(pk=mail.pk, attempts=mail.attempts)
    try:
        mine.update(**fields)
    except OperationalError:
        connection.close_if_unusable_or_obsolete()
        mine.update(**fields)
    for name, value in fields.items():
        setattr(mail, name, value)


def reason(error: Exception) -> str:
    """Returns why an e-mail was not sent, without addresses and secrets."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = sorted({str(code) for code, _ in error.recipients.values()})
        return f"the mail server refused the recipients ({', '.join(codes)})"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"the mail server answered {error.smtp_code}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
