"""Flags over HTTP. Reading the clock and drawing a chance happen here."""

from datetime import UTC, datetime
from random import random

from django.db import transaction
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from access import bodies
from access import queries as namespaces
from access import services as access
from access.errors import Refused
from access.models import Role
from access.permissions import caller
from access.queries import Scope
from events import views as intake
from events.body import Event
from events.names import NameLimitError
from flags import queries, serializers, services

NAMESPACE = OpenApiParameter("namespace")


class Features(APIView):
    roles = [Role.ROOT, Role.MANAGER, Role.BACKEND]

    @extend_schema(
        parameters=[
            NAMESPACE,
            OpenApiParameter("user_obj", description="A JSON object in Base64"),
            OpenApiParameter("context_obj", description="A JSON object in Base64"),
        ],
        responses={200: dict, "4XX": dict},
    )
    def get(self, request: Request) -> Response:
        """Say which flags are on for a user, and record the feature the user meets."""
        now, query = datetime.now(UTC), request.query_params
        context = serializers.query_object(query, "context_obj")
        user = serializers.query_object(query, "user_obj")
        event = serializers.event(
            user, context, namespace=query.get("namespace"), at=now
        )
        scope, warnings = met(event, request=request, at=now)
        if scope is None:
            return Response({"features": {}})
        found = queries.verdicts(scope=scope, user=user, chance=random(), at=now)
        return Response(serializers.features(found, warnings=warnings))


def met(
    event: Event | None, *, request: Request, at: datetime
) -> tuple[Scope | None, list[str]]:
    """Returns the namespace to read; a GET's event is committed to it first.

    And a warning where there is no room for its name: flags are answered all the same.
    """
    name, user, warnings = request.query_params.get("namespace"), caller(request), []
    if event is not None and request.method != "HEAD":
        try:
            return intake.keep([event], user=user, received_at=at)[name], []
        except NameLimitError as error:
            warnings = [f"the feature is not recorded: {error}"]
    return namespaces.scope(user=user, name=name), warnings


class FeatureSpecs(APIView):
    roles = [Role.ROOT, Role.MANAGER, Role.BACKEND]
    method_roles = {"POST": [Role.ROOT, Role.MANAGER]}

    @extend_schema(parameters=[NAMESPACE], responses={200: dict, "4XX": dict})
    def get(self, request: Request) -> Response:
        """List the flags of a namespace, sorted by name."""
        name = request.query_params.get("namespace")
        scope = namespaces.scope(user=caller(request), name=name)
        found = queries.specs(namespace_id=scope.id) if scope else []
        return Response(serializers.feature_specs(found))

    @extend_schema(
        request=dict,
        responses={
            204: OpenApiResponse(description="The flag is as sent."),
            "4XX": dict,
        },
    )
    def post(self, request: Request) -> Response:
        """Set a flag, or add it: what is not sent is not kept."""
        now = datetime.now(UTC)
        sent = bodies.json_object(
            request, properties=serializers.PROPERTIES, required=()
        )
        spec, name = serializers.spec(sent, at=now), sent.get("namespace")
        try:
            with transaction.atomic():  # a namespace comes with its flag, or not at all
                scopes = access.writable_scopes(user=caller(request), names={name})
                services.put(spec, namespace_id=scopes[name].id)
        except services.FlagLimitError as error:
            raise Refused({"what": str(error), "field": "name"}) from None
        return Response(status=204)
