"""`manage.py verify` finds every bucket that is not what it should be, and no other."""

import random
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import InternalError, connection

from accounts.models import Namespace
from analytics.models import AggregationRun, Bucket, Cause, Kind, Metric
from db import sql
from events import services as intake
from events.models import Batch, Import
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
)

pytestmark = pytest.mark.django_db(transaction=True)

CLICK = NOON - 25 * HOUR
BUY = NOON - HOUR


@pytest.fixture(autouse=True)
def now() -> Iterator[None]:
    with time_machine.travel(NOON + 2 * MINUTE, tick=False):
        yield


@pytest.fixture
def shop() -> int:
    """A click, and a purchase a day later, of every kind that can be computed."""
    metric("revenue", Kind.SUM, "buy")
    metric("users", Kind.UNIQUE)
    metric("orders", Kind.ORDERS, "buy")
    metric("sessions", Kind.SESSIONS)
    metric("buying_sessions", Kind.SESSIONS_WITH, "buy")
    metric("direct_revenue", Kind.ATTRIBUTED_SUM, "buy", after="click")
    metric("direct_orders", Kind.ATTRIBUTED_ORDERS, "buy", after="click")
    metric("visitors", Kind.EXTERNAL)
    for one in Metric.objects.all():
        Metric.objects.filter(pk=one.pk).update(built_as=one.definition)
    shop = Namespace.objects.create(name="shop").pk
    price(shop, 5)
    arrive(shop, [event("click", CLICK, item="cup")])
    aggregate(shop)
    arrive(shop, [event("buy", BUY, item="cup", order="o", session="s")])
    aggregate(shop)
    return shop


def price(shop: int, cup: int, at: datetime = NOON) -> None:
    intake.put_prices(namespace_id=shop, prices={"cup": Decimal(cup)}, at=at)


@pytest.fixture
def verify(capsys) -> Callable[..., list[str]]:
    """Verifies, and returns the lines that tell of differences; the exit must fit."""

    def run(**options: list[str]) -> list[str]:
        capsys.readouterr()
        code = 0
        try:
            call_command("verify", **options)
        except CommandError as error:
            code = error.returncode
        told = [
            line.strip()
            for line in capsys.readouterr().out.splitlines()
            if line.startswith("  ")
        ]
        assert code == bool(told)
        return told

    return run


def bucket(name: str, start_at: datetime, resolution: int = 300):
    found = Bucket.objects.filter(
        metric__name=name, start_at=start_at, resolution=resolution
    )
    assert found.count() == 1
    return found


def test_right_numbers_are_told_to_be_right(shop, capsys):
    call_command("verify")
    told, took = capsys.readouterr().out.splitlines()
    count = Bucket.objects.count()
    assert told == f"shop: {count:,} buckets, 9 days of history: no difference"
    assert re.fullmatch(r"checked in \d+\.\d s", took)


def test_every_computed_kind_is_checked_against_history(shop, verify):
    names = set(
        Metric.objects.exclude(kind=Kind.EXTERNAL).values_list("name", flat=True)
    )
    Bucket.objects.all().delete()
    told = [line.split(",")[0] for line in verify()]
    assert set(told) == names


def test_a_changed_five_minutes_is_found_in_history_and_in_its_hour(shop, verify):
    bucket("revenue", BUY).update(value=4)
    assert verify() == [
        "revenue, 3600 s from 2026-03-04 11:00: 5, should be 4 (sum of finer buckets)",
        "revenue, 300 s from 2026-03-04 11:00: 4, should be 5 (history)",
    ]


def test_a_changed_hour_differs_from_its_five_minutes_and_its_day(shop, verify):
    bucket("revenue", BUY, 3600).update(value="5.000001")
    why = "(sum of finer buckets)"
    assert verify() == [
        f"revenue, 86400 s from 2026-03-04 00:00: 5, should be 5.000001 {why}",
        f"revenue, 3600 s from 2026-03-04 11:00: 5.000001, should be 5 {why}",
    ]


def test_a_deleted_bucket_is_found_at_any_resolution(shop, verify):
    every = Bucket.objects.filter(metric__name="direct_orders")
    kept = list(every)
    for resolution in (300, 3600, 86400):
        every.filter(resolution=resolution).delete()
        place = f"direct_orders, {resolution} s from 2026-03-04"
        [line] = [line for line in verify() if line.startswith(place)]
        assert "absent, should be 1" in line
        Bucket.objects.bulk_create(kept, ignore_conflicts=True)


def test_a_bucket_too_many_is_found_at_any_resolution(shop, verify):
    for resolution in (300, 3600, 86400):
        added = Bucket.objects.create(
            namespace_id=shop,
            metric=Metric.objects.get(name="users"),
            resolution=resolution,
            start_at=datetime(2026, 3, 2, tzinfo=UTC),
            value=1,
        )
        place = f"users, {resolution} s from 2026-03-02 00:00: 1, should be absent"
        assert any(line.startswith(place) for line in verify())
        added.delete()


def test_old_buckets_are_summed_though_their_history_is_gone(shop, verify):
    fill(shop, "revenue", {NOON - 400 * DAY: 3})
    fill(shop, "visitors", {NOON: 3})
    assert verify() == []
    bucket("revenue", NOON - 400 * DAY).update(value=2)
    [line] = verify()
    assert "3600 s from 2025-01-28 12:00: 3, should be 2" in line


def test_a_look_back_beyond_what_is_held_is_no_difference(shop, verify):
    arrive(shop, [event("buy", NOON - 7 * DAY, item="cup", value="1")])
    aggregate(shop)
    fill(shop, "direct_revenue", {NOON - 7 * DAY: 1})
    assert verify() == []


def test_a_bucket_that_cannot_be_is_found(shop, verify):
    """Also where the database was restored without what refuses such a bucket."""
    sql.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for constraint in ("bucket_is_not_zero", "bucket_start_is_aligned"):
        sql.execute(f"ALTER TABLE analytics_bucket DROP CONSTRAINT {constraint}")
    at = NOON - 100 * DAY
    faults: dict[str, dict[str, object]] = {
        "stored zero": {"value": 0},
        "unknown run": {"run": 987_654_321},
        "start between buckets": {"start_at": at + MINUTE},
    }
    for reason, fields in faults.items():
        fill(shop, "visitors", {at: 1})
        bucket("visitors", at).update(**fields)
        assert any(line.endswith(f"({reason})") for line in verify())
        Bucket.objects.filter(metric__name="visitors").delete()


def test_numbers_of_events_that_came_late_and_shuffled_are_right(shop, verify):
    chance = random.Random(4)
    events = [
        event(
            chance.choice(["buy", "click", "view"]),
            NOON - chance.randrange(3 * 24 * 60) * MINUTE,
            user=chance.randrange(1, 6),
            item=chance.choice(["cup", "plate", None]),
            order=chance.choice(["a", "b", None]),
            session=chance.choice(["x", "y", None]),
        )
        for _ in range(300)
    ]
    for first in range(0, len(events), 30):
        arrive(shop, events[first : first + 30])
        aggregate(shop)
    assert verify() == []


def test_events_that_wait_for_a_drain_or_an_aggregation_are_no_difference(shop, verify):
    intake.record(
        arrivals=[event("buy", BUY)._replace(namespace_id=shop)], received_at=NOON
    )
    assert verify() == []
    arrive(shop, [event("click", BUY - 40 * MINUTE, item="cup", session="s")])
    arrive(shop, [event("buy", BUY - 20 * MINUTE, item="cup", order="o")])
    assert Batch.objects.pending().exists()
    assert verify() == []
    bucket("users", CLICK).update(value=2)
    assert len(verify()) == 2
    bucket("users", CLICK).update(value=1)
    aggregate(shop)
    assert verify() == []


def test_what_waiting_events_do_not_touch_is_still_checked(shop, verify):
    arrive(shop, [event("buy", NOON, item="cup")])
    bucket("direct_revenue", BUY).update(value=9)
    assert len(verify()) == 2


def test_a_price_that_waits_for_an_aggregation_is_no_difference(shop, verify):
    price(shop, 7)
    assert verify() == []
    aggregate(shop)
    assert bucket("revenue", BUY).get().value == 7
    assert verify() == []


def test_a_price_that_came_after_an_event_was_sealed_is_no_difference(shop, verify):
    sold_at = NOON - 5 * DAY - HOUR
    arrive(shop, [event("buy", sold_at, item="cup")])
    aggregate(shop)
    price(shop, 7)
    aggregate(shop)
    assert bucket("revenue", sold_at).get().value == 5
    assert verify() == []


def test_a_metric_that_waits_for_its_rebuild_is_no_difference(shop, verify):
    Metric.objects.filter(name="revenue").update(event_name="click")
    assert verify() == []


def test_an_inactive_metric_is_not_computed_but_its_sums_are_checked(shop, verify):
    Metric.objects.filter(name="revenue").update(active=False)
    bucket("revenue", BUY).update(value=4)
    [line] = verify()
    assert line.endswith("(sum of finer buckets)")


def test_buckets_from_a_file_have_no_history_here(shop, verify):
    run = AggregationRun.objects.create(
        namespace_id=shop, cause=Cause.LOAD, started_at=NOON
    )
    fill(shop, "revenue", {NOON - 2 * DAY: 3})
    Bucket.objects.filter(start_at=NOON - 2 * DAY).update(run=run)
    assert verify() == []


@pytest.mark.parametrize("done", [True, False])
def test_an_import_s_days_are_checked_while_they_are_held(shop, verify, done):
    old = NOON - 60 * DAY
    arrive(shop, [event("buy", old, value="3")])
    aggregate(shop)
    Import.objects.create(
        namespace_id=shop,
        source="old.csv",
        digest="0" * 64,
        start_at=old,
        end_at=old + timedelta(minutes=5),
        total=1,
        started_at=NOON,
        finished_at=NOON if done else None,
    )
    assert verify() == []
    Bucket.objects.filter(metric__name="revenue", start_at__lt=old + HOUR).update(
        value=4
    )
    told = verify()
    assert [line.endswith("(history)") for line in told] == [True] * done


def test_the_first_twenty_are_told_and_all_are_counted(shop, verify):
    fill(shop, "revenue", {NOON - n * HOUR: 1 for n in range(100, 130)})
    fill(shop, "visitors", {NOON - n * HOUR: 1 for n in range(100, 105)})
    Bucket.objects.filter(
        resolution=3600, metric__name__in=["revenue", "visitors"]
    ).update(value=2)
    told = verify()
    assert len(told) == 20 + 3
    days, hours, history = 3, 31, 30
    assert told[21:] == [f"revenue: {days + hours + history}", "visitors: 6"]
    assert told[20] == f"and {64 + 6 - 20} more; by metric:"


def test_a_namespace_is_verified_alone(shop, verify, capsys):
    other = Namespace.objects.create(name="other").pk
    fill(other, "revenue", {NOON: 1})
    bucket("revenue", BUY).update(value=4)
    assert verify(namespace=["other"]) == [
        "revenue, 300 s from 2026-03-04 12:00: 1, should be absent (history)"
    ]
    assert len(verify(namespace=["shop"])) == 2
    assert len(verify(namespace=["shop", "other"])) == 3
    assert len(verify()) == 3


def test_an_unknown_namespace_is_an_error(shop):
    name = Namespace.objects.get(pk=shop).name
    with pytest.raises(CommandError, match=f"named '{name}s'; did you mean {name}"):
        call_command("verify", namespace=[name, f"{name}s"])


def test_it_can_write_nothing(shop):
    with (
        pytest.raises(InternalError, match="read-only"),
        sql.snapshot(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM analytics_bucket")


def test_it_sees_one_moment_while_an_aggregation_commits(shop, django_db_blocker):
    from concurrent.futures import ThreadPoolExecutor

    def elsewhere() -> None:
        try:
            arrive(shop, [event("buy", BUY + 5 * MINUTE, item="cup", user=2)])
            aggregate(shop)
        finally:
            connection.close()

    with sql.snapshot(), ThreadPoolExecutor(1) as pool:
        before = Bucket.objects.count()
        pool.submit(elsewhere).result(timeout=120)
        assert Bucket.objects.count() == before
    assert Bucket.objects.count() > before
