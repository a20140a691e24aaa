"""Bodies in: what was sent becomes what may be kept."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from rest_framework import serializers

from access.queries import Scope
from events import keys
from events.arrivals import Arrival
from events.body import ABSENT, MAX_VALUE, PRINTABLE, Event


def arrivals(
    events: Sequence[Event], *, scopes: Mapping[str | None, Scope], at: datetime
) -> list[Arrival]:
    """Returns the events without their users' ids; `at` stands where no time is."""
    secret = settings.USER_KEY_SECRET
    places = {
        asked: (scope.id, keys.namespace_key(secret, scope.name))
        for asked, scope in scopes.items()
    }
    return [arrival(event, *places[event.namespace], at) for event in events]


def arrival(event: Event, namespace_id: int, key: bytes, at: datetime) -> Arrival:
    user_key = keys.user_key(event.user_id, key=key)
    return Arrival(
        namespace_id=namespace_id,
        shard=keys.shard(user_key),
        user_key=user_key,
        event_name=event.event_name,
        occurred_at=at if event.datetime is ABSENT else event.datetime,
        value=event.value,
        item_id=event.item_id,
        order_id=event.order_id,
        session_id=event.session_id,
        ensure_goal=event.ensure_goal,
        event_hash=keys.event_hash(event.event_id, key=key) if event.event_id else None,
    )


class ItemPriceBody(serializers.Serializer[dict[str, Any]]):
    item_id = serializers.RegexField(PRINTABLE, max_length=200, trim_whitespace=False)
    price = serializers.DecimalField(
        max_digits=20, decimal_places=6, min_value=Decimal(0), max_value=MAX_VALUE
    )


class ItemPricesBody(serializers.Serializer[dict[str, Any]]):
    """Prices of up to 1,000 items; of a repeated item, the last one counts."""

    namespace = serializers.RegexField(
        PRINTABLE, max_length=200, trim_whitespace=False, required=False
    )
    prices = serializers.ListField(
        child=ItemPriceBody(), allow_empty=False, max_length=1_000
    )
