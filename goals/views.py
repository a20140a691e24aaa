"""Counts of unique users."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from access import queries as access
from access.permissions import caller
from events.views import Intake
from goals import queries, serializers


class Analytics(Intake):
    @extend_schema(
        parameters=[OpenApiParameter("namespace")], responses={200: dict, "4XX": dict}
    )
    def get(self, request: Request) -> Response:
        """Count unique users per event name, with bounds; one row counts all."""
        name = request.query_params.get("namespace")
        scope = access.scope(user=caller(request), name=name)
        found = queries.counts(namespace_id=scope.id) if scope else []
        return Response(serializers.counts(found))
