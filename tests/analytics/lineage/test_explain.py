"""GET analytics/kpis/<name>/explain/: a published number, recomputed by hand."""

from datetime import datetime
from decimal import Decimal

import pytest
import time_machine

from analytics.buckets import backfill, metric_backfill
from analytics.lineage import sources
from analytics.models import KPI, AggregationRun, Bucket, Kind, Metric
from events.models import Batch
from tests.analytics.builders import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    aggregate,
    arrive,
    event,
    fill,
    kpi,
    metric,
)

pytestmark = pytest.mark.django_db

URL = "/analytics/kpis/aov/explain/"
VALUES = "/analytics/kpis/values/"


@pytest.fixture(autouse=True)
def catalogue() -> None:
    metric("revenue", Kind.SUM, "purchase", unit="usd")
    metric("orders", Kind.COUNT, "purchase")
    Metric.objects.update(built_as="sum purchase")
    Metric.objects.filter(name="orders").update(built_as="count purchase")
    kpi("aov", "revenue / orders", unit="usd")


@pytest.fixture(autouse=True)
def now():
    with time_machine.travel(NOON + 2 * MINUTE, tick=False):
        yield


def explained(client, **query):
    answer = client.get(URL, query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def around(start: datetime, end: datetime) -> dict[str, float]:
    return {"start_timestamp": start.timestamp(), "end_timestamp": end.timestamp()}


def test_a_published_number_is_recomputed_by_hand_from_the_answer(manager, shop):
    arrive(shop.pk, [event("purchase", NOON - 3 * HOUR, value="10.10")])
    aggregate(shop.pk)
    arrive(
        shop.pk,
        [event("purchase", NOON - n * MINUTE, value="0.333333") for n in (1, 7)],
    )
    aggregate(shop.pk)
    span = around(NOON - 4 * HOUR, NOON)
    [published] = manager.get(VALUES, {**span, "kpis": "aov"}).json()["kpis"]
    found = explained(manager, **span)
    assert found["formula"] == "revenue / orders"
    revenue, orders = found["metrics"]
    sums = [
        sum(Decimal(bucket["value"]) for bucket in one["buckets"])
        for one in (revenue, orders)
    ]
    assert sums == [Decimal("10.766666"), 3]
    assert [revenue["sum"], orders["sum"]] == ["10.766666", "3"]
    assert found["aggregate"] == published["aggregate"] == float(sums[0] / 3)
    assert "warnings" not in found


def test_each_bucket_names_the_run_that_wrote_it_last_and_its_batches(manager, shop):
    arrive(shop.pk, [event("purchase", NOON - 3 * HOUR, value="1")])
    first = aggregate(shop.pk)
    arrive(shop.pk, [event("purchase", NOON - n * HOUR, value="1") for n in (1, 2)])
    second = aggregate(shop.pk)
    assert first
    assert second
    found = explained(manager, **around(NOON - 4 * HOUR, NOON))
    assert found["resolution"] == 3600
    assert found["metrics"][0]["buckets"] == [
        {
            "start_timestamp": (NOON - n * HOUR).timestamp(),
            "value": "1",
            "run": run.pk,
        }
        for n, run in ((3, first), (2, second), (1, second))
    ]
    assert [(run["id"], run["cause"]) for run in found["runs"]] == [
        (second.pk, "events"),
        (first.pk, "events"),
    ]
    assert [(batch["run"], batch["events"]) for batch in found["batches"]] == [
        (second.pk, 2),
        (first.pk, 1),
    ]
    day = explained(manager, **around(NOON - 4 * HOUR, NOON), granularity="1d")
    [bucket] = day["metrics"][0]["buckets"]
    assert (bucket["value"], bucket["run"]) == ("3", second.pk)


def test_all_resolutions_that_tile_the_span_are_summed_and_agree(manager, shop):
    fill(shop.pk, "revenue", {NOON - n * HOUR: "0.5" for n in range(30)})
    found = explained(manager, **around(NOON - 2 * DAY, NOON), granularity="1d")
    assert found["metrics"][0]["resolutions"] == {
        "300": {"count": 30, "sum": "15"},
        "3600": {"count": 30, "sum": "15"},
        "86400": {"count": 2, "sum": "15"},
    }
    assert found["metrics"][0]["agrees"]
    hours = explained(manager, **around(NOON - 3 * HOUR, NOON))
    assert hours["metrics"][0]["resolutions"].keys() == {"300", "3600"}


def test_resolutions_that_differ_are_told(manager, shop):
    fill(shop.pk, "revenue", {NOON - HOUR: 5})
    Bucket.objects.filter(resolution=300).update(value=4)
    found = explained(manager, **around(NOON - 3 * HOUR, NOON))
    assert not found["metrics"][0]["agrees"]
    assert found["warnings"] == [
        "the resolutions of metric revenue differ: run manage.py verify"
    ]


@pytest.mark.parametrize(
    "query",
    [
        {"granularity": "1mo", "timezone": "America/New_York"},
        {"granularity": "1d", "timezone": "Asia/Kathmandu"},
        {"granularity": "5m", "start_timestamp": (NOON - DAY).timestamp() + 17},
        {"end_timestamp": (NOON - DAY).timestamp()},
        {},
    ],
)
def test_the_span_is_cut_as_it_was_published(manager, shop, query):
    fill(shop.pk, "revenue", {NOON - n * 5 * HOUR: f"{n}.000001" for n in range(40)})
    fill(shop.pk, "orders", {NOON - n * 7 * HOUR: n for n in range(1, 30)})
    [published] = manager.get(VALUES, query).json()["kpis"]
    found = explained(manager, **query)
    assert found["aggregate"] == published["aggregate"] is not None


def test_exact_sums_have_no_limit_of_digits(manager, shop):
    fill(shop.pk, "revenue", {NOON - HOUR: "1234567890123456789012"})
    Bucket.objects.update(value=Decimal("12345678901234567890123456789.000001"))
    found = explained(manager, **around(NOON - 3 * HOUR, NOON))
    assert found["metrics"][0]["sum"] == "12345678901234567890123456789.000001"


def test_without_data_the_sums_are_zero_and_the_number_is_a_gap(manager):
    found = explained(manager)
    assert found["aggregate"] is None
    assert [one["sum"] for one in found["metrics"]] == ["0", "0"]
    assert [one["buckets"] for one in found["metrics"]] == [[], []]
    assert found["start_timestamp"] == found["end_timestamp"]


def test_buckets_from_before_runs_were_recorded_name_none(manager, shop):
    fill(shop.pk, "revenue", {NOON - HOUR: 5})
    found = explained(manager, **around(NOON - 3 * HOUR, NOON))
    assert [bucket["run"] for bucket in found["metrics"][0]["buckets"]] == [None]
    assert found["runs"] == found["batches"] == []


def test_it_says_whether_history_still_holds_what_the_number_was_made_of(manager):
    recent = explained(manager, **around(NOON - 2 * DAY, NOON))["history"]
    assert recent["holds_span"]
    assert recent["first_timestamp"] <= (NOON - 7 * DAY).timestamp()
    old = explained(manager, **around(NOON - 20 * DAY, NOON))["history"]
    assert not old["holds_span"]


def test_a_metric_that_is_gone_or_stale_is_told(manager, shop):
    fill(shop.pk, "revenue", {NOON - HOUR: 5})
    Metric.objects.filter(name="orders").update(active=False)
    Metric.objects.filter(name="revenue").update(built_as="count purchase")
    found = explained(manager, **around(NOON - 3 * HOUR, NOON))
    assert found["aggregate"] is None
    assert [one["name"] for one in found["metrics"]] == ["revenue"]
    assert found["warnings"] == [
        "metric revenue waits for its rebuild",
        "KPI aov names a metric that is gone or inactive: orders",
    ]


def test_the_first_thousand_buckets_are_listed_and_the_rest_counted(
    manager, shop, monkeypatch
):
    monkeypatch.setattr(sources, "MOST", 3)
    for n in range(5):
        arrive(shop.pk, [event("purchase", NOON - n * MINUTE * 5, value="1")])
        aggregate(shop.pk)
    found = explained(manager, **around(NOON - HOUR, NOON + 5 * MINUTE))
    assert [len(one["buckets"]) for one in found["metrics"]] == [3, 3]
    assert found["metrics"][0]["sum"] == "5"
    assert found["warnings"] == [
        "2 more buckets of metric revenue are not listed",
        "2 more buckets of metric orders are not listed",
    ]


def test_the_newest_runs_and_batches_are_listed(manager, shop, monkeypatch):
    users = [user for user in range(40) if user % 16 < 4]  # of four shards
    arrive(shop.pk, [event("purchase", NOON, user=user, value="1") for user in users])
    run = aggregate(shop.pk)
    assert run
    assert run.batches == 4
    monkeypatch.setattr(sources, "MOST", 3)
    found = explained(manager, **around(NOON - HOUR, NOON + 5 * MINUTE))
    assert len(found["batches"]) == 3
    assert found["warnings"] == [
        "only the newest 3 batches are listed: ask for a shorter span"
    ]


def test_a_forgotten_batch_is_not_missed(manager, shop):
    arrive(shop.pk, [event("purchase", NOON, value="1")])
    aggregate(shop.pk)
    Batch.objects.all().delete()
    found = explained(manager, **around(NOON - HOUR, NOON + 5 * MINUTE))
    assert (found["batches"], len(found["runs"])) == ([], 1)


def test_fine_buckets_of_a_long_span_are_not_summed(manager, shop, monkeypatch):
    monkeypatch.setattr(sources, "SUMMABLE", 1_000)
    fill(shop.pk, "revenue", {NOON - n * DAY: 1 for n in range(30)})
    found = explained(manager, **around(NOON - 30 * DAY, NOON))
    assert found["metrics"][0]["resolutions"].keys() == {"86400"}
    assert found["warnings"][0] == (
        "metric revenue has too many buckets below 86400 s to sum them here"
    )


@pytest.mark.parametrize("days", [0, 1, 30, 731, 20_000])
def test_it_costs_eight_queries_after_authentication_whatever_the_span(
    manager, shop, django_assert_num_queries, days
):
    arrive(shop.pk, [event("purchase", NOON - n * HOUR, value="1") for n in range(9)])
    aggregate(shop.pk)
    with django_assert_num_queries(8):
        explained(manager, **around(NOON - days * DAY, NOON))


@pytest.mark.parametrize("name", ["nonsense", "%00", "a%20b", "%F0%9F%A6%86"])
def test_an_unknown_kpi_is_not_found(manager, name):
    answer = manager.get(f"/analytics/kpis/{name}/explain/")
    assert answer.status_code == 404
    assert answer.json()["error_name"] == "NotFoundError"
    assert answer.json()["error_data"]["type"] == "kpi"


def test_an_inactive_kpi_is_not_found(manager):
    KPI.objects.update(active=False)
    assert manager.get(URL).status_code == 404


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"start_timestamp": "soon"}, "start_timestamp"),
        ({"granularity": "5m", "start_timestamp": 0}, "granularity"),
        ({"timezone": "Mars"}, "timezone"),
    ],
)
def test_what_cannot_be_explained_is_refused_at_its_field(manager, query, field):
    answer = manager.get(URL, query)
    assert answer.status_code == 400
    assert field in answer.json()["error_data"]["query"]


def test_a_namespace_s_runs_are_its_own(manager, root, shop):
    arrive(shop.pk, [event("purchase", NOON, value="1")])
    aggregate(shop.pk)
    found = explained(root, namespace="shop", **around(NOON - HOUR, NOON + HOUR))
    assert [run["id"] for run in found["runs"]] == [AggregationRun.objects.get().pk]


def test_after_a_rebuild_the_batches_with_events_in_the_buckets_are_listed(
    manager, shop
):
    arrive(shop.pk, [event("purchase", NOON - 3 * HOUR, value="1")])
    arrive(shop.pk, [event("purchase", NOON - 30 * HOUR, value="1")])
    first = aggregate(shop.pk)
    assert first
    metrics = Metric.objects.filter(name__in=["revenue", "orders"])
    for number in metric_backfill.request(metrics=metrics, at=NOON):
        while backfill.advance(number, at=NOON, wait=True):
            pass
    found = explained(manager, **around(NOON - 4 * HOUR, NOON))
    assert {run["cause"] for run in found["runs"]} == {"rebuild"}
    assert [(one["events"], one["run"]) for one in found["batches"]] == [(1, first.pk)]
