"""The catalogue that staff edit."""

from collections.abc import Collection, Mapping
from typing import Self

from django.core.exceptions import ValidationError
from django.db import models

from analytics.formulas import formula, units
from analytics.formulas.formula import FormulaError


class Unit(models.TextChoices):
    USD = "usd"
    COUNT = "count"
    PERCENTAGE = "percentage"


class Kind(models.TextChoices):
    COUNT = "count", "count of events"
    SUM = "sum", "sum of values"
    ORDERS = "orders", "distinct orders"
    UNIQUE = "unique", "users seen for the first time"
    SESSIONS = "sessions", "sessions started"
    SESSIONS_WITH = "sessions_with", "sessions with an event"
    ATTRIBUTED_SUM = "attributed_sum", "sum of attributed values"
    ATTRIBUTED_ORDERS = "attributed_orders", "distinct attributed orders"
    EXTERNAL = "external", "pushed by other programs"


ATTRIBUTED = (Kind.ATTRIBUTED_SUM, Kind.ATTRIBUTED_ORDERS)
NAMELESS = (Kind.SESSIONS, Kind.EXTERNAL)  # look at no event name


def readable_name(value: str) -> None:
    """Refuses a name that no formula could call a metric by."""
    try:
        names = formula.parse(value).names
    except FormulaError:
        names = ()
    if names != (value,):
        raise ValidationError(
            "Write lower-case letters, digits and underscores, beginning with a "
            "letter; words that Python reserves are taken."
        )


def formula_over_metrics(value: str) -> None:
    """Refuses a formula over other things than metrics, or of no unit at all."""
    fault = units.fault(value, unit="", units=units_of_metrics())
    if fault and not isinstance(fault, units.UnitError):
        raise ValidationError(str(fault))


def units_of_metrics() -> dict[str, str]:
    """The unit of every metric by name, switched off or not."""
    return dict(Metric.objects.values_list("name", "unit"))


def definition(kind: str, event_name: str, after: str) -> str:
    """What the values of a metric depend on."""
    return " ".join(filter(None, [kind, event_name, after]))


def is_stale(kind: str, event_name: str, after: str, *, built_as: str) -> bool:
    """Whether buckets built so were computed by another definition, or not at all."""
    return kind != Kind.EXTERNAL and built_as != definition(kind, event_name, after)


class Metric(models.Model):
    """A strictly additive number, stored in buckets."""

    name = models.CharField(max_length=64, unique=True, validators=[readable_name])
    kind = models.CharField(max_length=20, choices=Kind)
    event_name = models.CharField(
        max_length=200,
        blank=True,
        help_text="The events it looks at. Empty for sessions and external; "
        "empty, for unique users, means any.",
    )
    after = models.CharField(
        max_length=200,
        blank=True,
        help_text="For attributed kinds: the event, such as a click on a "
        "recommendation, that must have come before, on the same item.",
    )
    unit = models.CharField(max_length=16, choices=Unit)
    description = models.TextField(blank=True)
    active = models.BooleanField(default=True)
    built_as = models.CharField(
        max_length=450,
        blank=True,
        editable=False,
        help_text="The definition that its stored buckets were computed by.",
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=Kind.values), name="metric_kind_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=[Kind.UNIQUE, *NAMELESS])
                | ~models.Q(event_name=""),
                name="metric_names_its_event",
                violation_error_message="This kind needs an event name.",
            ),
            models.CheckConstraint(
                condition=~models.Q(kind__in=NAMELESS) | models.Q(event_name=""),
                name="metric_names_no_event",
                violation_error_message="This kind takes no event name.",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=ATTRIBUTED, after__gt="")
                | (~models.Q(kind__in=ATTRIBUTED) & models.Q(after="")),
                name="metric_is_attributed_to_an_event",
                violation_error_message="Attributed kinds, and only they, need the "
                "event that must have come before.",
            ),
            models.CheckConstraint(
                condition=~models.Q(after=models.F("event_name")) | models.Q(after=""),
                name="metric_is_not_attributed_to_itself",
                violation_error_message="An event is not attributed to its like.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def definition(self) -> str:
        """What its values depend on; when it changes, its buckets need a rebuild."""
        return definition(self.kind, self.event_name, self.after)

    @property
    def stale(self) -> bool:
        """Whether its buckets were computed by another definition, or not at all."""
        return is_stale(self.kind, self.event_name, self.after, built_as=self.built_as)

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """As Django's; and its unit must not make active KPIs wrong."""
        super().clean_fields(exclude=exclude)
        if "unit" in (exclude or ()):
            return
        known = units_of_metrics()
        before = KPI.objects.faults(known)
        after = KPI.objects.faults({**known, self.name: self.unit})
        if broken := ", ".join(name for name in after if name not in before):
            raise ValidationError({"unit": f"It would make KPIs wrong: {broken}."})


class KPIQuerySet(models.QuerySet["KPI"]):
    def in_order(self) -> Self:
        """Active KPIs as staff arranged them: the order of every answer."""
        return self.filter(active=True).order_by("position", "name")

    def faults(self, known: Mapping[str, str]) -> dict[str, FormulaError]:
        """What is wrong with active KPIs, by name; `known` has the metrics' units."""
        faults = {kpi.name: kpi.fault(known) for kpi in self.in_order()}
        return {name: fault for name, fault in faults.items() if fault}


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

    def uses(self, metric: Metric) -> bool:
        """Whether its formula names a metric."""
        readable = formula.read(self.formula)
        return readable is not None and metric.name in readable.names

    def fault(self, known: Mapping[str, str]) -> FormulaError | None:
        """What is wrong with its formula or unit; `known` has the metrics' units."""
        return units.fault(self.formula, unit=self.unit, units=known)

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """As Django's; and its unit must be that of its formula."""
        super().clean_fields(exclude=exclude)
        # `clean` would not know that a form leaves one of them out.
        shown = {"formula", "unit"}.isdisjoint(exclude or ())
        if shown and (fault := self.fault(units_of_metrics())):
            field = "unit" if isinstance(fault, units.UnitError) else "formula"
            raise ValidationError({field: str(fault)})
