"""The catalogue, edited by staff, and the aggregations, to look at."""

from datetime import UTC, datetime

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Greatest
from django.forms import ModelForm
from django.http import HttpRequest

from accounts.staff import OwnedAdmin, ReadOnlyAdmin, SharedAdmin
from analytics.buckets import metric_backfill, tasks
from analytics.buckets.metric_backfill import NotRebuildableError
from analytics.formulas import formula
from analytics.models import (
    KPI,
    AggregationRun,
    Backfill,
    Kind,
    Metric,
    MetricBackfill,
    Report,
    ReportSchedule,
    SegmentBackfill,
)
from analytics.reports.pages import ReportAdmin
from analytics.reports.schedule_pages import ReportScheduleAdmin

admin.site.register(Report, ReportAdmin)
admin.site.register(ReportSchedule, ReportScheduleAdmin)

DEFINING = {"kind", "event_name", "after"}
NEEDED = (
    "%s needs a rebuild from kept history; until then its KPIs say missing_data. "
    "Buckets older than that stay as they are."
)
KILLED = (
    "%s is off: these KPIs are missing_config and have no numbers until it is on, "
    "or their formula is another: %s."
)
ASKED = (
    "Rebuilding %d metrics from kept history, in the order asked for: see Metric "
    "backfills. Older buckets stay as they are."
)


@admin.register(Metric)
class MetricAdmin(SharedAdmin[Metric]):
    list_display = ["name", "kind", "event_name", "after", "unit", "active", "built"]
    list_filter = ["active", "kind", "unit"]
    search_fields = ["name", "event_name", "description"]
    actions = ["rebuild"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Metric]:
        """Adds how many percent of an unfinished rebuild are done."""
        waiting = Backfill.objects.filter(metric=OuterRef("pk"), finished_at=None)
        share = waiting.values(share=100 * F("done") / Greatest("total", 1))
        return super().get_queryset(request).annotate(rebuilt=Subquery(share))

    @admin.display
    def built(self, metric: Metric) -> str:
        """Says whether the buckets follow the definition."""
        rebuilt = getattr(metric, "rebuilt", None)
        if rebuilt is not None:
            return f"rebuilding {rebuilt} %"
        if metric.kind == Kind.EXTERNAL:
            return "pushed"
        if not metric.active:
            return "-"
        return "needs rebuild" if metric.stale else "as defined"

    def save_model(
        self, request: HttpRequest, obj: Metric, form: ModelForm[Metric], change: bool
    ) -> None:
        """What was computed by another definition, or not while it was inactive, needs
        a rebuild, also where the old definition comes back.
        """
        edited = set(form.changed_data)
        if edited & (DEFINING | {"active"}):
            obj.built_as = ""
        super().save_model(request, obj, form, change)
        if edited & DEFINING:
            metric_backfill.forget(metric_id=obj.pk)
        if obj.active and obj.stale:
            messages.warning(request, NEEDED % obj)
        if "active" in edited and not obj.active:
            self.name_killed(request, obj)

    def name_killed(self, request: HttpRequest, metric: Metric) -> None:
        """Names the active KPIs that have no numbers without a metric."""
        if names := [kpi.name for kpi in KPI.objects.in_order() if kpi.uses(metric)]:
            messages.warning(request, KILLED % (metric, ", ".join(names)))

    @admin.action(description="Rebuild from kept history", permissions=["change"])
    def rebuild(self, request: HttpRequest, queryset: QuerySet[Metric]) -> None:
        try:
            numbers = metric_backfill.request(metrics=queryset, at=datetime.now(UTC))
        except NotRebuildableError as error:
            messages.error(request, f"Nothing is rebuilt: {error}.")
            return
        transaction.on_commit(tasks.wake_backfill, robust=True)
        messages.success(request, ASKED % len(numbers))

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
class KPIAdmin(SharedAdmin[KPI]):
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
class AggregationRunAdmin(ReadOnlyAdmin[AggregationRun], OwnedAdmin[AggregationRun]):
    namespace_path = "namespace_id"
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


class BackfillAdmin(ReadOnlyAdmin[Backfill]):
    """Of metrics and of segmentations: one queue, seen by whom its subject is."""

    list_filter = [("finished_at", admin.EmptyFieldListFilter)]
    sortable_by = ["id"]

    @admin.display
    def progress(self, backfill: Backfill) -> str:
        """Days of namespaces."""
        return f"{backfill.done:,} of {backfill.total:,} days"


@admin.register(MetricBackfill)
class MetricBackfillAdmin(BackfillAdmin, SharedAdmin[Backfill]):
    list_display = [
        "id",
        "metric",
        "requested_at",
        "started_at",
        "finished_at",
        "progress",
    ]
    list_select_related = ["metric"]
    search_fields = ["metric__name"]
    exclude = ["segmentation", "definition", "from_at"]


@admin.register(SegmentBackfill)
class SegmentBackfillAdmin(BackfillAdmin, OwnedAdmin[Backfill]):
    namespace_path = "segmentation__namespace_id"
    list_display = ["segmentation", "from_at", "started_at", "finished_at", "progress"]
    list_select_related = ["segmentation"]
    search_fields = ["segmentation__name"]
    sortable_by = ["started_at"]
    exclude = ["metric"]
