"""Intake, inbox, history and their bookkeeping.

Tables that grow carry the namespace first in their key, so that they can be
distributed by it. Inbox, history and seen events are created in SQL (migration 0002):
they are partitioned, or need a key that Django does not write.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Coalesce

NAME_LIMIT = 1_000  # names that a namespace uses at a time
NUMBER_LIMIT = 4_000  # and ever: a path to a goal has a bit for each


class EventName(models.Model):
    """The dictionary: rows of events carry this small id instead of the name.

    A name in use has one of the namespace's slots, a retired one has none.
    """

    id = models.AutoField(primary_key=True)
    namespace = models.ForeignKey(
        "accounts.Namespace", on_delete=models.PROTECT, db_index=False
    )
    number = models.PositiveSmallIntegerField(
        help_text="Counts the names of a namespace: its bit in the paths to goals."
    )
    slot = models.PositiveSmallIntegerField(
        null=True, help_text="So that the database bounds the names in use."
    )
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["namespace", "name"], name="name_once"),
            models.UniqueConstraint(fields=["namespace", "number"], name="number_once"),
            models.CheckConstraint(
                condition=models.Q(number__range=(1, NUMBER_LIMIT)),
                name="at_most_4000_names",
            ),
            models.UniqueConstraint(fields=["namespace", "slot"], name="slot_once"),
            models.CheckConstraint(
                condition=models.Q(slot__range=(1, NAME_LIMIT)),
                name="at_most_1000_names_in_use",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class EventFields(models.Model):
    """What an event carries from the inbox into history."""

    namespace = models.ForeignKey(
        "accounts.Namespace", models.DO_NOTHING, db_constraint=False
    )
    id = models.BigIntegerField()
    user_key = models.BigIntegerField()
    event_name = models.ForeignKey(EventName, models.DO_NOTHING, db_constraint=False)
    occurred_at = models.DateTimeField()
    value = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    item_id = models.TextField(null=True)  # noqa: DJ001 - absent is not empty
    order_id = models.TextField(null=True)  # noqa: DJ001 - absent is not empty
    session_id = models.TextField(null=True)  # noqa: DJ001 - absent is not empty

    class Meta:
        abstract = True


class InboxEvent(EventFields):
    """Received and committed, not yet counted. `id` is the order of arrival."""

    pk = models.CompositePrimaryKey("namespace_id", "shard", "id")
    shard = models.SmallIntegerField()
    received_at = models.DateTimeField()
    ensure_goal = models.BooleanField()

    class Meta:
        managed = False
        db_table = "events_inboxevent"

    def __str__(self) -> str:
        return f"inbox event {self.id}"


class Event(EventFields):
    """History: counted and kept, by day of `occurred_at`, under the user's key only."""

    pk = models.CompositePrimaryKey("namespace_id", "occurred_at", "id")
    batch = models.ForeignKey("events.Batch", models.DO_NOTHING, db_constraint=False)
    first_of_name = models.BooleanField(help_text="the user's first of this name")
    first_of_user = models.BooleanField(help_text="the user's first event at all")

    class Meta:
        managed = False
        db_table = "events_event"

    def __str__(self) -> str:
        return f"event {self.id}"


class BatchQuerySet(models.QuerySet["Batch"]):
    def pending(self) -> "BatchQuerySet":
        """Drained, not yet aggregated."""
        return self.filter(aggregated_at=None)


class Batch(models.Model):
    """The events that one drain of one shard moved into history, all or none."""

    namespace = models.ForeignKey(
        "accounts.Namespace", on_delete=models.PROTECT, db_index=False
    )
    shard = models.PositiveSmallIntegerField()
    events = models.PositiveIntegerField()
    touched = ArrayField(
        models.DateTimeField(),
        help_text="Starts of the five-minute buckets that its events fall into.",
    )
    received_at = models.DateTimeField(
        null=True, help_text="When the oldest of its events was received."
    )
    drained_at = models.DateTimeField()
    aggregated_at = models.DateTimeField(null=True, blank=True)
    aggregated_by = models.BigIntegerField(
        null=True, blank=True, help_text="The number of the run that covered it."
    )

    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "batches"
        indexes = [
            # Their first rows are asked for: of all, and of a namespace.
            models.Index(
                fields=["drained_at"],
                condition=models.Q(aggregated_at=None),
                name="batch_pending",
            ),
            models.Index(
                "namespace",
                Coalesce("received_at", "drained_at"),
                condition=models.Q(aggregated_at=None),
                name="batch_pending_by_namespace",
            ),
            models.Index(fields=["namespace", "aggregated_by"], name="batch_by_run"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(shard__lt=16, events__gt=0),
                name="batch_has_events_of_a_shard",
            ),
        ]

    def __str__(self) -> str:
        return f"batch {self.pk}"


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


class SeenEvent(models.Model):
    """The hash of an `event_id`, kept for 7 days so that a repeat counts once."""

    pk = models.CompositePrimaryKey("namespace_id", "event_hash")
    namespace = models.ForeignKey(
        "accounts.Namespace", models.DO_NOTHING, db_constraint=False
    )
    event_hash = models.UUIDField()
    seen_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "events_seenevent"

    def __str__(self) -> str:
        return str(self.event_hash)


class ItemPrice(models.Model):
    """An item's latest price, for events that carry no value of their own."""

    pk = models.CompositePrimaryKey("namespace_id", "item_id")
    namespace = models.ForeignKey(
        "accounts.Namespace", on_delete=models.PROTECT, db_index=False
    )
    item_id = models.CharField(max_length=200)
    price = models.DecimalField(max_digits=20, decimal_places=6)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(price__gte=0, price__lte=10**12),
                name="price_is_bounded",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id}: {self.price}"


class PriceChange(models.Model):
    """A price that was set anew, and the aggregation that summed events by it.

    Rows are only added where prices are set, so that whoever sets them waits for no
    aggregation.
    """

    namespace = models.ForeignKey(
        "accounts.Namespace", on_delete=models.PROTECT, db_index=False
    )
    item_id = models.CharField(max_length=200)
    changed_at = models.DateTimeField()
    aggregated_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["namespace", "changed_at"],
                condition=models.Q(aggregated_at=None),
                name="price_change_pending",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id} at {self.changed_at}"


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
