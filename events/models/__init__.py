"""What events stores: names, the way into history, prices, and what staff see of it."""

from events.models.bookkeeping import Failure, IgnoredField, Import
from events.models.history import Batch, Event, InboxEvent, SeenEvent
from events.models.names import NAME_LIMIT, NUMBER_LIMIT, EventName
from events.models.prices import ItemPrice, PriceChange

__all__ = [
    "NAME_LIMIT",
    "NUMBER_LIMIT",
    "Batch",
    "Event",
    "EventName",
    "Failure",
    "IgnoredField",
    "Import",
    "InboxEvent",
    "ItemPrice",
    "PriceChange",
    "SeenEvent",
]
