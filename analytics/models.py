"""The catalogue that staff edit, and the numbers computed from it."""

from typing import Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Now

from analytics import formula
from events.buckets import RESOLUTIONS

WHOLE = 0  # the segment of the namespace as a whole


class Unit(models.TextChoices):
    USD = "usd"
    COUNT = "count"
    PERCENTAGE = "percentage"


class Kind(models.TextChoices):
    COUNT = "count", "count of events"
    SUM = "sum", "sum of values"
    UNIQUE = "unique", "users seen for the first time"


def readable_name(value: str) -> None:
    """Refuses a name that no formula could call a metric by."""
    try:
        names = formula.parse(value).names
    except formula.FormulaError:
        names = ()
    if names != (value,):
        raise ValidationError(
            "Write lower-case letters, digits and underscores, beginning with a "
            "letter; words that Python reserves are taken."
        )


def formula_over_metrics(value: str) -> None:
    """Refuses a formula that does not parse or names no metric of ours."""
    try:
        names = formula.parse(value).names
    except formula.FormulaError as error:
        raise ValidationError(str(error)) from None
    known = set(Metric.objects.filter(name__in=names).values_list("name", flat=True))
    if unknown := [name for name in names if name not in known]:
        raise ValidationError(f"There is no metric named {', '.join(unknown)}.")


class Metric(models.Model):
    """A strictly additive number, stored in buckets."""

    name = models.CharField(max_length=64, unique=True, validators=[readable_name])
    kind = models.CharField(max_length=16, choices=Kind)
    event_name = models.CharField(
        max_length=200,
        blank=True,
        help_text="The events it looks at; empty, for unique users only, means any.",
    )
    unit = models.CharField(max_length=16, choices=Unit)
    description = models.TextField(blank=True)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=Kind.values), name="metric_kind_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(kind=Kind.UNIQUE) | ~models.Q(event_name=""),
                name="metric_names_its_event",
                violation_error_message="This kind needs an event name.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class KPIQuerySet(models.QuerySet["KPI"]):
    def in_order(self) -> Self:
        """Active KPIs as staff arranged them: the order of every answer."""
        return self.filter(active=True).order_by("position", "name")


class KPI(models.Model):
    """A formula over metrics, computed when it is asked for."""

    name = models.CharField(max_length=64, unique=True, validators=[readable_name])
    position = models.PositiveIntegerField(default=0)
    display_name = models.CharField(max_length=100)
    unit = models.CharField(max_length=16, choices=Unit)
    description = models.TextField(blank=True)
    formula = models.CharField(
        max_length=formula.MAX_CHARACTERS,
        validators=[formula_over_metrics],
        help_text="Arithmetic over metric names, such as "
        "100 * direct_revenue / total_revenue",
    )
    active = models.BooleanField(default=True)

    objects = KPIQuerySet.as_manager()

    class Meta:
        verbose_name = "KPI"
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name


class Bucket(models.Model):
    """A metric's sum in one stored span; an absent bucket is zero."""

    pk = models.CompositePrimaryKey(
        "namespace_id", "resolution", "metric_id", "segment", "start_at"
    )
    namespace = models.ForeignKey("access.Namespace", on_delete=models.PROTECT)
    resolution = models.IntegerField(help_text="seconds")
    metric = models.ForeignKey(Metric, on_delete=models.CASCADE, db_index=False)
    segment = models.IntegerField(default=WHOLE)
    start_at = models.DateTimeField()
    value = models.DecimalField(max_digits=38, decimal_places=6)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(resolution__in=list(RESOLUTIONS)),
                name="bucket_resolution_is_stored",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.metric_id} at {self.start_at}: {self.value}"


class AggregationRun(models.Model):
    """One aggregation of one namespace: what it covered and what it wrote."""

    namespace = models.ForeignKey("access.Namespace", on_delete=models.PROTECT)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(db_default=Now())
    batches = models.PositiveIntegerField()
    events = models.PositiveBigIntegerField()
    buckets = models.PositiveIntegerField()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"run {self.pk}"
