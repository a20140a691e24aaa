"""What is noted for staff: imports, work that failed, fields that nobody knows."""

from django.db import models


class Import(models.Model):
    """Events brought from files: what is taken, so that a repeat goes on from there.

    Until it is finished, and a day longer, retention keeps the days it brings.
    """

    namespace = models.ForeignKey("accounts.Namespace", on_delete=models.PROTECT)
    source = models.TextField(help_text="names of the files")
    digest = models.CharField(max_length=64, help_text="BLAKE2b of what they hold")
    start_at = models.DateTimeField(help_text="of the five minutes of the first event")
    end_at = models.DateTimeField(help_text="of the five minutes of the last event")
    total = models.PositiveBigIntegerField(help_text="events in the files")
    taken = models.PositiveBigIntegerField(default=0, help_text="of these, so far")
    recorded = models.PositiveBigIntegerField(
        default=0, help_text="of these, new: repeats of an event_id are left out"
    )
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["namespace", "digest"],
                condition=models.Q(finished_at=None),
                name="import_runs_once",
            ),
            models.CheckConstraint(
                condition=models.Q(taken__lte=models.F("total"))
                & models.Q(recorded__lte=models.F("taken"))
                & models.Q(start_at__lt=models.F("end_at")),
                name="import_takes_what_there_is",
            ),
        ]

    def __str__(self) -> str:
        return f"import {self.pk}"


class Failure(models.Model):
    """Periodic work that failed at its last attempt, and is tried again each tick."""

    work = models.CharField(max_length=20)
    subject = models.BigIntegerField(
        help_text="The number of its namespace or backfill, or of a day."
    )
    error = models.CharField(max_length=100, help_text="Its class; the log says more.")
    times = models.PositiveIntegerField(help_text="In a row.")
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        ordering = ["-last_at", "work", "subject"]
        constraints = [
            models.UniqueConstraint(fields=["work", "subject"], name="failure_once"),
        ]

    def __str__(self) -> str:
        return f"{self.work} of {self.subject}: {self.error}"


class IgnoredField(models.Model):
    """A field of bodies that nobody knows, and how often it was ignored."""

    class Body(models.TextChoices):
        EVENT = "event"
        GOAL = "goal"
        FLAG = "flag"

    OTHERS = ""  # the name of those for which there is no room

    namespace = models.ForeignKey(
        "accounts.Namespace", on_delete=models.PROTECT, db_index=False
    )
    body = models.CharField(max_length=5, choices=Body)
    name = models.CharField(max_length=64, blank=True)
    times = models.PositiveBigIntegerField(help_text="Events, goals or flags.")
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        ordering = ["namespace__name", "body", "-times", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["namespace", "body", "name"], name="ignored_field_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name or "(others)"
