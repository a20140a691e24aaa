"""The KPI and metric endpoints."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.utils.http import content_disposition_header
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from access import queries as access
from access.models import Role
from access.parsers import ExactJSONParser
from access.permissions import caller
from access.renderers import CSVRenderer, JSONRenderer
from access.services import writable_scopes
from analytics import bodies, pipeline, pushes, queries, serializers, tables
from analytics.tables import Table
from events import spans
from events.buckets import TooManyCells
from events.comparisons import ComparisonError
from segmentation import queries as cuts

MANAGERS = [Role.ROOT, Role.MANAGER]


def documented(
    query: type[Serializer[dict[str, Any]]],
    answer: type[Serializer[dict[str, Any]]],
    *,
    as_csv: bool = False,
) -> Callable[..., Any]:
    """Describes an endpoint in the API's documentation."""
    json = JSONRenderer.media_type
    responses = {(200, json): answer, ("4XX", json): serializers.ErrorAnswer}
    if as_csv:
        responses[200, CSVRenderer.media_type] = str
    return extend_schema(parameters=[query], responses=responses)


class KPIConfigs(APIView):
    roles = MANAGERS

    @documented(serializers.NamesQuery, serializers.KPIConfigsAnswer)
    def get(self, request: Request) -> Response:
        """List KPIs in the order in which they should be shown."""
        query = spans.query(request, serializers.NamesQuery)
        kpis, warnings = queries.catalogue(query["kpis"])
        body = {"kpis": [serializers.kpi_config(kpi) for kpi in kpis]}
        return Response(serializers.answer(body, warnings=warnings))


class KPIStatuses(APIView):
    roles = MANAGERS

    @documented(serializers.KPIStatusesQuery, serializers.KPIStatusesAnswer)
    def get(self, request: Request) -> Response:
        """Say of each KPI whether its numbers can be trusted, with its config."""
        query = spans.query(request, serializers.KPIStatusesQuery)
        kpis, warnings = queries.catalogue(query["kpis"])
        place = namespace_id(request, query)
        now = datetime.now(UTC)
        found = queries.statuses(namespace_id=place, kpis=kpis, now=now)
        as_of = queries.data_as_of(namespace_id=place, now=now)
        body = {
            "data_as_of": as_of.timestamp(),
            "statuses": [
                {**found[kpi.name]._asdict(), "kpi": serializers.kpi_config(kpi)}
                for kpi in kpis
            ],
        }
        return Response(serializers.answer(body, warnings=warnings))


class TableView(APIView):
    """Answers with a table, as JSON or, with `Accept: text/csv`, for spreadsheets."""

    renderer_classes = [JSONRenderer, CSVRenderer]

    def get_renderers(self) -> list[BaseRenderer]:
        """Returns what can write the answer: what is no table leaves as JSON."""
        found = super().get_renderers()
        return found if self.request.method in {"GET", "HEAD"} else found[:1]


class KPIValues(TableView):
    roles = MANAGERS

    @documented(serializers.KPIValuesQuery, serializers.KPIValuesAnswer, as_csv=True)
    def get(self, request: Request) -> Response:
        """Compute KPIs over a span of time, cut into cells, and over all of it."""
        query = spans.query(request, serializers.KPIValuesQuery)
        found = table(request, query, read=queries.kpi_values, names=query["kpis"])
        if request.accepted_renderer.format == CSVRenderer.format:
            return spreadsheet("kpis", found, query)
        body = serializers.kpi_table(found)
        return Response(serializers.answer(body, warnings=found.warnings))


class MetricValues(TableView):
    roles = MANAGERS
    method_roles = {"PUT": [*MANAGERS, Role.BACKEND]}
    parser_classes = [ExactJSONParser]

    @documented(
        serializers.MetricValuesQuery, serializers.MetricValuesAnswer, as_csv=True
    )
    def get(self, request: Request) -> Response:
        """Sum metrics over the cells of a span of time."""
        query = spans.query(request, serializers.MetricValuesQuery)
        found = table(request, query, read=queries.metric_values, names=query["names"])
        if request.accepted_renderer.format == CSVRenderer.format:
            return spreadsheet("metrics", found, query)
        body = serializers.metric_table(found)
        return Response(serializers.answer(body, warnings=found.warnings))

    @extend_schema(
        request=bodies.MetricValuesBody,
        responses={
            204: OpenApiResponse(description="The values are stored."),
            "4XX": serializers.ErrorAnswer,
        },
    )
    def put(self, request: Request) -> Response:
        """Set the values that external metrics have in five minutes, all or none.

        What was there is overwritten; a zero leaves nothing. The same again is the
        same.
        """
        body = bodies.MetricValuesBody(data=request.data)
        body.is_valid(raise_exception=True)
        push(request, body.validated_data)
        return Response(status=204)


class Ready(APIView):
    """For monitors: are the database, Redis and the numbers as they should be?"""

    authentication_classes: list[type[BaseAuthentication]] = []
    permission_classes = [AllowAny]

    @extend_schema(
        responses={200: serializers.ReadyAnswer, 503: serializers.ReadyAnswer}
    )
    def get(self, request: Request) -> Response:
        """Say how far the numbers are behind; 503 where that is too far."""
        found = pipeline.state(now=datetime.now(UTC))
        ready = pipeline.ready(found)
        return Response({"ready": ready, **found}, status=200 if ready else 503)


def namespace_id(request: Request, query: dict[str, Any]) -> int:
    """Returns the namespace to read. Raises Missing and PermissionDenied."""
    return access.existing(user=caller(request), name=query.get("namespace")).id


def push(request: Request, body: bodies.Body) -> None:
    """Stores a validated MetricValuesBody.

    Raises PermissionDenied, and ValidationError for metrics that take no values.
    """
    name, columns = body.get("namespace"), body["metrics"]
    try:
        with transaction.atomic():  # a namespace comes with its values, or not at all
            scopes = writable_scopes(user=caller(request), names={name})
            pushes.put(
                namespace_id=scopes[name].id,
                starts=body["start_timestamps"],
                values={one["name"]: one["values"] for one in columns},
                at=datetime.now(UTC),
            )
    except pushes.PushError as error:
        wrong = {
            str(index): {"name": [error.reasons[one["name"]]]}
            for index, one in enumerate(columns)
            if one["name"] in error.reasons
        }
        raise ValidationError({"metrics": wrong}) from None


def table(
    request: Request,
    query: dict[str, Any],
    *,
    read: Callable[..., Table],
    names: Sequence[str],
) -> Table:
    """Returns what is read for the query's namespace and period.

    Raises Missing, PermissionDenied, and ValidationError for too many cells and for
    what cannot be compared.
    """
    place, asked = namespace_id(request, query), query.get("segmentation")
    cut = asked and cuts.existing(namespace_id=place, segmentation_id=asked)
    try:
        return read(
            namespace_id=place,
            names=names,
            period=spans.period(query),
            segmentation=cut,
            now=datetime.now(UTC),
        )
    except TooManyCells as error:
        raise ValidationError({"granularity": [str(error)]}) from None
    except ComparisonError as error:
        raise ValidationError({"compare": [str(error)]}) from None


def spreadsheet(what: str, found: Table, query: dict[str, Any]) -> Response:
    """Answers with the rows of a table, in a file that is named after its days."""
    zone = spans.period(query).zone
    name = tables.file_name(what, found, zone=zone)
    saved = content_disposition_header(as_attachment=True, filename=name)
    rows = tables.rows(found, zone=zone)
    return Response(rows, headers={"Content-Disposition": saved})
