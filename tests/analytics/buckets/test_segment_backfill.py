"""A new segmentation is filled from the kept history, a day at a time."""

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from analytics.buckets import backfill, metric_backfill, sweep
from analytics.models import WHOLE, Backfill, Bucket, Carried, Kind, Metric
from analytics.reconciliation import services as verification
from analytics.series import values as series
from events import services as intake
from segmentation.models import Segmentation
from tests.analytics.builders import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    aggregate,
    arrive,
    event,
    kpi,
    metric,
    namespace,
)
from tests.analytics.kinds.segmented import ab_test, leaf, segmented, split
from timegrid.periods import Period

pytestmark = pytest.mark.django_db

USERS = range(-30, 30)
TREE = split("one", leaf(), leaf(), leaf())
WEEK = Period(NOON - 7 * DAY, NOON, None, ZoneInfo("UTC"))


@pytest.fixture
def shop():
    """Four days of visits and purchases, all of them aggregated."""
    shop = namespace()
    metric("views", Kind.COUNT, "view")
    metric("revenue", Kind.SUM, "purchase")
    metric("sessions", Kind.SESSIONS)
    kpi("views", "views")
    past = [
        event(name, NOON - HOUR - day * DAY - user * MINUTE, user=user, item="cup")
        for day in range(4)
        for user in USERS
        for name in ("view", "purchase")
    ]
    intake.put_prices(namespace_id=shop, prices={"cup": Decimal(3)}, at=NOON)
    ab_test(shop, "one", start_at=NOON - 30 * DAY)
    arrive(shop, past)
    aggregate(shop)
    return shop


def fill(at=NOON):
    """Fills until nothing waits; returns the states on the way."""
    found = []
    while one := backfill.advance_next(at=at):
        found.append((one.done, one.total))
    return found


def kept(shop):
    rows = Bucket.objects.filter(namespace=shop)
    return set(rows.values_list("segment", "metric", "resolution", "start_at", "value"))


def without_runs(shop, cut):
    return {row for row in kept(shop) if row[0] in cut.segments}


def test_it_is_as_if_the_segmentation_had_been_there_before(shop):
    before = segmented(shop, TREE)
    late = segmented(shop, TREE)
    fill()
    same = dict(zip(late.segments, before.segments, strict=True))
    found = {(same[row[0]], *row[1:]) for row in without_runs(shop, late)}
    assert found == without_runs(shop, before)
    arrive(shop, [event("view", NOON - DAY, user=user) for user in USERS])
    aggregate(shop)
    found = {(same[row[0]], *row[1:]) for row in without_runs(shop, late)}
    assert found == without_runs(shop, before)


def test_the_leaves_sum_to_the_whole(shop):
    cut = segmented(shop, TREE)
    fill()
    for resolution in (300, 3600, 86400):
        rows = Bucket.objects.filter(namespace=shop, resolution=resolution)
        whole = sum(one.value for one in rows.filter(segment=WHOLE))
        assert whole
        leaves = rows.filter(segment__in=cut.segments)
        assert sum(one.value for one in leaves) == whole


def test_each_step_is_a_day_and_the_whole_is_left_alone(shop):
    whole = kept(shop)
    segmented(shop, TREE)
    states = fill()
    assert states == [(n, 6) for n in range(1, 7)]
    assert whole < kept(shop)
    assert Backfill.objects.get().finished_at == NOON


def test_a_filled_segmentation_is_not_filled_again(shop):
    segmented(shop, TREE)
    fill()
    assert fill() == []


def test_after_a_stop_it_goes_on_where_it_was(shop):
    cut = segmented(shop, TREE)
    backfill.advance_next(at=NOON)
    backfill.advance_next(at=NOON)
    assert fill(at=NOON + HOUR)[0] == (3, 6)
    assert without_runs(shop, cut)


def test_a_test_that_comes_later_fills_it_anew(shop):
    cut = segmented(shop, split("late", leaf(), leaf(), leaf()))
    fill()
    in_a, in_b, _ = cut.segments
    rows = Bucket.objects.filter(namespace=shop)
    assert not rows.filter(segment__in=[in_a, in_b])
    ab_test(shop, "late", start_at=NOON - 2 * DAY)
    fill()
    assert rows.filter(segment=in_a)
    leaves = rows.filter(segment__in=cut.segments, resolution=86400)
    whole = rows.filter(segment=WHOLE, resolution=86400)
    assert sum(one.value for one in leaves) == sum(one.value for one in whole)


def test_ending_a_test_fills_nothing_anew(shop):
    segmented(shop, TREE)
    fill()
    ab_test_row = Segmentation.objects.get().namespace.abtest_set.get()
    ab_test_row.end_at = NOON + HOUR
    ab_test_row.save()
    assert fill() == []


def test_what_is_sealed_stays_without_leaves(shop):
    """The whole of a day may hold prices that were valid then."""
    cut = segmented(shop, TREE)
    fill(at=NOON + 2 * DAY)
    oldest = Bucket.objects.filter(namespace=shop, segment__in=cut.segments)
    first = oldest.earliest("start_at")
    assert Backfill.objects.get().from_at == NOON + 2 * DAY - 5 * DAY + 5 * MINUTE
    assert first.start_at >= NOON - 3 * DAY - DAY


def test_the_answer_says_what_is_missing(shop):
    cut = segmented(shop, TREE, name="mine")

    def warnings():
        table = series.kpi_values(
            namespace_id=shop, names=[], period=WEEK, now=NOON, segmentation=cut
        )
        return table.warnings

    assert warnings() == ["segmentation mine waits for its numbers: ask in a minute"]
    backfill.advance_next(at=NOON)
    assert warnings() == ["segmentation mine is being filled: 1 of 6 days are done"]
    fill()
    assert warnings() == ["segmentation mine is complete from 2026-02-27 12:05 UTC on"]


def test_users_who_were_carried_over_are_in_no_group(shop):
    new = metric("new_users", Kind.UNIQUE)
    Carried.objects.create(
        namespace_id=shop, metric=new, start_at=NOON - HOUR, value=Decimal(7)
    )
    cut = segmented(shop, TREE)
    fill()
    rows = Bucket.objects.filter(
        namespace=shop, metric=new, resolution=300, start_at=NOON - HOUR
    )
    carried = Carried.objects.filter(segment=cut.segments[2])
    assert [one.value for one in carried] == [7]
    assert rows.get(segment=cut.segments[2]).value >= 7


def test_numbers_of_a_deleted_segmentation_are_swept(shop):
    gone, stays = segmented(shop, TREE), segmented(shop, TREE)
    fill()
    whole, left = kept(shop), without_runs(shop, gone)
    Segmentation.objects.get(pk=gone.id).delete()
    assert sweep.sweep(at=NOON) == len(left) > 0
    assert kept(shop) == whole - left
    assert without_runs(shop, stays)
    assert sweep.sweep(at=NOON) == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["leaf", "part"])
def test_verify_finds_a_leaf_or_a_part_that_is_wrong(shop, kind):
    cut = segmented(shop, TREE)
    fill()
    assert verification.verify(namespace_id=shop, now=NOON).first == []
    rows = Bucket.objects.filter(namespace=shop, resolution=300)
    leaves = rows.filter(segment=cut.segments[0])
    wrong = leaves.filter(start_at__gte=NOON - 2 * DAY).earliest("start_at")
    same = leaves.filter(metric=wrong.metric, start_at=wrong.start_at)
    if kind == "leaf":
        same.update(value=wrong.value + 1)
        expected = {
            "sum of finer buckets",
            "sum of segments",
            "sum of parts",
            "history",
        }
    else:
        first, *rest = wrong.shard_values or [Decimal(0)]
        same.update(shard_values=[first + 1, *rest])
        expected = {"sum of parts"}
    found = verification.verify(namespace_id=shop, now=NOON)
    assert {one.check for one in found.first} == expected


def test_a_metric_that_is_rebuilt_is_rebuilt_by_segment(shop):
    cut = segmented(shop, TREE)
    fill()
    before = without_runs(shop, cut)
    views = Metric.objects.get(name="views")
    Bucket.objects.filter(metric=views, segment__in=cut.segments).delete()
    metric_backfill.request(metrics=[views], at=NOON)
    while backfill.advance_next(at=NOON):
        pass
    assert without_runs(shop, cut) == before
