"""`GET /v0/analytics` over time: users first seen in each cell, strictly additive."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Namespace
from goals import views
from goals.counters import queries
from goals.models import FirstSeen
from pipeline import drain
from tests.events.builders import NOON, arrival, record
from timegrid.buckets import HOUR, RESOLUTIONS, Granularity

pytestmark = pytest.mark.django_db
URL = "/v0/analytics"
MIDNIGHT = datetime(2026, 3, 4, tzinfo=UTC)
shops = iter(range(10**6))


def drained(*arrivals):
    record(arrivals)
    drain.drain_all(at=NOON)


def over_time(client, **query):
    answer = client.get(URL, query)
    assert answer.status_code == 200, answer.json()
    body = answer.json()
    columns = {one["name"]: one["first_seen"] for one in body["counts"]}
    return body["start_timestamps"], columns


def span(start_at, end_at, **query):
    return {
        "start_timestamp": start_at.timestamp(),
        "end_timestamp": end_at.timestamp(),
        **query,
    }


def test_users_are_told_in_the_cell_in_which_they_were_first_seen(backend, shop):
    hours = [timedelta(hours=hour) for hour in (1, 1, 2, 4)]
    drained(
        *[arrival(shop.pk, "a", n, at=MIDNIGHT + at) for n, at in enumerate(hours)],
        arrival(shop.pk, "a", 1, at=MIDNIGHT + hours[-1]),
        arrival(shop.pk, "b", 1, at=MIDNIGHT + hours[2]),
    )
    query = span(MIDNIGHT, MIDNIGHT + timedelta(hours=5), granularity="1h")
    starts, found = over_time(backend, **query)
    assert starts == [MIDNIGHT.timestamp() + 3_600 * hour for hour in range(5)]
    assert found == {
        "global_counter": [0, 2, 1, 0, 1],
        "a": [0, 2, 1, 0, 1],
        "b": [0, 0, 1, 0, 0],
    }


def test_without_a_span_nothing_is_told_over_time(backend, shop):
    drained(arrival(shop.pk))
    body = backend.get(URL).json()
    assert body.keys() == {"counts"}
    assert "first_seen" not in body["counts"][0]


def test_a_granularity_alone_asks_for_everything_until_now(backend, shop):
    drained(arrival(shop.pk, at=MIDNIGHT), arrival(shop.pk, "b", 2, at=NOON))
    with time_machine.travel(NOON + timedelta(days=1), tick=False):
        starts, found = over_time(backend, granularity="1d")
    assert starts == [MIDNIGHT.timestamp(), MIDNIGHT.timestamp() + 86_400]
    assert found["global_counter"] == [2, 0]


def test_a_counter_seen_at_other_times_has_zeros(backend, shop):
    drained(arrival(shop.pk, "old", at=MIDNIGHT), arrival(shop.pk, "new", at=NOON))
    _, found = over_time(
        backend, **span(NOON, NOON + timedelta(hours=1), granularity="1h")
    )
    assert (found["old"], found["new"]) == ([0], [1])


# Of three shards: each that events wait for is drained on its own.
some_users = st.builds(lambda shard, n: shard + 16 * n, *[st.integers(0, 2)] * 2)


@settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(st.tuples(st.sampled_from("ab"), some_users, st.integers(0, 4000))),
    st.sampled_from([Granularity.FIVE_MINUTES, Granularity.HOUR, Granularity.DAY]),
    st.sampled_from(["UTC", "Asia/Kathmandu", "America/New_York"]),
)
def test_cells_of_any_size_and_zone_add_up_to_the_count(root, sent, granularity, zone):
    name = f"shop {next(shops)}"
    shop = Namespace.objects.create(name=name).pk
    drained(
        *[
            arrival(shop, event, user, at=MIDNIGHT + timedelta(minutes=minute))
            for event, user, minute in sent
        ]
    )
    query = span(MIDNIGHT, MIDNIGHT + timedelta(days=3))
    counts = root.get(
        URL, {"namespace": name, "granularity": granularity, "timezone": zone, **query}
    ).json()["counts"]
    assert [sum(one["first_seen"]) for one in counts] == [
        one["count"] for one in counts
    ]


def test_every_resolution_is_stored_and_holds_the_same(shop):
    drained(
        *[arrival(shop.pk, user=n, at=NOON + n * timedelta(hours=7)) for n in range(9)]
    )
    for resolution in RESOLUTIONS:
        rows = FirstSeen.objects.filter(resolution=resolution, event_name_id=0)
        assert sum(rows.values_list("count", flat=True)) == 9
        assert all(row.start_at.timestamp() % resolution == 0 for row in rows)


def test_a_day_is_read_from_one_row_a_day(shop, django_assert_num_queries):
    drained(
        *[
            arrival(shop.pk, user=n, at=MIDNIGHT + n * timedelta(minutes=9))
            for n in range(99)
        ]
    )
    FirstSeen.objects.exclude(resolution=86_400).delete()
    with django_assert_num_queries(1):
        edges = [MIDNIGHT, MIDNIGHT + timedelta(days=1)]
        found = queries.first_seen(namespace_id=shop.pk, edges=edges)
    assert found[0].tolist() == [99]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"start_timestamp": "x"}, "start_timestamp"),
        ({"end_timestamp": "nan"}, "end_timestamp"),
        ({"granularity": "2h"}, "granularity"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"start_timestamp": 0, "granularity": "5m"}, "granularity"),
        ({"start_timestamp": 9, "end_timestamp": 8}, "non_field_errors"),
    ],
)
def test_a_wrong_span_is_a_400_that_names_it(backend, shop, query, field):
    answer = backend.get(URL, query)
    assert answer.status_code == 400
    assert answer.json()["error"]["query"].keys() == {field}


def test_more_numbers_than_an_answer_may_hold_are_refused(backend, shop, monkeypatch):
    monkeypatch.setattr(views, "MOST_VALUES", 10)
    drained(arrival(shop.pk, "a"), arrival(shop.pk, "b"))
    query = span(MIDNIGHT, MIDNIGHT + timedelta(hours=4), granularity="1h")
    answer = backend.get(URL, query)
    assert answer.status_code == 400
    assert "at most 3 cells for 3 counts" in str(answer.json())
    assert backend.get(URL, {**query, "granularity": "1d"}).status_code == 200


def test_an_unknown_namespace_has_no_counts_over_time(root):
    answer = root.get(URL, {"namespace": "nowhere", "granularity": "1d"})
    assert (answer.status_code, answer.json()) == (200, {"counts": []})


def test_a_namespace_without_events_has_no_cells(backend, shop):
    answer = backend.get(URL, {"granularity": "1d"})
    assert answer.json() == {"start_timestamps": [], "counts": []}


@pytest.mark.parametrize("late", [timedelta(minutes=5), timedelta(microseconds=1)])
def test_first_seen_that_begin_within_a_bucket_are_refused(shop, late):
    hour = {"resolution": HOUR, "event_name_id": 1, "shard": 0, "count": 1}
    FirstSeen.objects.create(namespace=shop, start_at=MIDNIGHT, **hour)
    with pytest.raises(IntegrityError, match="first_seen_start_is_aligned"):
        FirstSeen.objects.create(namespace=shop, start_at=MIDNIGHT + late, **hour)
