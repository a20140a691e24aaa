"""Events on their way: the inbox, history, and what is remembered of both.

Tables that grow carry the namespace first in their key, so that they can be
distributed by it. Inbox, history and seen events are created in SQL (see the
migration): they are partitioned, or need a key that Django does not write.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Coalesce

from events.models.names import EventName


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
