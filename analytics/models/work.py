"""Work that staff can see: rows that are queues, and their past."""

from django.db import models

from analytics.models.catalogue import Metric


class Rebuild(models.Model):
    """A metric to compute anew over the kept history: the queue, and its past."""

    metric = models.ForeignKey(Metric, on_delete=models.CASCADE)
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    done = models.PositiveIntegerField(default=0, help_text="days of namespaces")
    total = models.PositiveIntegerField(default=0, help_text="days of namespaces")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["metric"],
                condition=models.Q(finished_at=None),
                name="rebuild_waits_once",
            ),
            models.CheckConstraint(
                condition=models.Q(done__lte=models.F("total")),
                name="rebuild_is_at_most_done",
            ),
        ]

    def __str__(self) -> str:
        return f"rebuild {self.pk}"


class Fill(models.Model):
    """A segmentation whose leaves are computed over the kept history, and its past."""

    segmentation = models.ForeignKey(
        "segmentation.Segmentation", on_delete=models.CASCADE
    )
    definition = models.CharField(
        max_length=32, help_text="Of the segmentation's cut, as it is filled."
    )
    from_at = models.DateTimeField(help_text="Since then, every leaf is complete.")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    done = models.PositiveSmallIntegerField(default=0, help_text="days")
    total = models.PositiveSmallIntegerField(default=0, help_text="days")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["segmentation"],
                condition=models.Q(finished_at=None),
                name="fill_is_under_way_once",
            ),
            models.CheckConstraint(
                condition=models.Q(done__lte=models.F("total")),
                name="fill_is_at_most_done",
            ),
        ]

    def __str__(self) -> str:
        return f"fill {self.pk}"
