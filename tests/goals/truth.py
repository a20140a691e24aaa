"""What a drain must find, counted in plain Python sets, and what it has found."""

from collections import Counter as Tally
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from events import names
from events.arrivals import Arrival
from goals.models import Counter, FirstSeen

EVERYBODY = ""  # stands for the global counter
FIVE_MINUTES = timedelta(minutes=5)


class Truth:
    """The numbers of a history in its order of arrival."""

    def __init__(self, arrivals: Sequence[Arrival]) -> None:
        self.counts: Tally[str] = Tally()
        self.sums: dict[str, Decimal] = {}
        self.first_seen: Tally[tuple[str, datetime]] = Tally()
        self.marks: list[tuple[bool, bool]] = []
        self._seen: set[tuple[str, int]] = set()
        for one in arrivals:
            self.marks.append((self._note(one.event_name, one), self._note("", one)))

    def _note(self, counter: str, one: Arrival) -> bool:
        if (counter, one.user_key) in self._seen:
            return False
        self._seen.add((counter, one.user_key))
        self.counts[counter] += 1
        self.first_seen[counter, start(one.occurred_at)] += 1
        if one.value is not None:
            self.sums[counter] = self.sums.get(counter, Decimal(0)) + one.value
        return True


def start(at: datetime) -> datetime:
    """Returns the start of the five minutes that hold a time."""
    return at - timedelta(seconds=at.timestamp() % FIVE_MINUTES.total_seconds())


def counts(namespace_id: int) -> dict[str, int]:
    """Returns name → users, over all shards."""
    return _total(namespace_id, "count")


def sums(namespace_id: int) -> dict[str, Decimal]:
    """Returns name → sum of the values of first occurrences, where there is one."""
    found = _total(namespace_id, "value_sum").items()
    return {name: total for name, total in found if total is not None}


def _total(namespace_id: int, field: str) -> dict[str, Any]:
    known = names.by_id(namespace_id=namespace_id) | {0: EVERYBODY}
    rows = Counter.objects.filter(namespace=namespace_id)
    found = rows.values_list("event_name_id").annotate(Sum(field))
    return {known[number]: total for number, total in found}


def first_seen(namespace_id: int) -> dict[tuple[str, datetime], int]:
    """Returns (name, start of five minutes) → users first seen, over all shards."""
    known = names.by_id(namespace_id=namespace_id) | {0: EVERYBODY}
    rows = FirstSeen.objects.filter(namespace=namespace_id, resolution=300)
    found = rows.values_list("event_name_id", "start_at").annotate(Sum("count"))
    return {(known[number], at): users for number, at, users in found}
