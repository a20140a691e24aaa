"""Reports: files of numbers that were asked for, once or time and again."""

import secrets
import string

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models
from django.db.models import Q

from api import zones

ALPHABET = string.ascii_letters + string.digits


def new_task_id() -> str:
    """Returns twenty random letters and digits: about 119 bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(20))


class Status(models.TextChoices):
    """How far a report is; the last three are its end."""

    REQUEST_SENT = "REQUEST_SENT", "waiting"
    RUNNING = "RUNNING", "running"
    COMPLETED = "COMPLETED", "completed"
    FAILED = "FAILED", "failed"
    CANCELLED = "CANCELLED", "cancelled"


OPEN = (Status.REQUEST_SENT, Status.RUNNING)


class Format(models.TextChoices):
    CSV = "csv", "CSV"
    XLSX = "xlsx", "Excel"
    JSON = "json", "JSON"


class Frequency(models.TextChoices):
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


def addresses(value: object) -> None:
    """Refuses what is no list of e-mail addresses."""
    if not isinstance(value, list) or not value:
        raise ValidationError("Write at least one address.")
    for address in value:
        validate_email(address)


def zone_name(value: str) -> None:
    """Refuses what is no time zone of the IANA database."""
    if value not in zones.names():
        raise ValidationError("Write a time zone such as UTC or Europe/Paris.")


class ReportSchedule(models.Model):
    """A report that is made and mailed whenever a day, a week or a month has ended."""

    namespace = models.ForeignKey("accounts.Namespace", on_delete=models.CASCADE)
    name = models.CharField(max_length=100, help_text="The subject of its e-mails.")
    frequency = models.CharField(max_length=8, choices=Frequency)
    timezone = models.CharField(
        max_length=64,
        default="UTC",
        validators=[zone_name],
        help_text="By whose clock days, weeks and months end.",
    )
    recipients = models.JSONField(default=list, validators=[addresses])
    format = models.CharField(max_length=4, choices=Format, default=Format.XLSX)
    segmentation = models.ForeignKey(
        "segmentation.Segmentation", on_delete=models.PROTECT, null=True, blank=True
    )
    kpis = models.ManyToManyField(
        "analytics.KPI",
        verbose_name="KPIs",
        blank=True,
        help_text="None stands for all of them.",
    )
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(frequency__in=Frequency.values),
                name="schedule_frequency_is_known",
            ),
            models.CheckConstraint(
                condition=Q(format__in=Format.values), name="schedule_format_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Report(models.Model):
    """A file of numbers: its row is its place in the queue, then its record.

    A worker that makes it holds it until `held_until`, and says so again and again:
    what a killed worker held is free after that. `attempts` tells the holders apart.
    """

    id = models.CharField(
        "task id",
        primary_key=True,
        max_length=20,
        default=new_task_id,
        editable=False,
    )
    namespace = models.ForeignKey("accounts.Namespace", on_delete=models.CASCADE)
    requested_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True
    )
    schedule = models.ForeignKey(
        ReportSchedule, on_delete=models.CASCADE, null=True, db_index=False
    )
    period_start_at = models.DateTimeField(
        null=True, help_text="Of a schedule: the start of what it reports on."
    )
    payload = models.JSONField(help_text="What was asked for, checked.")
    digest = models.CharField(max_length=32, help_text="A hash of the payload.")
    status = models.CharField(
        max_length=12, choices=Status, default=Status.REQUEST_SENT
    )
    progress = models.PositiveSmallIntegerField(default=0, help_text="percent")
    message = models.TextField(blank=True, help_text="For people: what went wrong.")
    attempts = models.PositiveSmallIntegerField(default=0)
    held_until = models.DateTimeField(null=True)
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    file = models.FileField(upload_to="reports", max_length=200, blank=True)
    file_name = models.CharField(
        max_length=200, blank=True, help_text="What a download is called."
    )
    size = models.PositiveBigIntegerField(default=0, help_text="bytes")
    sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["-requested_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=Status.values), name="report_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(progress__lte=100), name="report_progress_is_percent"
            ),
            models.CheckConstraint(
                condition=Q(status__in=OPEN, finished_at=None)
                | (~Q(status__in=OPEN) & Q(finished_at__isnull=False)),
                name="report_has_ended_or_not",
            ),
            models.UniqueConstraint(
                fields=["namespace", "digest"],
                condition=Q(status__in=OPEN, schedule=None),
                name="report_is_made_once_at_a_time",
            ),
            models.UniqueConstraint(
                fields=["schedule", "period_start_at"],
                name="report_of_a_schedule_once_a_period",
            ),
        ]

    def __str__(self) -> str:
        return self.id

    @property
    def explanation(self) -> str:
        """What people are told: of the making of the file, else of its mailing."""
        mail: ReportMail | None = getattr(self, "mail", None)
        return self.message or (mail.message if mail else "")


class ReportMail(models.Model):
    """The e-mail of a schedule's report: its row is its place in the queue of mails.

    It waits until the report is completed. An attempt is counted, and the next one put
    off, before anything is sent.
    """

    report = models.OneToOneField(
        Report, on_delete=models.CASCADE, primary_key=True, related_name="mail"
    )
    due_at = models.DateTimeField(help_text="The next attempt.")
    attempts = models.PositiveSmallIntegerField(default=0)
    mailed_at = models.DateTimeField(null=True)
    message = models.TextField(blank=True, help_text="For people: what went wrong.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(mailed_at=None) | Q(attempts__gt=0),
                name="report_mail_is_sent_by_an_attempt",
            ),
        ]

    def __str__(self) -> str:
        return f"e-mail of report {self.report_id}"
