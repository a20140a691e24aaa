"""Reports for staff: how far they are, their files; cancelled or asked for again."""

from datetime import UTC, datetime

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import User
from accounts.staff import OwnedAdmin, ReadOnlyAdmin
from analytics.models import Report, ReportMail, Status
from analytics.reports import queue, serializers, tasks
from analytics.reports.queue import DuplicateError, FullError


class ReportAdmin(ReadOnlyAdmin[Report], OwnedAdmin[Report]):
    namespace_path = "namespace_id"
    actions = ["cancel", "request_again"]
    list_display = [
        "id",
        "status",
        "percent",
        "namespace",
        "requested_by",
        "schedule",
        "requested_at",
        "finished_at",
        "download",
    ]
    list_filter = ["status", "requested_at", "namespace"]
    list_select_related = ["namespace", "requested_by", "schedule", "mail"]
    search_fields = ["id", "requested_by__username"]
    sortable_by = ["requested_at"]
    fields = [
        "id",
        ("namespace", "requested_by", "schedule", "period_start_at"),
        "payload",
        ("status", "percent", "attempts", "explanation"),
        ("requested_at", "started_at", "finished_at", "mailed_at"),
        ("download", "sha256"),
    ]

    @admin.display(description="progress")
    def percent(self, report: Report) -> str:
        return f"{report.progress} %"

    @admin.display(description="message")
    def explanation(self, report: Report) -> str:
        return report.explanation

    @admin.display(description="mailed at")
    def mailed_at(self, report: Report) -> datetime | None:
        mail: ReportMail | None = getattr(report, "mail", None)
        return mail.mailed_at if mail else None

    @admin.display(description="file")
    def download(self, report: Report) -> SafeString | str:
        if report.status != Status.COMPLETED:
            return "-"
        path = serializers.download(report)
        size = filesizeformat(report.size)
        return format_html('<a href="{}">{}</a> ({})', path, report.file_name, size)

    def has_work_permission(self, request: HttpRequest) -> bool:
        """Reports are written by the product: these two are all that staff can do."""
        return self.may_change(request)

    @admin.action(description="Cancel the selected reports", permissions=["work"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Report]) -> None:
        number = queue.cancel(queryset, at=datetime.now(UTC))
        done = f"{number} reports cancelled; those that have ended stay as they are."
        self.message_user(request, done, messages.SUCCESS)

    @admin.action(description="Request them again", permissions=["work"])
    def request_again(self, request: HttpRequest, queryset: QuerySet[Report]) -> None:
        try:
            requested = [again(report, request=request) for report in queryset]
        except FullError as error:
            self.message_user(request, f"{error}.", messages.ERROR)
            return
        made, refused = requested.count(True), requested.count(False)
        transaction.on_commit(tasks.wake, robust=True)
        if made:
            self.message_user(request, f"{made} reports requested.", messages.SUCCESS)
        if refused:
            waiting = f"{refused} reports are being made already."
            self.message_user(request, waiting, messages.WARNING)


def again(report: Report, *, request: HttpRequest) -> bool:
    """Asks for the same report once more, of no schedule; False while it is made."""
    user = request.user if isinstance(request.user, User) else None
    try:
        queue.request(
            namespace_id=report.namespace_id,
            payload=report.payload,
            user=user,
            at=datetime.now(UTC),
        )
    except DuplicateError:
        return False
    return True
