"""Bodies in: what was sent becomes what may be kept."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from django.conf import settings
from msgspec import UNSET, UnsetType
from rest_framework import serializers

from access.queries import Scope
from events import keys
from events.arrivals import Arrival
from events.body import MAX_VALUE, PRINTABLE, Event

T = TypeVar("T")


def present(value: T | UnsetType) -> T | None:
    return None if isinstance(value, UnsetType) else value


def arrivals(
    events: Sequence[Event], *, scopes: Mapping[str | None, Scope], at: datetime
) -> list[Arrival]:
    """Returns the events without their users' ids; `at` stands where no time is."""
    return [
        arrival(event, scope=scopes[present(event.namespace)], at=at)
        for event in events
    ]


def arrival(event: Event, *, scope: Scope, at: datetime) -> Arrival:
    place = {"secret": settings.USER_KEY_SECRET, "namespace": scope.name}
    user_key = keys.user_key(event.user_id, **place)
    event_id = present(event.event_id)
    return Arrival(
        namespace_id=scope.id,
        shard=keys.shard(user_key),
        user_key=user_key,
        event_name=event.event_name,
        occurred_at=at if event.datetime is UNSET else event.datetime.astimezone(UTC),
        value=present(event.value),
        item_id=present(event.item_id),
        order_id=present(event.order_id),
        session_id=present(event.session_id),
        ensure_goal=event.ensure_goal,
        event_hash=keys.event_hash(event_id, **place) if event_id else None,
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
