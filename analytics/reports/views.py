"""Reports over HTTP: asked for, followed, downloaded."""

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet
from django.http import FileResponse
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import ErrorDetail, ParseError, ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Namespace, Role
from accounts.permissions import caller
from accounts.views import Endpoint, reads
from analytics.models import Report, Status
from analytics.reports import plans, queue, serializers, tasks
from analytics.reports.plans import PlanError
from analytics.reports.serializers import TASK
from analytics.series.serializers import answer as answered
from api.answers import ErrorAnswer
from api.errors import Duplicated, LimitReached, Missing

ROLES = [Role.ROOT, Role.MANAGER, Role.BACKEND]
CONTENT = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}
NO_FILE = {
    Status.REQUEST_SENT: "The report waits to be made: there is no file yet.",
    Status.RUNNING: "The report is being made ({progress} %): there is no file yet.",
    Status.FAILED: "The report has failed: there is no file. {message}",
    Status.CANCELLED: "The report was cancelled: there is no file.",
    Status.COMPLETED: "The file is no longer in the storage: ask for the report again.",
}


def answers(status: int, answer: Any, **read: Any) -> Callable[..., Any]:
    """Says what a verb reads, and describes its answer."""
    return reads(responses={status: answer, "4XX": ErrorAnswer}, **read)


class FileMissingError(Missing):
    """A report has no file, and says why."""

    def __init__(self, report: Report) -> None:
        super().__init__(kind="file", key=report.pk)
        reason = NO_FILE[Status(report.status)]
        self.detail = ErrorDetail(
            reason.format(progress=report.progress, message=report.explanation)
        )


class ReportExport(Endpoint):
    roles = ROLES

    @answers(202, serializers.Requested, body=serializers.ExportBody)
    def post(self, request: Request) -> Response:
        """Ask for a file of numbers; a worker makes it.

        The same report is not made twice at once: that is a DuplicatedError.
        """
        scope, now = self.scope(), datetime.now(UTC)
        payload = serializers.canonical(self.body.get("payload") or {})
        with refusals_told():
            plan = plans.plan(namespace_id=scope.id, payload=payload, now=now)
            report = queue.request(
                namespace_id=scope.id, payload=payload, user=caller(request), at=now
            )
        transaction.on_commit(tasks.wake, robust=True)
        answer = {"task_id": report.pk}
        return Response(answered(answer, warnings=plan.warnings), status=202)


@contextmanager
def refusals_told() -> Iterator[None]:
    """Raises what clients are told in place of what the queue and the plan raise."""
    try:
        yield
    except PlanError as error:
        raise ValidationError({"payload": {error.field: [str(error)]}}) from None
    except queue.FullError as error:
        raise LimitReached(str(error)) from None
    except queue.DuplicateError:
        raise Duplicated(kind="task", key=TASK, name="TASK_ALREADY_RUNNING") from None


class OtherTask(APIView):
    roles = ROLES

    @extend_schema(
        request=serializers.ExportBody,
        responses={202: serializers.Requested, "4XX": ErrorAnswer},
    )
    def post(self, request: Request, name: str) -> Response:
        """Refuse a task that there is not."""
        raise ParseError(f"there is no task {name}; expected {TASK}")


class RecentReports(Endpoint, GenericAPIView[Any]):
    roles = ROLES
    queryset = Report.objects.all()
    filter_backends = [DjangoFilterBackend]
    filterset_class = serializers.ReportFilter

    @answers(200, serializers.Tasks, query=serializers.RecentsQuery, filters=True)
    def get(self, request: Request) -> Response:
        """List the reports of a namespace, the newest first, page by page."""
        rows = self.filter_queryset(
            Report.objects.select_related("mail").filter(namespace=self.scope().id)
        )
        page, amt = self.query["page"], self.query["amt"]
        listed = list(rows[(page - 1) * amt : page * amt + 1])
        shown = [serializers.task(report) for report in listed[:amt]]
        more = {"has_next": len(listed) > amt, "next_page": page + 1}
        return Response({**more, "tasks": shown})


class OneReport(Endpoint):
    roles = ROLES

    @answers(200, serializers.Task, query=serializers.NamespaceQuery)
    def get(self, request: Request, task_id: str) -> Response:
        """Say how far a report is."""
        return Response(serializers.task(requested(self, task_id)))

    @answers(
        204,
        OpenApiResponse(description="It is not made any more, if it was not."),
        query=serializers.NamespaceQuery,
    )
    def delete(self, request: Request, task_id: str) -> Response:
        """Cancel a report that is not finished; one that is stays as it is."""
        report = requested(self, task_id)
        rows = Report.objects.filter(pk=report.pk)
        queue.cancel(rows, at=datetime.now(UTC))
        return Response(status=204)


class ReportDownload(Endpoint):
    roles = ROLES

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """The file is what it is, whatever is accepted."""
        return super().perform_content_negotiation(request, force=True)

    @reads(
        query=serializers.NamespaceQuery,
        responses={
            **{
                (200, kind.partition(";")[0]): OpenApiTypes.BINARY
                for kind in CONTENT.values()
            },
            ("4XX", "application/json"): ErrorAnswer,
        },
    )
    def get(self, request: Request, task_id: str) -> FileResponse:
        """Download the file of a completed report; until then there is none."""
        return download(requested(self, task_id))


def requested(endpoint: Endpoint, task_id: str) -> Report:
    """Returns a report of a namespace that the caller may read.

    Raises Missing, and PermissionDenied for a namespace that the request names.
    """
    user = caller(endpoint.request)
    rows: QuerySet[Report] = Report.objects.select_related("mail")
    if endpoint.namespace() is not None:
        rows = rows.filter(namespace=endpoint.scope().id)
    else:
        rows = rows.filter(namespace__in=Namespace.objects.visible_to(user))
    report = None if "\0" in task_id else rows.filter(pk=task_id).first()
    if report is None:
        raise Missing(kind="task", key=task_id)
    return report


def download(report: Report) -> FileResponse:
    """Returns the file of a report, with its checksum. Raises FileMissingError."""
    if report.status != Status.COMPLETED or not report.file:
        raise FileMissingError(report)
    try:
        file = default_storage.open(report.file.name or "")
    except FileNotFoundError:
        raise FileMissingError(report) from None
    digest = base64.b64encode(bytes.fromhex(report.sha256)).decode()
    return FileResponse(
        file,
        as_attachment=True,
        filename=report.file_name,
        content_type=CONTENT[report.payload["format"]],
        headers={
            "ETag": f'"{report.sha256}"',
            "Digest": f"sha-256={digest}",
        },
    )
