"""What may be kept of an event: a keyed hash stands for its user's id."""

from datetime import datetime

from events import keys
from events.arrivals import Arrival
from events.event_body import ABSENT, Event


class Pseudonyms:
    """The keys that stand for the users of one namespace.

    It remembers their ids: it must not outlive the request, or what an import takes at
    once.
    """

    def __init__(self, namespace_id: int, *, key: bytes) -> None:
        self._namespace_id = namespace_id
        self._key = key
        self._users: dict[str, int] = {}

    def arrival(self, event: Event, *, at: datetime) -> Arrival:
        """Returns an event without its ids; `at` stands where no time is."""
        user_key = self._users.get(event.user_id)
        if user_key is None:
            user_key = keys.user_key(event.user_id, key=self._key)
            self._users[event.user_id] = user_key
        event_id = event.event_id
        return Arrival(  # by position, which takes half as long
            self._namespace_id,
            keys.shard_number(user_key),
            user_key,
            event.event_name,
            at if event.datetime is ABSENT else event.datetime,
            event.value,
            event.item_id,
            event.order_id,
            event.session_id,
            event.ensure_goal,
            keys.event_hash(event_id, key=self._key) if event_id else None,
        )
