"""The KPI and metric endpoints."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from access import queries as access
from access.models import Role
from access.permissions import caller
from analytics import pipeline, queries, serializers
from analytics.queries import Table
from events import spans
from events.buckets import TooManyCells

MANAGERS = [Role.ROOT, Role.MANAGER]


def documented(
    query: type[Serializer[dict[str, Any]]], answer: type[Serializer[dict[str, Any]]]
) -> Callable[..., Any]:
    """Describes an endpoint in the API's documentation."""
    responses = {200: answer, "4XX": serializers.ErrorAnswer}
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
        found = queries.statuses(namespace_id=namespace_id(request, query), kpis=kpis)
        body = {
            "statuses": [
                {"status": found[kpi.name], "kpi": serializers.kpi_config(kpi)}
                for kpi in kpis
            ]
        }
        return Response(serializers.answer(body, warnings=warnings))


class KPIValues(APIView):
    roles = MANAGERS

    @documented(serializers.KPIValuesQuery, serializers.KPIValuesAnswer)
    def get(self, request: Request) -> Response:
        """Compute KPIs over a span of time, cut into cells, and over all of it."""
        query = spans.query(request, serializers.KPIValuesQuery)
        found = table(request, query, read=queries.kpi_values, names=query["kpis"])
        body = serializers.kpi_table(found)
        return Response(serializers.answer(body, warnings=found.warnings))


class MetricValues(APIView):
    roles = MANAGERS

    @documented(serializers.MetricValuesQuery, serializers.MetricValuesAnswer)
    def get(self, request: Request) -> Response:
        """Sum metrics over the cells of a span of time."""
        query = spans.query(request, serializers.MetricValuesQuery)
        found = table(request, query, read=queries.metric_values, names=query["names"])
        body = serializers.metric_table(found)
        return Response(serializers.answer(body, warnings=found.warnings))


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


def table(
    request: Request,
    query: dict[str, Any],
    *,
    read: Callable[..., Table],
    names: Sequence[str],
) -> Table:
    """Returns what is read for the query's namespace and period.

    Raises Missing, PermissionDenied, and ValidationError for too many cells.
    """
    try:
        return read(
            namespace_id=namespace_id(request, query),
            names=names,
            period=spans.period(query),
            now=datetime.now(UTC),
        )
    except TooManyCells as error:
        raise ValidationError({"granularity": [str(error)]}) from None
