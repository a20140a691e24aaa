"""The numbers computed from the catalogue, and the runs that wrote them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from analytics.models.catalogue import Metric
from db.conditions import aligned
from events.keys import SHARDS
from timegrid.buckets import RESOLUTIONS

WHOLE = 0  # the segment of the namespace as a whole


class Bucket(models.Model):
    """A metric's sum in one stored span; an absent bucket is zero."""

    pk = models.CompositePrimaryKey(
        "namespace_id", "resolution", "metric_id", "segment", "start_at"
    )
    namespace = models.ForeignKey(
        "accounts.Namespace", on_delete=models.PROTECT, db_index=False
    )
    resolution = models.IntegerField(help_text="seconds")
    metric = models.ForeignKey(Metric, on_delete=models.CASCADE, db_index=False)
    segment = models.IntegerField(default=WHOLE)
    start_at = models.DateTimeField()
    value = models.DecimalField(max_digits=38, decimal_places=6)
    shard_values = ArrayField(
        models.DecimalField(max_digits=38, decimal_places=6),
        null=True,
        help_text="Of a tested leaf: the value by the users' shards.",
    )
    run = models.ForeignKey(
        "analytics.AggregationRun",
        models.DO_NOTHING,
        null=True,
        db_constraint=False,  # checked a row at a time, it would cost more than the sum
        db_index=False,
        help_text="The run that wrote it last.",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(resolution__in=list(RESOLUTIONS)),
                name="bucket_resolution_is_stored",
            ),
            models.CheckConstraint(condition=aligned(), name="bucket_start_is_aligned"),
            models.CheckConstraint(
                condition=~models.Q(value=0), name="bucket_is_not_zero"
            ),
            models.CheckConstraint(
                condition=models.Q(shard_values__len=SHARDS),
                name="bucket_has_all_shards",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.metric_id} at {self.start_at}: {self.value}"


class Cause(models.TextChoices):
    EVENTS = "events", "new events or prices"
    REBUILD = "rebuild", "rebuild of a metric"
    REPLACE = "replace", "import that replaced a span"
    FILL = "fill", "fill of a segmentation"
    PUSH = "push", "values pushed by another program"
    LOAD = "load", "buckets loaded from a file"


class AggregationRun(models.Model):
    """One time that buckets of a namespace were written: why, and how many."""

    cause = models.CharField(max_length=16, choices=Cause, default=Cause.EVENTS)
    namespace = models.ForeignKey("accounts.Namespace", on_delete=models.PROTECT)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(db_default=Now())
    batches = models.PositiveIntegerField(default=0)
    events = models.PositiveBigIntegerField(default=0)
    buckets = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"run {self.pk}"


class Carried(models.Model):
    """Users that a `unique` metric counted in history which an import replaced.

    They stay known, so no later event marks them as new: without these, the bucket
    would forget them when it is computed anew.
    """

    pk = models.CompositePrimaryKey("namespace_id", "metric_id", "segment", "start_at")
    namespace = models.ForeignKey(
        "accounts.Namespace", on_delete=models.PROTECT, db_index=False
    )
    metric = models.ForeignKey(Metric, on_delete=models.CASCADE, db_index=False)
    segment = models.IntegerField(default=WHOLE)
    start_at = models.DateTimeField()
    value = models.DecimalField(max_digits=38, decimal_places=6)

    def __str__(self) -> str:
        return f"{self.metric_id} at {self.start_at}: {self.value}"
