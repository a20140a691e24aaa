"""An independent account of a shop: what was sent, and what must come of it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from django.db.models import Sum

from analytics.models import Bucket, Kind, Metric
from events.arrivals import Arrival
from events.models import Batch, Event, InboxEvent
from tests.analytics import shop_model
from tests.events.builders import NOON, arrival
from tests.goals import truth
from tests.goals.paths.paths_model import Model, published

SECONDS = (300, 3_600, 86_400)
NAMES = ("product_view", "purchase", "recommendation_view")
GOAL = "purchase"
Buckets = dict[tuple[str, int, datetime], Decimal]


def shop_events(
    namespace_id: int, count: int, *, seed: int, end_at: datetime = NOON
) -> list[Arrival]:
    """Returns events of three days and of users who come back, in any order.

    A value depends on its user alone, so that it does not matter who is first. Users
    are of four shards, for each shard that has events is drained on its own.
    """
    random = Random(seed)
    return [
        arrival(
            namespace_id,
            name := random.choice(NAMES),
            user := 4 * random.randrange(max(1, count // 4)),
            at=end_at - timedelta(seconds=random.randrange(3 * 86_400)),
            value=Decimal(user % 1_000) / 100,
            ensure_goal=name == GOAL,
        )
        for _ in range(count)
    ]


def check(
    namespace_id: int, sent: Sequence[Arrival], *, one_sender: bool = True
) -> None:
    """Asserts that every event was counted once: in filters, history and buckets.

    Only of `one_sender` is it known in which order the events arrived.
    """
    expected = truth.Truth(sent)
    assert moved(namespace_id) == (0, len(sent), len(sent))
    assert truth.counts(namespace_id) == expected.counts
    assert truth.sums(namespace_id) == expected.sums
    first_seen = truth.first_seen(namespace_id)
    assert sum(first_seen.values()) == sum(expected.counts.values())
    told = published(namespace_id)
    if one_sender:
        assert told == walked(namespace_id).expected()
    for users, _, _, combinations in told.values():
        assert sum(combinations.values()) == users
    found = buckets(namespace_id)
    new_users = {key: found.pop(key) for key in [*found] if key[0] == "count_new_users"}
    assert found == sums(sent)
    for seconds in SECONDS:
        total = sum(value for key, value in new_users.items() if key[1] == seconds)
        assert total == expected.counts[truth.EVERYBODY]


def walked(namespace_id: int) -> Model:
    """Returns the paths that history tells: its ids are the order of arrival."""
    model = Model()
    rows = Event.objects.filter(namespace=namespace_id).order_by("id")
    for name, user, value in rows.values_list("event_name__name", "user_key", "value"):
        model.event(name, user, value, ensure_goal=name == GOAL)
    return model


def moved(namespace_id: int) -> tuple[int, int, int]:
    """Returns the events in the inbox, those that batches account for, and history."""
    batches = Batch.objects.filter(namespace=namespace_id).aggregate(Sum("events"))
    return (
        InboxEvent.objects.filter(namespace=namespace_id).count(),
        batches["events__sum"] or 0,
        Event.objects.filter(namespace=namespace_id).count(),
    )


def buckets(namespace_id: int) -> Buckets:
    """Returns (metric, resolution, start) → value as stored."""
    rows = Bucket.objects.filter(namespace=namespace_id)
    found = rows.values_list("metric__name", "resolution", "start_at", "value")
    return {(name, seconds, at): value for name, seconds, at, value in found}


def sums(sent: Iterable[Arrival]) -> Buckets:
    """Returns the same for all metrics but new users, from the events themselves.

    User by user, which is quicker: these users share no order.
    """
    by_user: dict[int, list[Arrival]] = defaultdict(list)
    for one in sent:
        by_user[one.user_key].append(one)
    found: Buckets = defaultdict(Decimal)
    for metric in Metric.objects.exclude(kind=Kind.UNIQUE):
        for past in by_user.values():
            for at, value in shop_model.values(metric, past, {}):
                for seconds in SECONDS:
                    start = at - timedelta(seconds=at.timestamp() % seconds)
                    found[metric.name, seconds, start] += value
    return {key: value for key, value in found.items() if value}
