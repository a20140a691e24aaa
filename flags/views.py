"""Flags over HTTP. Reading the clock and drawing a chance happen here."""

from collections import Counter
from datetime import UTC, datetime
from random import random

from django.db import transaction
from drf_spectacular.utils import OpenApiResponse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Role
from accounts.permissions import by_session, caller
from accounts.queries import Scope
from accounts.views import V0Endpoint, reads
from api import json_body
from api.answers import V0_ERRORS
from api.errors import Refused
from api.serializers import V0Query
from events import ignored
from events import views as intake
from events.event_body import Event
from events.names import NameLimitError
from flags import queries, serializers, services

UNRECORDED = "the feature is not recorded: {}"


class Features(V0Endpoint):
    roles = [Role.ROOT, Role.MANAGER, Role.BACKEND]

    @reads(
        query=serializers.FeaturesQuery,
        responses={200: serializers.FeaturesAnswer, **V0_ERRORS},
    )
    def get(self, request: Request) -> Response:
        """Say which flags are on for a user, and record the feature the user meets."""
        now, query = datetime.now(UTC), self.query
        context = serializers.query_object(query, "context_obj")
        user = serializers.query_object(query, "user_obj")
        event = serializers.event(user, context, namespace=self.namespace(), at=now)
        scope, warnings = event_scope(event, endpoint=self, at=now)
        if scope is None:
            return Response({"features": {}})
        verdicts = queries.verdicts(scope=scope, user=user, chance=random(), at=now)
        return Response(serializers.features(verdicts, warnings=warnings))


def event_scope(
    event: Event | None, *, endpoint: V0Endpoint, at: datetime
) -> tuple[Scope | None, list[str]]:
    """Returns the namespace to read; a GET's event is committed to it first.

    And a warning where it is not, because a session asks or there is no room for its
    name: flags are answered all the same.
    """
    request = endpoint.request
    if event is None or request.method == "HEAD":
        return endpoint.known_scope(), []
    if by_session(request):
        return endpoint.known_scope(), [UNRECORDED.format("only a token's GET writes")]
    try:
        scopes = intake.keep([event], user=caller(request), received_at=at)
        return scopes[endpoint.namespace()], []
    except NameLimitError as error:
        return endpoint.known_scope(), [UNRECORDED.format(error)]


class FeatureSpecs(V0Endpoint):
    roles = [Role.ROOT, Role.MANAGER, Role.BACKEND]
    method_roles = {"POST": [Role.ROOT, Role.MANAGER]}

    @reads(query=V0Query, responses={200: serializers.SpecsAnswer, **V0_ERRORS})
    def get(self, request: Request) -> Response:
        """List the flags of a namespace, sorted by name."""
        scope = self.known_scope()
        specs = queries.specs(namespace_id=scope.id) if scope else []
        return Response(serializers.feature_specs(specs))

    @reads(
        query=V0Query,
        request=serializers.SpecBody,
        responses={
            204: OpenApiResponse(description="The flag is as sent."),
            **V0_ERRORS,
        },
    )
    def post(self, request: Request) -> Response:
        """Set a flag, or add it: what is not sent is not kept."""
        now = datetime.now(UTC)
        self.body, self.ignored = json_body.json_object(
            request,
            properties=serializers.PROPERTIES,
            required=(),
            vocabulary=serializers.VOCABULARY,
        )
        spec = serializers.spec(self.body, at=now)
        try:
            with transaction.atomic():  # a namespace comes with its flag, or not at all
                scope = self.writable_scope()
                services.put(spec, namespace_id=scope.id)
        except services.FlagLimitError as error:
            raise Refused({"what": str(error), "field": "name"}) from None
        counts = Counter((scope.id, field) for field in self.ignored)
        ignored.count(counts, body=ignored.FLAG, at=now)
        return Response(status=204)
