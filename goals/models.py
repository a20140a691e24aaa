"""Counters of unique users, one row a shard, and the pages of their filters.

Everything here adds up across shards, so shards can be counted by different workers.
No foreign key has an index of its own: a unique key begins with each.
"""

from django.db import models

from db.conditions import aligned
from timegrid.buckets import RESOLUTIONS

UNKNOWN = b""  # the combination of users whose path is not told apart
COMBINATIONS = 1_000  # of a goal: at most kept in each shard, and shown of all


class Counter(models.Model):
    """Unique users of one event name (or of all: GLOBAL) that one shard has seen."""

    pk = models.CompositePrimaryKey("namespace_id", "shard", "event_name_id")
    namespace = models.ForeignKey(
        "accounts.Namespace", on_delete=models.PROTECT, db_index=False
    )
    shard = models.PositiveSmallIntegerField()
    event_name_id = models.IntegerField()
    count = models.BigIntegerField(help_text="users that looked new: never too many")
    value_sum = models.DecimalField(
        max_digits=38, decimal_places=6, null=True, help_text="of first occurrences"
    )
    bits_set = models.BigIntegerField(help_text="in the last slice of the filter")
    version = models.PositiveSmallIntegerField(help_text="of the filter's layout")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(shard__lt=16, count__gte=0, bits_set__gte=0),
                name="counter_has_a_shard",
            ),
        ]

    def __str__(self) -> str:
        return f"counter {self.event_name_id}, shard {self.shard}"


class FilterPage(models.Model):
    """At most 4 KiB of a counter's filter; a page without any user is not stored."""

    pk = models.CompositePrimaryKey("namespace_id", "shard", "event_name_id", "page")
    namespace = models.ForeignKey(
        "accounts.Namespace", on_delete=models.PROTECT, db_index=False
    )
    shard = models.PositiveSmallIntegerField()
    event_name_id = models.IntegerField()
    page = models.PositiveSmallIntegerField()
    content = models.BinaryField()

    def __str__(self) -> str:
        return f"page {self.page} of counter {self.event_name_id}"


class FirstSeen(models.Model):
    """Users first seen by a counter in a bucket: additive, unlike unique users.

    Kept at every stored resolution, so that reading a year takes no more than a day.
    """

    pk = models.CompositePrimaryKey(
        "namespace_id", "resolution", "start_at", "event_name_id", "shard"
    )
    namespace = models.ForeignKey(
        "accounts.Namespace", on_delete=models.PROTECT, db_index=False
    )
    event_name_id = models.IntegerField()
    resolution = models.IntegerField(help_text="seconds")
    start_at = models.DateTimeField()
    shard = models.PositiveSmallIntegerField()
    count = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(count__gt=0), name="first_seen_is_positive"
            ),
            models.CheckConstraint(
                condition=models.Q(resolution__in=list(RESOLUTIONS)),
                name="first_seen_resolution_is_stored",
            ),
            models.CheckConstraint(
                condition=aligned(), name="first_seen_start_is_aligned"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.count} first seen at {self.start_at}"


class Goal(models.Model):
    """An event name whose users' paths are kept. Its counter knows who reached it."""

    event_name_id = models.IntegerField(primary_key=True)
    namespace = models.ForeignKey(
        "accounts.Namespace", on_delete=models.PROTECT, db_index=False
    )
    name = models.CharField(max_length=200)
    since = models.BigIntegerField(
        help_text="number of the first arrival whose path is kept"
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["namespace", "name"], name="goal_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Combination(models.Model):
    """Users who reached a goal after exactly these events.

    Who reached it after none is no row: they are the counter's users without one.
    """

    pk = models.CompositePrimaryKey("namespace_id", "goal_id", "shard", "events")
    namespace = models.ForeignKey(
        "accounts.Namespace", models.DO_NOTHING, db_constraint=False, db_index=False
    )
    goal = models.ForeignKey(
        Goal, models.DO_NOTHING, db_constraint=False, db_index=False
    )
    shard = models.PositiveSmallIntegerField()
    events = models.BinaryField(help_text="see paths.written; empty: UNKNOWN")
    count = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(count__gt=0, shard__lt=16),
                name="combination_is_of_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.count} on one path to goal {self.goal_id}"


class SingleEvent(models.Model):
    """Users who reached a goal after an event: exact, whatever the combinations."""

    pk = models.CompositePrimaryKey("namespace_id", "goal_id", "shard", "event_name_id")
    namespace = models.ForeignKey(
        "accounts.Namespace", models.DO_NOTHING, db_constraint=False, db_index=False
    )
    goal = models.ForeignKey(
        Goal, models.DO_NOTHING, db_constraint=False, db_index=False
    )
    shard = models.PositiveSmallIntegerField()
    event_name_id = models.IntegerField()
    count = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(count__gt=0, shard__lt=16),
                name="single_event_is_of_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.count} reached {self.goal_id} after {self.event_name_id}"
