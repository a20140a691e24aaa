"""The inbox is read as one numpy table, straight from PostgreSQL's binary COPY."""

from datetime import UTC, date, datetime

import pytest

from accounts.models import Namespace
from events import arrivals, queries
from events.keys import Shard
from events.models import EventName
from tests.events.builders import NOON, arrival, record

pytestmark = pytest.mark.django_db
EXTREME = [1, -(2**63) + 1, 2**63 - 15]  # all of shard 1


def waiting(shop, limit=100):
    return queries.waiting(Shard(shop.pk, 1), limit=limit)


def test_a_row_arrives_as_it_was_stored(shop):
    sent = [arrival(shop.pk, "view", user, ensure_goal=user > 1) for user in EXTREME]
    record(sent)
    found = waiting(shop)
    name = EventName.objects.get(name="view").pk
    assert found["user_key"].tolist() == EXTREME
    assert found["ensure_goal"].tolist() == [False, False, True]
    assert set(found["event_name_id"].tolist()) == {name}
    assert found["id"].tolist() == sorted(found["id"].tolist())


def test_times_are_microseconds_since_2000(shop):
    at = datetime(2000, 1, 1, 0, 0, 1, 5, tzinfo=UTC)
    record([arrival(shop.pk, at=at), arrival(shop.pk, at=NOON)])
    seconds = (NOON - datetime(2000, 1, 1, tzinfo=UTC)).total_seconds()
    assert waiting(shop)["occurred_at"].tolist() == [1_000_005, seconds * 10**6]


def test_an_empty_inbox_is_an_empty_table(shop):
    assert len(waiting(shop)) == 0


def test_a_limit_takes_the_first_that_arrived(shop):
    record(arrival(shop.pk, user=16 * number + 1) for number in range(5))
    assert waiting(shop, limit=2)["user_key"].tolist() == [1, 17]


def test_a_shard_sees_neither_other_shards_nor_other_namespaces(shop):
    other = Namespace.objects.create(name="other")
    record([arrival(shop.pk, user=2), arrival(other.pk, user=1)])
    assert len(waiting(shop)) == 0
    assert sorted(queries.pending_shards()) == [(shop.pk, 2), (other.pk, 1)]


def test_days_are_utc_and_sorted(shop):
    moments = [
        datetime(2026, 3, 4, 0, 0, tzinfo=UTC),
        datetime(2026, 3, 3, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(1999, 12, 31, 23, tzinfo=UTC),
        NOON,
    ]
    one = arrival(shop.pk)
    record(one._replace(occurred_at=at) for at in moments)
    days = [date(1999, 12, 31), date(2026, 3, 3), date(2026, 3, 4)]
    assert arrivals.days(waiting(shop)) == days
