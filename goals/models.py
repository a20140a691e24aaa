"""Counters of unique users, one row a shard, and the pages of their filters.

Everything here adds up across shards, so shards can be counted by different workers.
"""

from django.db import models

GLOBAL = 0  # the event name id of a namespace's global counter


class Counter(models.Model):
    """Unique users of one event name (or of all: GLOBAL) that one shard has seen."""

    pk = models.CompositePrimaryKey("namespace_id", "shard", "event_name_id")
    namespace = models.ForeignKey("access.Namespace", on_delete=models.PROTECT)
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
                name="counter_is_a_shard_s",
            ),
        ]

    def __str__(self) -> str:
        return f"counter {self.event_name_id}, shard {self.shard}"


class FilterPage(models.Model):
    """At most 4 KiB of a counter's filter; a page without any user is not stored."""

    pk = models.CompositePrimaryKey("namespace_id", "shard", "event_name_id", "page")
    namespace = models.ForeignKey("access.Namespace", on_delete=models.PROTECT)
    shard = models.PositiveSmallIntegerField()
    event_name_id = models.IntegerField()
    page = models.PositiveSmallIntegerField()
    content = models.BinaryField()

    def __str__(self) -> str:
        return f"page {self.page} of counter {self.event_name_id}"


class FirstSeen(models.Model):
    """Users first seen by a counter in five minutes: additive, unlike unique users."""

    pk = models.CompositePrimaryKey(
        "namespace_id", "event_name_id", "start_at", "shard"
    )
    namespace = models.ForeignKey("access.Namespace", on_delete=models.PROTECT)
    event_name_id = models.IntegerField()
    start_at = models.DateTimeField()
    shard = models.PositiveSmallIntegerField()
    count = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(count__gt=0), name="first_seen_is_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.count} first seen at {self.start_at}"
