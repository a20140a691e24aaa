"""A report is mailed once; what fails is tried again, and in the end given up."""

import smtplib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db import DataError, IntegrityError, connection

from accounts.models import User
from analytics.models import Report, ReportMail, Status
from analytics.reports import expiry, mailing, schedules, tasks
from db import sql
from tests.analytics.builders import NOON
from tests.analytics.reports.scheduling import made, schedule

pytestmark = pytest.mark.django_db
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
UNKNOWN = {"ada@example.com": (550, b"5.1.1 <ada@example.com> unknown")}
faults: list[Exception] = []


class Server(BaseEmailBackend):
    """A mail server that fails as often as there are faults, then takes everything."""

    def send_messages(self, messages):
        if faults:
            raise faults.pop(0)
        mail.outbox.extend(messages)
        return len(messages)


@pytest.fixture(autouse=True)
def _server(settings):
    settings.EMAIL_BACKEND = f"{__name__}.Server"
    faults.clear()


@pytest.fixture
def report(shop):
    schedule(shop.pk)
    return made(NOON)


def told(report):
    report.refresh_from_db()
    return report.mail.message


def test_a_report_is_mailed_once(report, mailoutbox):
    assert mailing.send_next(at=NOON) == report.mail
    report.refresh_from_db()
    assert report.mail.mailed_at == NOON
    assert mailing.send_next(at=NOON + DAY) is None
    assert len(mailoutbox) == 1


@pytest.mark.parametrize("status", [Status.REQUEST_SENT, Status.RUNNING])
def test_what_is_not_made_yet_waits(shop, status, mailoutbox):
    schedule(shop.pk)
    schedules.make_due(at=NOON)
    Report.objects.update(status=status)
    assert mailing.send_next(at=NOON) is None


@pytest.mark.parametrize("status", [Status.FAILED, Status.CANCELLED])
def test_what_failed_is_not_mailed(report, status):
    Report.objects.update(status=status)
    assert mailing.send_next(at=NOON) is None


def test_a_report_that_somebody_asked_for_is_not_mailed(report):
    Report.objects.update(schedule=None, period_start_at=None)
    assert mailing.send_next(at=NOON) is None


def test_a_failed_attempt_is_told_and_repeated_after_a_pause(report, mailoutbox):
    faults.append(ConnectionRefusedError(111, "Connection refused"))
    mailing.send_next(at=NOON)
    assert told(report) == "Not mailed, attempt 1 of 5: Connection refused"
    assert mailing.send_next(at=NOON + 4 * MINUTE) is None
    mailing.send_next(at=NOON + 5 * MINUTE)
    assert told(report) == ""
    assert report.mail.mailed_at == NOON + 5 * MINUTE
    assert len(mailoutbox) == 1


def test_after_five_attempts_over_hours_it_is_given_up(report, mailoutbox):
    faults.extend(TimeoutError("timed out") for _ in range(9))
    minutes = [*range(0, 525, 5), 24 * 60]
    attempts_at = [n for n in minutes if mailing.send_next(at=NOON + n * MINUTE)]
    assert attempts_at == [0, 5, 35, 155, 515]
    assert told(report).startswith("Not mailed, attempt 5 of 5")
    assert mailoutbox == []


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (
            smtplib.SMTPRecipientsRefused(UNKNOWN),
            "the mail server refused the recipients (550)",
        ),
        (
            smtplib.SMTPAuthenticationError(535, b"secret"),
            "the mail server answered 535",
        ),
        (smtplib.SMTPServerDisconnected("closed"), "SMTPServerDisconnected"),
        (ValueError("Invalid address ada@example.com"), "ValueError"),
    ],
)
def test_people_are_told_the_reason_without_addresses(report, fault, message):
    faults.append(fault)
    mailing.send_next(at=NOON)
    assert told(report) == f"Not mailed, attempt 1 of 5: {message}"


def test_a_file_that_is_gone_is_a_failed_attempt(report, mailoutbox):
    report.file.delete(save=False)
    mailing.send_next(at=NOON)
    assert "attempt 1 of 5: No such file or directory" in told(report)
    assert mailoutbox == []


def test_a_failed_statement_does_not_undo_the_count(report):
    def refuse(execute, statement, *rest):
        if "analytics_kpi" in statement:
            return execute("SELECT 1 / 0", *rest[1:])
        return execute(statement, *rest)

    with connection.execute_wrapper(refuse):
        mailing.send_next(at=NOON)
    assert "attempt 1 of 5" in told(report)


def test_one_that_fails_does_not_hold_up_the_others(shop, mailoutbox):
    for number in range(3):
        schedule(shop.pk, name=f"schedule {number}")
    schedules.make_due(at=NOON)
    Report.objects.update(status=Status.COMPLETED, finished_at=NOON, size=10**8)
    faults.append(OSError())
    tasks.mail()
    assert len(mailoutbox) == 2
    assert ReportMail.objects.get(mailed_at=None).attempts == 1


def test_while_it_is_sent_no_transaction_is_open_and_no_other_worker_takes_it(
    transactional_db, request, mailoutbox, monkeypatch
):
    report = request.getfixturevalue("report")
    states = []

    def send_messages(self, messages):
        states.append(connection.in_atomic_block)
        with ThreadPoolExecutor(1) as pool:
            states.append(pool.submit(in_another_worker).result())
        mail.outbox.extend(messages)

    monkeypatch.setattr(Server, "send_messages", send_messages)
    assert mailing.send_next(at=NOON) == report.mail
    assert states == [False, (None, "Being mailed, attempt 1 of 5.")]
    assert len(mailoutbox) == 1


def in_another_worker():
    """Returns what another worker would mail, and what people are told meanwhile."""
    try:
        found = mailing.send_next(at=NOON + 4 * MINUTE)
        return found, Report.objects.get().explanation
    finally:
        connection.close()


class Killed(BaseException):
    """What a worker dies of."""


@pytest.mark.parametrize("fault", [Killed(), DataError("disk full")])
def test_what_is_never_noted_is_mailed_a_bounded_number_of_times(
    transactional_db, request, mailoutbox, fault
):
    """Twice rather than never; mailboxes tell by the Message-ID that it is one."""
    report = request.getfixturevalue("report")

    def fail(execute, statement, parameters, *rest):
        if (
            statement.startswith("UPDATE")
            and "mailed_at" in statement.split("WHERE")[0]
        ):
            raise fault
        return execute(statement, parameters, *rest)

    attempts_at = []
    for minutes in range(0, 3_000, 5):
        with connection.execute_wrapper(fail), suppress(Killed, DataError):
            before = len(mailoutbox)
            mailing.send_next(at=NOON + minutes * MINUTE)
        if len(mailoutbox) > before:
            attempts_at.append(minutes)
    assert attempts_at == [0, 5, 35, 155, 515]
    assert told(report) == "Being mailed, attempt 5 of 5."
    assert len({one.extra_headers["Message-ID"] for one in mailoutbox}) == 1


def test_a_session_lost_while_it_was_sent_is_opened_again_to_note_it(
    transactional_db, request, mailoutbox, monkeypatch
):
    report = request.getfixturevalue("report")

    def send_messages(self, messages):
        [(pid,)] = sql.fetch("SELECT pg_backend_pid()")
        with connection.copy().cursor() as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
            other.connection.close()
        mail.outbox.extend(messages)

    monkeypatch.setattr(Server, "send_messages", send_messages)
    mailing.send_next(at=NOON)
    assert told(report) == ""
    assert report.mail.mailed_at == NOON


@pytest.fixture
def ada(db):
    return User.objects.create(username="ada", role="manager")


def test_sending_again_makes_another_report_and_keeps_the_first(report, ada):
    mailing.send_next(at=NOON)
    new = schedules.send_again(schedule=report.schedule, at=NOON, user=ada)
    period = report.period_start_at
    report.refresh_from_db()
    assert (report.schedule, report.period_start_at) == (None, None)
    assert (new.period_start_at, new.status) == (period, Status.REQUEST_SENT)
    assert (new.requested_by, new.mail.mailed_at) == (ada, None)
    assert schedules.make_due(at=NOON) == []


def test_sending_again_what_is_being_made_is_that_report(shop, ada):
    one = schedule(shop.pk)
    [report] = schedules.make_due(at=NOON)
    assert schedules.send_again(schedule=one, at=NOON, user=ada) == report


def test_a_new_schedule_can_be_sent_at_once(shop, ada):
    one = schedule(shop.pk, active=False, created_at=NOON)
    report = schedules.send_again(schedule=one, at=NOON, user=ada)
    assert report.period_start_at == NOON.replace(hour=0) - DAY


def test_mailing_leaves_the_row_of_the_report_as_it_was_made(report):
    faults.append(OSError())
    before = Report.objects.filter(pk=report.pk).values().get()
    for minutes in (0, 5):
        assert mailing.send_next(at=NOON + minutes * MINUTE)
        assert Report.objects.filter(pk=report.pk).values().get() == before
    assert ReportMail.objects.get().attempts == 2


def test_what_no_attempt_sent_was_not_mailed(report):
    with pytest.raises(IntegrityError, match="sent_by_an_attempt"):
        ReportMail.objects.update(mailed_at=NOON)


def test_a_report_expires_with_its_mail_and_counts_once(report, settings):
    assert expiry.expire(at=NOON + settings.REPORT_DAYS * DAY) == 0
    assert expiry.expire(at=NOON + settings.REPORT_DAYS * DAY + MINUTE) == 1
    assert not ReportMail.objects.exists()
