"""The KPI and metric endpoints."""

from collections.abc import Iterator
from contextlib import contextmanager
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
from access.errors import Missing
from access.models import DEFAULT_NAMESPACE, Role
from access.permissions import caller
from analytics import pipeline, queries, serializers
from analytics.buckets import SpanError, TooManyCells

MANAGERS = [Role.ROOT, Role.MANAGER]


class KPIConfigs(APIView):
    roles = MANAGERS

    @extend_schema(parameters=[serializers.NamesQuery], responses={200: dict})
    def get(self, request: Request) -> Response:
        """List KPIs in the order in which they should be shown."""
        kpis, warnings = queries.catalogue(
            validated(request, serializers.NamesQuery)["kpis"]
        )
        body = {"kpis": [serializers.kpi_config(kpi) for kpi in kpis]}
        return Response(serializers.answer(body, warnings=warnings))


class KPIStatuses(APIView):
    roles = MANAGERS

    @extend_schema(parameters=[serializers.KPIStatusesQuery], responses={200: dict})
    def get(self, request: Request) -> Response:
        """Say of each KPI whether its numbers can be trusted, with its config."""
        query = validated(request, serializers.KPIStatusesQuery)
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

    @extend_schema(parameters=[serializers.KPIValuesQuery], responses={200: dict})
    def get(self, request: Request) -> Response:
        """Compute KPIs over a span of time, cut into cells, and over all of it."""
        query = validated(request, serializers.KPIValuesQuery)
        with spans_refused():
            table = queries.kpi_values(
                namespace_id=namespace_id(request, query),
                names=query["kpis"],
                period=serializers.period(query),
                now=datetime.now(UTC),
            )
        body = serializers.kpi_table(table)
        return Response(serializers.answer(body, warnings=table.warnings))


class MetricValues(APIView):
    roles = MANAGERS

    @extend_schema(parameters=[serializers.MetricValuesQuery], responses={200: dict})
    def get(self, request: Request) -> Response:
        """Sum metrics over the cells of a span of time."""
        query = validated(request, serializers.MetricValuesQuery)
        with spans_refused():
            table = queries.metric_values(
                namespace_id=namespace_id(request, query),
                names=query["names"],
                period=serializers.period(query),
                now=datetime.now(UTC),
            )
        body = serializers.metric_table(table)
        return Response(serializers.answer(body, warnings=table.warnings))


class Ready(APIView):
    """For monitors: are the database, Redis and the numbers as they should be?"""

    authentication_classes: list[type[BaseAuthentication]] = []
    permission_classes = [AllowAny]

    @extend_schema(responses={200: dict, 503: dict})
    def get(self, request: Request) -> Response:
        """Say how far the numbers are behind; 503 where that is too far."""
        found = pipeline.state(now=datetime.now(UTC))
        ready = pipeline.ready(found)
        return Response({"ready": ready, **found}, status=200 if ready else 503)


def validated(
    request: Request, kind: type[Serializer[dict[str, Any]]]
) -> dict[str, Any]:
    """Returns the query's values. Raises ValidationError, naming the parameter."""
    query = kind(data=request.query_params)
    query.is_valid(raise_exception=True)
    return dict(query.validated_data)


def namespace_id(request: Request, query: dict[str, Any]) -> int:
    """Returns the namespace to read. Raises Missing and PermissionDenied."""
    name = query.get("namespace")
    scope = access.scope(user=caller(request), name=name)
    if scope is None:
        raise Missing(kind="namespace", key=name or DEFAULT_NAMESPACE)
    return scope.id


@contextmanager
def spans_refused() -> Iterator[None]:
    """Turns a span that cannot be answered into an error of its parameter."""
    try:
        yield
    except TooManyCells as error:
        raise ValidationError({"granularity": [str(error)]}) from None
    except SpanError as error:
        raise ValidationError({"start_timestamp": [str(error)]}) from None
