"""An aggregation may run zero, one or ten times: the numbers are the same."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.models import AggregationRun, Bucket, Kind, Metric
from db import sql
from events import services as intake
from pipeline import aggregate as aggregating
from pipeline import retain
from tests.analytics.builders import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    aggregate,
    arrive,
    event,
    fill,
    metric,
    namespace,
    stored,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> int:
    return namespace()


@pytest.fixture(autouse=True)
def purchases() -> None:
    metric("purchases", Kind.COUNT, "purchase")


def everything(shop: int) -> set[tuple[object, ...]]:
    """Returns all buckets with what changes when one is written again."""
    statement = """
    SELECT resolution, metric_id, start_at, value, ctid FROM analytics_bucket
    WHERE namespace_id = %(shop)s
    """
    return set(sql.fetch(statement, shop=shop))


def test_a_second_aggregation_finds_nothing_to_do(shop):
    arrive(shop, [event("purchase")])
    aggregate(shop)
    before = everything(shop)
    assert aggregate(shop) is None
    assert everything(shop) == before


def test_one_tick_after_ten_missed_ones_gives_what_ten_ticks_give(shop):
    diligent, days = namespace(), range(10)
    for index in days:
        together = [event("purchase", NOON - index * HOUR, user=index)]
        arrive(diligent, together)
        aggregate(diligent)
        arrive(shop, together)
    aggregate(shop)
    for resolution in (300, 3600, 86400):
        found = stored(shop, "purchases", resolution)
        assert found
        assert found == stored(diligent, "purchases", resolution)


def test_events_of_a_name_that_appears_during_an_aggregation_are_counted(
    shop, monkeypatch
):
    take_pending = intake.take_pending

    def meanwhile(**asked):
        arrive(shop, [event("purchase")])
        return take_pending(**asked)

    monkeypatch.setattr(intake, "take_pending", meanwhile)
    aggregate(shop)
    assert list(stored(shop, "purchases").values()) == [1]


def test_events_in_the_inbox_wait_for_their_drain(shop):
    waiting = event("purchase")._replace(namespace_id=shop)
    intake.record(arrivals=[waiting], received_at=NOON)
    assert aggregate(shop) is None
    assert stored(shop, "purchases") == {}


def test_a_late_event_changes_only_its_bucket_and_the_hour_and_day_above(shop):
    day = [event("purchase", NOON - 2 * DAY + index * HOUR) for index in range(48)]
    arrive(shop, day)
    aggregate(shop)
    before = everything(shop)
    arrive(shop, [event("purchase", NOON - DAY + 3 * MINUTE)])
    aggregate(shop)
    changed = {(row[0], row[2]) for row in before - everything(shop)}
    assert changed == {
        (300, NOON - DAY),
        (3600, NOON - DAY),
        (86400, NOON - DAY - 12 * HOUR),
    }
    assert stored(shop, "purchases")[NOON - DAY] == 2


def test_a_bucket_whose_sum_is_zero_is_not_stored(shop):
    metric("revenue", Kind.SUM, "purchase")
    arrive(shop, [event("purchase", value="-5")])
    aggregate(shop)
    assert stored(shop, "revenue", 86400)
    arrive(shop, [event("purchase", value="5")])
    aggregate(shop)
    for resolution in (300, 3600, 86400):
        assert stored(shop, "revenue", resolution) == {}
        assert len(stored(shop, "purchases", resolution)) == 1


def test_hours_that_cancel_out_are_no_bucket_above(shop):
    metric("revenue", Kind.SUM, "purchase")
    arrive(shop, [event("purchase", value="-5"), event("purchase", NOON + HOUR)])
    arrive(shop, [event("purchase", NOON + HOUR, value="5")])
    aggregate(shop)
    assert len(stored(shop, "revenue", 3600)) == 2
    assert stored(shop, "revenue", 86400) == {}


def test_an_inactive_metric_keeps_its_numbers_and_gets_no_new_ones(shop):
    arrive(shop, [event("purchase")])
    aggregate(shop)
    Metric.objects.update(active=False)
    arrive(shop, [event("purchase")])
    aggregate(shop)
    assert stored(shop, "purchases") == {NOON: 1}


def test_a_metric_of_an_event_that_nobody_sent_yet_is_zero_and_no_error(shop):
    metric("refunds", Kind.COUNT, "refund")
    metric("refunded", Kind.SUM, "refund")
    metric("refunders", Kind.UNIQUE, "refund")
    arrive(shop, [event("purchase")])
    aggregate(shop)
    assert set(Bucket.objects.values_list("metric__name", flat=True)) == {"purchases"}
    arrive(shop, [event("refund", value="3", user=2)])
    aggregate(shop)
    for name, value in {"refunds": 1, "refunded": 3, "refunders": 1}.items():
        assert stored(shop, name) == {NOON: value}


def test_the_largest_values_are_summed_to_their_last_digit(shop):
    metric("revenue", Kind.SUM, "purchase")
    largest, least = Decimal(10**12), Decimal("0.000001")
    arrive(shop, [event("purchase", value=largest)] * 9)
    arrive(shop, [event("purchase", value=least)])
    aggregate(shop)
    for resolution in (300, 3600, 86400):
        assert list(stored(shop, "revenue", resolution).values()) == [
            Decimal("9000000000000.000001")
        ]


def test_a_namespace_never_sees_the_events_of_another(shop):
    other = namespace()
    arrive(shop, [event("purchase", user=1)])
    arrive(other, [event("purchase", user=1)] * 2)
    runs = aggregating.aggregate_all(at=NOON)
    assert {run.namespace_id: run.events for run in runs} == {shop: 1, other: 2}
    assert stored(shop, "purchases") == {NOON: 1}
    assert stored(other, "purchases") == {NOON: 2}


def test_the_run_tells_what_was_covered_and_written(shop):
    arrive(shop, [event("purchase", user=1), event("other", user=2)])
    run = aggregate(shop)
    assert run is not None
    assert AggregationRun.objects.get() == run
    run.refresh_from_db()
    assert (run.namespace_id, run.batches, run.events, run.buckets) == (shop, 2, 2, 3)
    assert run.started_at == NOON
    assert run.finished_at is not None


def test_the_number_of_queries_does_not_grow_with_the_work(shop):
    def queries(number: int) -> int:
        arrive(
            shop,
            [event("purchase", NOON - index * 10 * MINUTE) for index in range(number)],
        )
        with CaptureQueriesContext(connection) as captured:
            aggregate(shop)
        return len(captured)

    metric("revenue", Kind.SUM, "purchase")
    metric("users", Kind.UNIQUE)
    assert queries(1) == queries(300)


def test_a_dropped_history_never_changes_a_bucket(shop):
    arrive(shop, [event("purchase", NOON - 5 * DAY), event("purchase", NOON)])
    aggregate(shop)
    before = everything(shop)
    dropped = retain.drop_past(now=NOON + 4 * DAY)
    assert (NOON - 5 * DAY).date() in dropped
    arrive(shop, [event("purchase", NOON + 3 * DAY)])
    aggregate(shop)
    after = everything(shop)
    assert before < after
    assert len(after - before) == 3


def test_history_is_kept_while_it_waits_for_an_aggregation(shop):
    arrive(shop, [event("purchase", NOON - 5 * DAY)])
    dropped = retain.drop_past(now=NOON + timedelta(days=30))
    assert (NOON - 5 * DAY).date() not in dropped
    aggregate(shop)
    assert stored(shop, "purchases") == {NOON - 5 * DAY: 1}


def test_the_buckets_of_segments_are_left_alone(shop):
    fill(shop, "purchases", {NOON: 3}, segment=1)
    before = everything(shop)
    arrive(shop, [event("purchase")])
    aggregate(shop)
    assert before < everything(shop)
    assert len(everything(shop) - before) == 3
