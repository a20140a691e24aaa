"""A drain counts each user once per name, marks the first events and moves them all."""

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Namespace
from events import history
from events.keys import Shard
from events.models import Batch, Event, InboxEvent
from goals.counters import hashing
from goals.counters.filter_store import LayoutError
from goals.models import Counter, FilterPage, FirstSeen
from pipeline import drain
from tests.events.builders import NOON, arrival, record
from tests.goals import truth
from tests.goals.truth import Truth

pytestmark = pytest.mark.django_db

LAWS = settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
# Of three shards: each that events wait for is drained on its own.
users = st.builds(
    lambda shard, n: shard + 16 * n, st.integers(0, 2), st.integers(-6, 6)
)
values = st.none() | st.decimals(-10, 10, places=6)
tuples = st.tuples(st.sampled_from("abc"), users, st.integers(0, 900), values)
histories = st.lists(tuples, min_size=1, max_size=60)
cuts = st.lists(st.integers(0, 60), max_size=4)
shops = iter(range(10**6))


@pytest.fixture
def new_shop(db):
    return lambda: Namespace.objects.create(name=f"shop {next(shops)}").pk


def events_of(shop, sent):
    return [
        arrival(shop, name, user, at=NOON + timedelta(seconds=second), value=value)
        for name, user, second, value in sent
    ]


def drained(arrivals, cut=()):
    """Sends events in the batches that the cuts make, and drains each."""
    for begin, end in pairwise(sorted({0, *cut, len(arrivals)})):
        record(arrivals[begin:end])
        drain.drain_all(at=NOON)


def marks(shop):
    found = Event.objects.filter(namespace=shop).order_by("id")
    return list(found.values_list("first_of_name", "first_of_user"))


def everything(shop):
    """Returns the state of every counter and the contents of its filters."""
    counters = Counter.objects.filter(namespace=shop).order_by("pk")
    pages = FilterPage.objects.filter(namespace=shop).order_by("pk")
    return list(counters.values()), [bytes(page.content) for page in pages]


@LAWS
@given(histories, cuts)
def test_counts_are_those_of_sets_however_the_history_is_cut(new_shop, sent, cut):
    shop = new_shop()
    arrivals = events_of(shop, sent)
    drained(arrivals, cut)
    expected = Truth(arrivals)
    assert truth.counts(shop) == expected.counts
    assert truth.sums(shop) == expected.sums
    assert truth.first_seen(shop) == expected.first_seen
    assert not InboxEvent.objects.filter(namespace=shop).exists()


@LAWS
@given(histories, cuts)
def test_the_first_event_of_a_user_is_marked_and_no_other(new_shop, sent, cut):
    """Order of arrival is kept within a shard, and a user is of one shard."""
    shop = new_shop()
    arrivals = events_of(shop, sent)
    drained(arrivals, cut)
    assert marks(shop) == Truth(arrivals).marks


@LAWS
@given(histories, cuts, st.randoms())
def test_the_order_of_arrival_changes_no_count(new_shop, sent, cut, random):
    first, second = new_shop(), new_shop()
    drained(events_of(first, sent), cut)
    random.shuffle(sent)
    drained(events_of(second, sent))
    assert truth.counts(first) == truth.counts(second)
    assert len(marks(first)) == len(marks(second))


@LAWS
@given(histories)
def test_first_seen_users_add_up_to_the_count(new_shop, sent):
    shop = new_shop()
    drained(events_of(shop, sent))
    totals: dict[str, int] = {}
    for (name, _), count in truth.first_seen(shop).items():
        totals[name] = totals.get(name, 0) + count
    assert totals == truth.counts(shop)


def test_forty_thousand_users_are_counted_within_the_error(new_shop):
    shop = new_shop()
    everybody = range(-20_000, 20_000)
    drained([arrival(shop, user=user) for user in everybody], cut=[12_000])
    drained([arrival(shop, user=user) for user in everybody[::10]])
    missed = len(everybody) - truth.counts(shop)["view"]
    assert 0 <= missed <= 4  # 0.4 are expected


def test_a_value_counts_on_the_first_occurrence_alone(new_shop):
    shop = new_shop()
    sent = [("a", 1, 0, None), ("a", 1, 0, 5), ("b", 1, 0, "2.5"), ("a", 2, 0, "-1")]
    drained(events_of(shop, sent))
    assert truth.sums(shop) == {"a": -1, "b": Decimal("2.5"), "": -1}


def test_a_second_drain_changes_nothing(new_shop):
    shop = new_shop()
    drained([arrival(shop, user=user) for user in range(100)])
    before = everything(shop)
    assert drain.drain_all(at=NOON) == 0
    assert everything(shop) == before


def test_the_users_of_two_namespaces_do_not_touch(new_shop):
    shop, other = new_shop(), new_shop()
    drained([arrival(shop, user=1), arrival(other, user=1), arrival(other, user=2)])
    drained([arrival(shop, user=1)])
    assert truth.counts(shop) == {"view": 1, "": 1}
    assert truth.counts(other) == {"view": 2, "": 2}


def test_a_drain_moves_every_field_into_history(new_shop):
    shop = new_shop()
    fields: dict[str, Any] = {"item_id": "i", "order_id": "o", "session_id": "s"}
    drained([arrival(shop, user=7, value="1.5", **fields)])
    [event] = Event.objects.filter(namespace=shop).select_related("event_name")
    assert {name: getattr(event, name) for name in fields} == fields
    assert (event.user_key, event.value, event.occurred_at) == (7, Decimal("1.5"), NOON)
    assert event.event_name.name == "view"


def test_a_batch_says_what_it_moved(new_shop):
    shop = new_shop()
    later = NOON + timedelta(minutes=7)
    drained([arrival(shop, at=at) for at in (NOON, later, NOON)])
    [batch] = Batch.objects.filter(namespace=shop)
    assert (batch.events, batch.shard, batch.drained_at) == (3, 1, NOON)
    assert sorted(batch.touched) == [NOON, NOON + timedelta(minutes=5)]
    assert batch.aggregated_at is None
    assert set(Event.objects.values_list("batch_id", flat=True)) == {batch.pk}


def test_one_drain_takes_all_of_a_backlog(new_shop, monkeypatch):
    monkeypatch.setattr(drain, "BATCH", 10)
    shop = new_shop()
    record(arrival(shop, user=16 * number) for number in range(25))
    assert drain.drain_all(at=NOON) == 25
    batches = Batch.objects.filter(namespace=shop).order_by("pk")
    assert [batch.events for batch in batches] == [10, 10, 5]
    assert truth.counts(shop)["view"] == 25


def test_a_run_leaves_the_rest_of_a_large_backlog_to_the_next(new_shop, monkeypatch):
    monkeypatch.setattr(drain, "BATCH", 10)
    monkeypatch.setattr(drain, "RUN", 20)
    shop = new_shop()
    record(arrival(shop, user=16 * number) for number in range(35))
    assert [drain.drain_all(at=NOON) for _ in range(3)] == [20, 15, 0]
    assert truth.counts(shop)["view"] == 35


def test_a_drain_costs_the_same_queries_whatever_it_drains(
    new_shop, django_assert_num_queries
):
    for users in (1, 300):
        shop = new_shop()
        record(arrival(shop, f"{n % 50}", 16 * n, at=NOON) for n in range(users))
        history.ensure([NOON.date()])
        with django_assert_num_queries(13):
            drain.drain(Shard(shop, 0), at=NOON)
        with django_assert_num_queries(4):
            drain.drain(Shard(shop, 0), at=NOON)


def test_the_command_says_how_many_it_drained(new_shop, capsys):
    shop = new_shop()
    record(arrival(shop, user=user) for user in range(1_200))
    call_command("drain")
    call_command("drain")
    assert capsys.readouterr().out == "1,200 events drained\n0 events drained\n"
    assert FirstSeen.objects.filter(namespace=shop).exists()


def test_filters_of_another_layout_are_not_counted_with(new_shop, monkeypatch):
    shop = new_shop()
    drained([arrival(shop, user=1)])
    monkeypatch.setattr(hashing, "VERSION", hashing.VERSION + 1)
    record([arrival(shop, user=1)])
    with pytest.raises(LayoutError):
        drain.drain(Shard(shop, 1), at=NOON)
    assert drain.drain_all(at=NOON) == 0
    assert InboxEvent.objects.filter(namespace=shop).count() == 1
