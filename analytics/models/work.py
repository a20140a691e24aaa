"""Work that staff can see: rows that are a queue, and its past."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from analytics.models.catalogue import Metric


class Backfill(models.Model):
    """Buckets to compute anew over the kept history: all of a metric, or those of a
    segmentation's leaves.
    """

    metric = models.ForeignKey(Metric, on_delete=models.CASCADE, null=True)
    segmentation = models.ForeignKey(
        "segmentation.Segmentation", on_delete=models.CASCADE, null=True
    )
    definition = models.CharField(
        max_length=32, blank=True, help_text="Of the segmentation, as it is filled."
    )
    from_at = models.DateTimeField(
        null=True, help_text="Of a segmentation: since then, every leaf is complete."
    )
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    done = models.PositiveIntegerField(default=0, help_text="days of namespaces")
    total = models.PositiveIntegerField(default=0, help_text="days of namespaces")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(metric__isnull=False, segmentation=None, from_at=None)
                | Q(metric=None, segmentation__isnull=False, from_at__isnull=False),
                name="backfill_is_of_a_metric_or_a_segmentation",
            ),
            models.UniqueConstraint(
                fields=["metric"],
                condition=Q(finished_at=None),
                name="backfill_of_a_metric_waits_once",
            ),
            models.UniqueConstraint(
                fields=["segmentation"],
                condition=Q(finished_at=None),
                name="backfill_of_a_segmentation_waits_once",
            ),
            models.CheckConstraint(
                condition=Q(done__lte=F("total")), name="backfill_is_at_most_done"
            ),
        ]

    def __str__(self) -> str:
        return f"backfill {self.pk}"


class MetricBackfills(models.Manager["MetricBackfill"]):
    def get_queryset(self) -> models.QuerySet["MetricBackfill"]:
        return super().get_queryset().exclude(metric=None)


class MetricBackfill(Backfill):
    """Those of metrics: all namespaces share them."""

    objects: ClassVar[MetricBackfills] = MetricBackfills()

    class Meta:
        proxy = True


class SegmentBackfills(models.Manager["SegmentBackfill"]):
    def get_queryset(self) -> models.QuerySet["SegmentBackfill"]:
        return super().get_queryset().exclude(segmentation=None)


class SegmentBackfill(Backfill):
    """Those of segmentations: each belongs to a namespace."""

    objects: ClassVar[SegmentBackfills] = SegmentBackfills()

    class Meta:
        proxy = True
