"""The catalogue, edited by staff, and the aggregations, to look at."""

from django.contrib import admin
from django.http import HttpRequest

from access.admin import ReadOnlyAdmin
from analytics import formula
from analytics.models import KPI, AggregationRun, Metric


@admin.register(Metric)
class MetricAdmin(admin.ModelAdmin[Metric]):
    list_display = ["name", "kind", "event_name", "unit", "active", "description"]
    list_filter = ["active", "kind", "unit"]
    search_fields = ["name", "event_name", "description"]

    def get_readonly_fields(
        self, request: HttpRequest, obj: Metric | None = None
    ) -> list[str]:
        """Formulas call a metric by its name."""
        return ["name"] if obj else []

    def has_delete_permission(
        self, request: HttpRequest, obj: Metric | None = None
    ) -> bool:
        """Its buckets would go with it: a metric is switched off instead."""
        return False


@admin.register(KPI)
class KPIAdmin(admin.ModelAdmin[KPI]):
    list_display = ["name", "position", "active", "display_name", "formula"]
    list_editable = ["position", "active"]
    list_filter = ["active", "unit"]
    search_fields = ["name", "display_name", "description", "formula"]
    readonly_fields = ["metrics"]
    fieldsets = [
        (None, {"fields": ["name", "formula", "metrics", "unit"]}),
        ("On the page", {"fields": ["display_name", "description"]}),
        ("In the list", {"fields": ["position", "active"]}),
    ]

    @admin.display(description="metrics of the formula")
    def metrics(self, kpi: KPI) -> str:
        try:
            return ", ".join(formula.parse(kpi.formula).names)
        except formula.FormulaError:
            return "-"


@admin.register(AggregationRun)
class AggregationRunAdmin(ReadOnlyAdmin[AggregationRun]):
    list_display = [
        "id",
        "namespace",
        "started_at",
        "seconds",
        "batches",
        "events",
        "buckets",
    ]
    list_filter = ["started_at", "namespace"]
    list_select_related = ["namespace"]
    sortable_by = ["id"]

    @admin.display
    def seconds(self, run: AggregationRun) -> str:
        return f"{(run.finished_at - run.started_at).total_seconds():.2f}"
