"""No web request waits for the pipeline, and no work of the pipeline for other work."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import OperationalError, connection

from analytics.buckets import backfill, metric_backfill, segment_backfill, tasks
from analytics.buckets.sweep import sweep
from analytics.external import services as pushes
from analytics.models import Backfill, Bucket, Kind, Metric
from db import sql
from events import names
from events import services as intake
from events.models import ItemPrice, PriceChange
from goals import services as goals
from goals.models import Goal
from pipeline import aggregate as aggregating
from pipeline import drain as draining
from pipeline.tasks import aggregate, drain
from segmentation import queries
from segmentation.models import ABTest, Segmentation
from tests.analytics.builders import DAY, NOON, arrive, event, metric, stored
from tests.analytics.kinds.segmented import ab_test, leaf, segmented, split
from tests.transactions import elsewhere, impatient

pytestmark = pytest.mark.django_db(transaction=True)
T = int(NOON.timestamp())
TREE = split("checkout", leaf(), leaf(), leaf())
REPORTS = "/tasks/private/analytics_report_export/"


@pytest.fixture
def busy(shop):
    """A namespace with work of every kind: to drain, aggregate, fill and rebuild."""
    metric("visitors", Kind.EXTERNAL)
    metric("revenue", Kind.SUM, "purchase")
    ab_test(shop.pk, "checkout", start_at=NOON - 30 * DAY)
    intake.put_prices(namespace_id=shop.pk, prices={"cup": Decimal(3)}, at=NOON)
    arrive(shop.pk, [event("purchase", user=user, item="cup") for user in range(9)])
    segmented(shop.pk, TREE, name="filled")
    segment_backfill.request(at=NOON)
    metric_backfill.request(metrics=[Metric.objects.get(name="revenue")], at=NOON)
    assert rebuilding()
    later = event("purchase", user=99, item="cup")._replace(namespace_id=shop.pk)
    intake.record(arrivals=[later], received_at=NOON)
    return shop.pk


def pipeline():
    """Does a piece of all work; the caller's transaction keeps its locks."""
    assert draining.drain_all(at=NOON)
    assert aggregating.aggregate_all(at=NOON)
    filling()
    assert rebuilding()


def rebuilding():
    """Rebuilds a day of the metric."""
    waiting = Backfill.objects.get(segmentation=None)
    return backfill.advance(waiting.pk, at=NOON, wait=False)


def filling():
    """Fills a day but for noting how far that is, which ends its transaction."""
    [row] = Backfill.objects.filter(metric=None)
    assert row.segmentation
    scope = row.segmentation.namespace_id
    cut = queries.resolved_segmentation(
        namespace_id=scope, segmentation_id=row.segmentation.pk
    )
    assert cut
    assert sql.try_lock("aggregate", key=scope)
    segment_backfill.proceed(row, cut, namespace_id=scope, at=NOON)


def revenue(namespace_id):
    """Returns the day's revenue of a namespace as a whole."""
    days = Bucket.objects.filter(namespace=namespace_id, segment=0, resolution=86400)
    return days.get(metric__name="revenue").value


def writes():
    """Returns every write of the API, each with the status that it ends with."""
    now = datetime.now(UTC)
    one = Segmentation.objects.get(name="filled").pk
    event = {"event_name": "purchase", "user_id": "ann", "item_id": "cup"}
    values = [{"name": "visitors", "values": [7]}]
    return [
        ("post", "/v0/analytics", [event, {**event, "event_name": "new"}], 204),
        ("post", "/v0/goals", {"goal_name": "view"}, 204),
        ("post", "/v0/featureSpecs", {"name": "dark_mode"}, 204),
        (
            "put",
            "/analytics/metrics/values/",
            {"start_timestamps": [T], "metrics": values},
            204,
        ),
        (
            "put",
            "/analytics/items/prices/",
            {"prices": [{"item_id": "cup", "price": 4}]},
            204,
        ),
        (
            "post",
            "/analytics/segmentations/params/",
            {"name": "another", "segmentation": {"type": "analytics"}},
            201,
        ),
        ("delete", f"/analytics/segmentations/params/{one}/", None, 204),
        (
            "post",
            "/analytics/ab-tests/",
            {"id": "another", "share_a": 50, "share_b": 50},
            201,
        ),
        (
            "patch",
            "/analytics/ab-tests/checkout/",
            {"end_timestamp": (now + timedelta(hours=1)).timestamp()},
            204,
        ),
        ("post", REPORTS, {"payload": {"metrics": ["visitors"]}}, 202),
    ]


def test_no_write_waits_for_a_drain_an_aggregation_a_fill_or_a_rebuild(busy, manager):
    names.ensure({(busy, "view")})
    with elsewhere(pipeline), impatient():
        sent = writes()
        found = [
            getattr(manager, method)(path, body, format="json").status_code
            for method, path, body, _ in sent
        ]
    assert found == [status for *_, status in sent]
    assert stored(busy, "visitors") == {NOON: 7}
    assert revenue(busy) == 30
    assert ItemPrice.objects.get().price == 4
    assert Goal.objects.get().name == "view"
    assert ABTest.objects.count() == 2
    aggregating.aggregate(namespace_id=busy, at=NOON)
    assert revenue(busy) == 40


def test_a_price_that_is_set_during_an_aggregation_is_that_of_the_next(busy):
    def set_price(price):
        intake.put_prices(namespace_id=busy, prices={"cup": Decimal(price)}, at=NOON)

    set_price(4)
    with elsewhere(lambda: aggregating.aggregate_all(at=NOON)), impatient():
        set_price(5)
    assert PriceChange.objects.filter(aggregated_at=None).count() == 1
    aggregating.aggregate_all(at=NOON)
    assert revenue(busy) == 45
    assert not PriceChange.objects.filter(aggregated_at=None)


def test_prices_in_any_order_never_wait_for_each_other_in_a_circle(busy):
    def often(items):
        try:
            for price in range(30):
                prices = dict.fromkeys(items, Decimal(price))
                intake.put_prices(namespace_id=busy, prices=prices, at=NOON)
        finally:
            connection.close()

    def aggregations():
        try:
            for _ in range(10):
                aggregating.aggregate_all(at=NOON)
        finally:
            connection.close()

    items = [f"item {number}" for number in range(20)]
    with ThreadPoolExecutor(3) as pool:
        works = [
            pool.submit(often, items),
            pool.submit(often, items[::-1]),
            pool.submit(aggregations),
        ]
        for work in works:
            work.result()


def test_a_goal_that_a_drain_keeps_paths_to_is_removed_after_it(busy):
    """The one thing that has to wait: whoever would is told to come again."""
    [purchase] = names.ensure({(busy, "purchase")}).values()
    goals.create_goal(namespace_id=busy, name="purchase", at=NOON)
    later = event("purchase", user=98)._replace(namespace_id=busy)
    intake.record(arrivals=[later], received_at=NOON)
    with (
        elsewhere(lambda: draining.drain_all(at=NOON)),
        pytest.raises(OperationalError, match="lock timeout"),
        impatient(),
    ):
        goals.remove_goal(event_name_id=purchase)
    goals.remove_goal(event_name_id=purchase)
    assert not Goal.objects.exists()


def test_pushes_of_a_namespace_take_turns(busy):
    def push(value):
        values = {"visitors": [Decimal(value)]}
        pushes.put(namespace_id=busy, starts=[NOON], values=values, at=NOON)

    with (
        elsewhere(lambda: push(1)),
        pytest.raises(OperationalError, match="lock timeout"),
        impatient(),
    ):
        push(2)
    push(3)
    assert stored(busy, "visitors", 86400) == {NOON.replace(hour=0): 3}


def test_background_work_leaves_a_busy_namespace_to_whoever_is_at_it(busy):
    """A free one gets its turn meanwhile."""
    free = Segmentation.objects.get().namespace.__class__.objects.create(name="free").pk
    arrive(free, [event("purchase", user=1, value="2")])
    segmented(free, {"type": "analytics"})
    with elsewhere(lambda: sql.lock("aggregate", key=busy)):
        sql.execute("SET lock_timeout = '50ms'")
        try:
            for task in (drain, aggregate, tasks.backfill, tasks.sweep):
                task()
        finally:
            connection.close()
    assert stored(free, "revenue") == {NOON: 2}
    assert not stored(busy, "revenue")
    finished = Backfill.objects.exclude(finished_at=None)
    scopes = finished.values_list("segmentation__namespace", flat=True)
    assert list(scopes) == [free]
    assert Backfill.objects.get(segmentation=None).done == 0
    tasks.backfill()
    assert Backfill.objects.count() == 3
    assert not Backfill.objects.filter(finished_at=None).exists()


def test_a_segmentation_that_is_deleted_while_it_is_filled_leaves_numbers_to_sweep(
    busy,
):
    with elsewhere(filling), impatient():
        Segmentation.objects.get().delete()
    assert not Backfill.objects.filter(metric=None).exists()
    sweep(at=NOON)
    assert set(Bucket.objects.values_list("segment", flat=True)) <= {0}
