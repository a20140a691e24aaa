"""Events and prices in. Reading the clock and forgetting the user's id happen here."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from django.db import transaction
from drf_spectacular.utils import OpenApiResponse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services as accounts
from accounts.models import Role, User
from accounts.permissions import caller
from accounts.queries import Scope
from accounts.views import Endpoint, V0Endpoint, reads
from api import json_body
from api.answers import V0_ERRORS, ErrorAnswer
from api.errors import Refused
from api.parsers import ExactJSONParser
from api.serializers import V0Query
from events import event_body, ignored, intake, names, serializers, services
from events.intake import Ignored, Received


class Intake(V0Endpoint):
    """`POST /v0/analytics`; the counts that answer its GET belong to another app."""

    roles = [Role.ROOT, Role.MANAGER, Role.BACKEND]

    @reads(
        query=V0Query,
        request=serializers.EVENTS,
        responses={
            204: OpenApiResponse(description="The events are committed."),
            **V0_ERRORS,
        },
    )
    def post(self, request: Request) -> Response:
        """Record one event, `{"events": […]}` or a bare list, all or none."""
        received_at = datetime.now(UTC)
        received = sent(request, received_at=received_at)
        if received.namespace is not event_body.ABSENT:
            self.body = {"namespace": received.namespace}
        if (name := self.namespace()) is not None:
            for event in received.events:
                if event.namespace is event_body.ABSENT:
                    event.namespace = name
        try:
            scopes = keep(
                received.events, user=caller(request), received_at=received_at
            )
        except names.NameLimitError as error:
            raise Refused({"what": str(error), "field": "event_name"}) from None
        self.ignored = dict.fromkeys(field for _, field in received.ignored)
        counts = by_namespace(received.ignored, scopes, default=name)
        ignored.count(counts, body=ignored.EVENT, at=received_at)
        return Response(status=204)


def by_namespace(
    fields: Ignored, scopes: Mapping[str | None, Scope], *, default: str | None
) -> ignored.Counts:
    """Returns ignored fields by the id of their namespace.

    `default` stands where none is named; what stands beside events that all name
    another is left out.
    """
    counts: ignored.Counts = Counter()
    for (name, field), events in fields.items():
        scope = scopes.get(default if name is None else name)
        if scope:
            counts[scope.id, field] += events
    return counts


def sent(request: Request, *, received_at: datetime) -> Received:
    """Returns the events of a request. Raises Refused, naming the first fault."""
    json_body.require_json(request.content_type)
    try:
        return intake.decode(request.body, received_at=received_at)
    except event_body.BodyError as error:
        raise Refused(error.error) from None


def keep(
    events: Sequence[event_body.Event], *, user: User, received_at: datetime
) -> dict[str | None, Scope]:
    """Puts events into the inbox; returns their namespaces by the name asked for.

    Raises NameLimitError and PermissionDenied, with nothing stored.
    """
    asked = {event.namespace for event in events}
    with transaction.atomic():  # a namespace comes with its events, or not at all
        scopes = accounts.writable_scopes(user=user, names=asked)
        arrivals = serializers.arrivals(events, scopes=scopes, at=received_at)
        services.record(arrivals=arrivals, received_at=received_at)
    return scopes


class ItemPrices(Endpoint):
    roles = [Role.ROOT, Role.MANAGER, Role.BACKEND]
    parser_classes = [ExactJSONParser]

    @reads(
        body=serializers.ItemPricesBody,
        responses={
            204: OpenApiResponse(description="The prices are the latest."),
            "4XX": ErrorAnswer,
        },
    )
    def put(self, request: Request) -> Response:
        """Set the latest prices of items, for events that carry no value."""
        services.put_prices(
            namespace_id=self.writable_scope().id,
            prices={price["item_id"]: price["price"] for price in self.body["prices"]},
            at=datetime.now(UTC),
        )
        return Response(status=204)
