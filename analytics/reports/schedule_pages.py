"""Schedules of reports for staff: edited, looked at beforehand, sent once more."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from accounts.models import User
from accounts.staff import OwnedAdmin
from analytics.models import Report, ReportMail, ReportSchedule, Status
from analytics.reports import mails, schedules, tasks
from analytics.reports.forms import ScheduleForm
from analytics.reports.schedules import ScheduleError

# The page is an e-mail: its styles stand in it, and it loads and runs nothing.
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
SENT = "%s: the report of its last period is made and mailed within minutes."


class ReportScheduleAdmin(OwnedAdmin[ReportSchedule]):
    namespace_path = "namespace_id"
    form = ScheduleForm
    list_display = ["name", "namespace", "frequency", "active", "next", "last"]
    list_filter = ["active", "frequency", "namespace"]
    search_fields = ["name"]
    ordering = ["name", "pk"]
    filter_horizontal = ["kpis"]
    actions = ["send_last"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReportSchedule]:
        """Adds namespaces and the newest report of each, in one statement more."""
        rows = Report.objects.select_related("mail")
        newest = rows.order_by("schedule_id", "-period_start_at")
        reports = Prefetch("report_set", newest.distinct("schedule_id"), "newest")
        own = super().get_queryset(request).select_related("namespace")
        return own.prefetch_related(reports)

    @admin.display(description="next report")
    def next(self, schedule: ReportSchedule) -> str:
        """The earliest time of it, by the schedule's clock."""
        if not schedule.active:
            return "-"
        try:
            at = schedules.next_at(schedule, at=datetime.now(UTC))
        except ScheduleError as error:
            return f"never: {error}"
        return f"{at.astimezone(schedules.zone_of(schedule)):%Y-%m-%d %H:%M %Z}"

    @admin.display(description="last report")
    def last(self, schedule: ReportSchedule) -> str:
        """Its period and how far it is."""
        newest: list[Report] = getattr(schedule, "newest", [])
        return " ".join(map(summary, newest)) or "-"

    def get_readonly_fields(
        self, request: HttpRequest, obj: ReportSchedule | None = None
    ) -> list[str]:
        """Its reports are of this namespace, and one a period."""
        return ["namespace", "frequency"] if obj else []

    def get_field_queryset(
        self, db: str | None, db_field: Any, request: HttpRequest
    ) -> QuerySet[Any]:
        """Segmentations are shown with their namespaces."""
        rows = super().get_field_queryset(db, db_field, request)
        segmented = db_field.name == "segmentation"
        return rows.select_related("namespace") if segmented else rows

    def save_model(
        self,
        request: HttpRequest,
        obj: ReportSchedule,
        form: ModelForm[ReportSchedule],
        change: bool,
    ) -> None:
        """Its first report is of the period that ends after now."""
        if not change:
            obj.created_at = datetime.now(UTC)
        super().save_model(request, obj, form, change)

    def has_delete_permission(
        self, request: HttpRequest, obj: ReportSchedule | None = None
    ) -> bool:
        """Its reports would go with it: a schedule is switched off instead."""
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.preview)
        name = "analytics_reportschedule_preview"
        return [path("<int:pk>/preview/", view, name=name), *super().get_urls()]

    def preview(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Shows the e-mail of the last period, with its numbers of now."""
        schedule = self.get_object(request, str(pk))
        if not self.has_view_permission(request, schedule):
            raise PermissionDenied
        now = datetime.now(UTC)
        try:
            period = schedules.last(schedule, at=now)
        except ScheduleError as error:
            return HttpResponse(f"There is no preview: {error}.", status=409)
        asked = schedules.payload(schedule, period)
        page = mails.html(mails.summary(schedule, payload=asked, now=now))
        return HttpResponse(page, headers={"Content-Security-Policy": MAIL_POLICY})

    @admin.action(description="Send the last period now", permissions=["change"])
    def send_last(
        self, request: HttpRequest, queryset: QuerySet[ReportSchedule]
    ) -> HttpResponse | None:
        """Makes and mails the last report again, once staff have confirmed it."""
        if "confirmed" not in request.POST:
            return self.confirm(request, queryset)
        for schedule in queryset:
            self.send(request, schedule)
        return None

    def confirm(
        self, request: HttpRequest, queryset: QuerySet[ReportSchedule]
    ) -> HttpResponse:
        context: dict[str, Any] = {"title": "Send reports now", "chosen": queryset}
        context |= self.admin_site.each_context(request) | {"opts": self.opts}
        template = "admin/analytics/reportschedule/send.html"
        return TemplateResponse(request, template, context)

    def send(self, request: HttpRequest, schedule: ReportSchedule) -> None:
        assert isinstance(request.user, User)
        now = datetime.now(UTC)
        try:
            schedules.send_again(schedule=schedule, at=now, user=request.user)
        except ScheduleError as error:
            messages.error(request, f"{schedule} is not sent: {error}.")
            return
        transaction.on_commit(tasks.wake, robust=True)
        self.log_change(request, schedule, "Sent the last report again.")
        messages.success(request, SENT % schedule)


def summary(report: Report) -> str:
    """Returns a report's period and how far it is, as the list tells it."""
    zone = ZoneInfo(report.payload["timezone"])
    day = report.period_start_at and report.period_start_at.astimezone(zone).date()
    return f"{day}: {progress(report)}"


def progress(report: Report) -> str:
    mail: ReportMail | None = getattr(report, "mail", None)
    if mail and mail.mailed_at:
        return f"mailed {mail.mailed_at:%Y-%m-%d %H:%M} UTC"
    if report.explanation:
        return report.explanation
    if report.status == Status.COMPLETED:
        return "to be mailed"
    return Status(report.status).label
