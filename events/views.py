"""Events and prices in. Reading the clock and forgetting the user's id happen here."""

from collections.abc import Sequence
from datetime import UTC, datetime

from django.db import transaction
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from access import bodies
from access import services as access
from access.errors import Refused
from access.models import Role, User
from access.parsers import ExactJSONParser
from access.permissions import caller
from access.queries import Scope
from events import body, names, serializers, services


class Intake(APIView):
    """`POST /v0/analytics`; the counts that answer its GET belong to another app."""

    roles = [Role.ROOT, Role.MANAGER, Role.BACKEND]

    @extend_schema(
        request=dict,
        responses={
            204: OpenApiResponse(description="The events are committed."),
            "4XX": dict,
        },
    )
    def post(self, request: Request) -> Response:
        """Record one event, `{"events": […]}` or a bare list, all or none."""
        record(request)
        return Response(status=204)


def record(request: Request) -> None:
    """Puts the events of a request into the inbox.

    Raises Refused, naming the first thing that is wrong, with nothing stored.
    """
    received_at = datetime.now(UTC)
    bodies.require_json(request.content_type)
    try:
        events = body.decode(request.body, received_at=received_at)
    except body.BodyError as error:
        raise Refused(error.error) from None
    try:
        keep(events, user=caller(request), received_at=received_at)
    except names.NameLimitError as error:
        raise Refused({"what": str(error), "field": "event_name"}) from None


def keep(
    events: Sequence[body.Event], *, user: User, received_at: datetime
) -> dict[str | None, Scope]:
    """Puts events into the inbox; returns their namespaces by the name asked for.

    Raises NameLimitError and PermissionDenied, with nothing stored.
    """
    asked = {event.namespace for event in events}
    with transaction.atomic():  # a namespace comes with its events, or not at all
        scopes = access.writable_scopes(user=user, names=asked)
        arrivals = serializers.arrivals(events, scopes=scopes, at=received_at)
        services.record(arrivals=arrivals, received_at=received_at)
    return scopes


class ItemPrices(APIView):
    roles = [Role.ROOT, Role.MANAGER, Role.BACKEND]
    parser_classes = [ExactJSONParser]

    @extend_schema(
        request=serializers.ItemPricesBody,
        responses={
            204: OpenApiResponse(description="The prices are the latest."),
            "4XX": dict,
        },
    )
    def put(self, request: Request) -> Response:
        """Set the latest prices of items, for events that carry no value."""
        query = serializers.ItemPricesBody(data=request.data)
        query.is_valid(raise_exception=True)
        name = query.validated_data.get("namespace")
        scopes = access.writable_scopes(user=caller(request), names={name})
        services.put_prices(
            namespace_id=scopes[name].id,
            prices={
                one["item_id"]: one["price"] for one in query.validated_data["prices"]
            },
            at=datetime.now(UTC),
        )
        return Response(status=204)
