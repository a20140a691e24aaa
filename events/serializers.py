"""Bodies in: what was sent becomes what may be kept."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import serializers

from accounts.queries import Scope
from api import answers
from api.serializers import Input, ListField, NamespaceInput
from events import keys
from events.arrivals import Arrival
from events.event_body import MAX_VALUE, PRINTABLE, PROPERTIES, REQUIRED, Event
from events.pseudonyms import Pseudonyms


def arrivals(
    events: Sequence[Event], *, scopes: Mapping[str | None, Scope], at: datetime
) -> list[Arrival]:
    """Returns the events without their users' ids; `at` stands where no time is."""
    secret = settings.USER_KEY_SECRET
    users = {
        asked: Pseudonyms(scope.id, key=keys.namespace_key(secret, scope.name))
        for asked, scope in scopes.items()
    }
    return [users[event.namespace].arrival(event, at=at) for event in events]


class ItemPriceBody(Input):
    item_id = serializers.RegexField(PRINTABLE, max_length=200, trim_whitespace=False)
    price = serializers.DecimalField(
        max_digits=20, decimal_places=6, min_value=Decimal(0), max_value=MAX_VALUE
    )


class ItemPricesBody(NamespaceInput):
    """Prices of up to 1,000 items; of a repeated item, the last one counts."""

    prices = ListField(child=ItemPriceBody(), allow_empty=False, max_length=1_000)


EventBody = answers.body(
    "EventBody",
    PROPERTIES,
    required=REQUIRED,
    value=serializers.FloatField(
        required=False, min_value=-float(MAX_VALUE), max_value=float(MAX_VALUE)
    ),
)


class EventsBody(serializers.Serializer[answers.Answer]):
    """Several events, all or none; `namespace` for those that name none."""

    events = EventBody(many=True)
    namespace = serializers.CharField(required=False)


EVENTS = PolymorphicProxySerializer(
    component_name="Events",
    serializers=[EventsBody, EventBody(many=True)],
    resource_type_field_name=None,
    many=False,
)
