"""A changed or new metric is computed anew over the history that is kept."""

import pytest

from analytics.buckets import backfill, metric_backfill
from analytics.buckets.metric_backfill import NotRebuildableError
from analytics.kinds import rules
from analytics.models import AggregationRun, Backfill, Bucket, Cause, Kind, Metric
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

MIDNIGHT = NOON - 12 * HOUR
SHAPES = [
    (Kind.COUNT, "purchase", ""),
    (Kind.SUM, "purchase", ""),
    (Kind.ORDERS, "purchase", ""),
    (Kind.UNIQUE, "", ""),
    (Kind.SESSIONS, "", ""),
    (Kind.SESSIONS_WITH, "purchase", ""),
    (Kind.ATTRIBUTED_SUM, "purchase", "click"),
    (Kind.ATTRIBUTED_ORDERS, "purchase", "click"),
]


def shop_events():
    """Three days of two users who click, and buy what they clicked in two lines."""
    for day in range(3):
        for user in (1, 2):
            at = NOON - day * DAY + user * HOUR
            order, item = f"order {user} of {day}", f"item {user}"
            yield event("click", at, user=user, item=item)
            for line in range(2):
                yield event(
                    "purchase",
                    at + (line + 1) * 10 * MINUTE,
                    user=user,
                    value="2.5",
                    item=item,
                    order=order,
                    session=f"{day}",
                )


def run(*metrics, at=NOON):
    """Rebuilds metrics and returns how far it was after each step."""
    steps = []
    for number in metric_backfill.request(metrics=metrics, at=at):
        while one := backfill.advance(number, at=at, wait=True):
            steps.append((one.done, one.total))
    return steps


def step(at=NOON):
    """Returns the first rebuild that waits, one step further."""
    one = backfill.advance_next(at=at)
    assert one
    return one


def finish(at=NOON):
    while backfill.advance_next(at=at):
        pass


def fresh(name):
    return Metric.objects.get(name=name)


def every(shop, name):
    return [stored(shop, name, resolution) for resolution in (300, 3600, 86400)]


@pytest.mark.parametrize(("kind", "event_name", "after"), SHAPES)
def test_a_new_metric_gets_the_buckets_it_would_have_had(kind, event_name, after):
    metric("there", kind, event_name, after=after)
    shop = namespace()
    arrive(shop, shop_events())
    aggregate(shop)
    new = metric("new", kind, event_name, after=after, built_as="")
    assert stored(shop, "new") == {}
    run(new)
    assert every(shop, "new") == every(shop, "there")
    assert all(every(shop, "new"))
    assert not fresh("new").stale


def test_a_changed_metric_gets_the_buckets_of_its_new_definition():
    changed = metric("changed", Kind.SUM, "purchase")
    metric("clicks", Kind.COUNT, "click")
    shops = [namespace(), namespace()]
    for shop in shops:
        arrive(shop, shop_events())
        aggregate(shop)
    changed.kind, changed.event_name = Kind.COUNT, "click"
    changed.save()
    run(changed)
    for shop in shops:
        assert every(shop, "changed") == every(shop, "clicks") != [{}, {}, {}]


def test_nothing_else_is_written_and_the_buckets_name_the_run():
    metric("clicks", Kind.COUNT, "click")
    metric("pushed", Kind.EXTERNAL)
    shop = namespace()
    arrive(shop, shop_events())
    aggregate(shop)
    fill(shop, "pushed", {NOON: 7})
    others = Bucket.objects.exclude(metric__name="new").order_by("pk")
    before = list(others.values())
    run(metric("new", Kind.COUNT, "click", built_as=""))
    assert list(others.values()) == before
    runs = AggregationRun.objects.filter(cause=Cause.REBUILD)
    assert runs.count() == 3  # days
    written = Bucket.objects.filter(metric__name="new")
    assert set(written.values_list("run__cause", flat=True)) == {Cause.REBUILD}
    assert sum(one.buckets for one in runs) == written.count()


@pytest.mark.parametrize(("kind", "event_name", "after"), SHAPES)
def test_what_looks_back_further_than_history_is_kept_stays(kind, event_name, after):
    """Each day has a bucket that its events do not give."""
    changed = metric("changed", kind, event_name, after=after)
    shop = namespace()
    arrive(shop, shop_events())
    odd = [MIDNIGHT - day * DAY for day in range(3)]
    place = {"namespace_id": shop, "metric": changed, "resolution": 300}
    Bucket.objects.bulk_create(Bucket(**place, start_at=at, value=9) for at in odd)
    # Kept are 5 days and 72 hours: before midnight, what it looks back to is gone.
    at = NOON + 8 * DAY - rules.lookback(kind)
    assert metric_backfill.since(kind=kind, at=at) == MIDNIGHT
    run(changed, at=at)
    found = stored(shop, "changed")
    assert {at for at in found if at <= MIDNIGHT} == set(odd[1:])
    aggregate(shop)
    assert found.items() - {(at, 9) for at in odd[1:]} == {
        (at, value) for at, value in stored(shop, "changed").items() if at > MIDNIGHT
    }


def test_a_day_without_events_in_history_stays():
    one = metric("one", Kind.COUNT, "click")
    shop = namespace()
    fill(shop, "one", {NOON - DAY: 5, NOON: 5})
    arrive(shop, [event("click")])
    run(one)
    assert stored(shop, "one") == {NOON - DAY: 5, NOON: 1}


def test_what_was_loaded_from_a_file_stays():
    """Its events happened to another installation."""
    one = metric("one", Kind.COUNT, "click")
    shop = namespace()
    load = AggregationRun.objects.create(
        namespace_id=shop, cause=Cause.LOAD, started_at=NOON
    )
    fill(shop, "one", {NOON - HOUR: 5, NOON: 3})
    Bucket.objects.update(run=load)
    arrive(shop, [event("click", NOON - HOUR), event("click", NOON + HOUR)])
    run(one)
    assert stored(shop, "one") == {NOON - HOUR: 5, NOON: 3, NOON + HOUR: 1}
    assert stored(shop, "one", 86400) == {MIDNIGHT: 9}


def test_progress_counts_days_of_namespaces_up_to_all_of_them():
    one = metric("one", Kind.COUNT, "click")
    shops = [namespace() for _ in range(3)]
    arrive(shops[0], [event("click", NOON - day * DAY) for day in range(3)])
    arrive(shops[2], [event("click")])
    steps = run(one)
    days = steps[0][1] // 3
    assert {total for _, total in steps} == {3 * days}
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert steps[0] == (0, 3 * days)
    assert steps[-1] == (3 * days, 3 * days)
    assert len(steps) <= 2 + (3 + 1) + 1 + (1 + 1)  # days with events, and the rests


def test_a_metric_waits_once_and_may_be_rebuilt_again():
    one, other = metric("one", Kind.COUNT, "a"), metric("other", Kind.COUNT, "a")
    first = metric_backfill.request(metrics=[one], at=NOON)
    assert metric_backfill.request(metrics=[one, other], at=NOON + HOUR)[:1] == first
    assert Backfill.objects.count() == 2
    finish()
    assert not Backfill.objects.filter(finished_at=None).exists()
    assert metric_backfill.request(metrics=[one], at=NOON) != first


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"kind": Kind.EXTERNAL}, "odd is external"),
        ({"kind": Kind.SESSIONS, "active": False}, "odd is inactive"),
    ],
)
def test_what_is_not_computed_is_refused_and_nothing_is_taken(fields, reason):
    fine, odd = metric("fine", Kind.COUNT, "a"), metric("odd", **fields)
    with pytest.raises(NotRebuildableError, match=reason):
        metric_backfill.request(metrics=[fine, odd], at=NOON)
    assert not Backfill.objects.exists()


@pytest.fixture
def half():
    """A metric in the middle of its rebuild: two of three days are done."""
    one = metric("one", Kind.COUNT, "click", built_as="")
    metric("purchases", Kind.COUNT, "purchase")
    shop = namespace()
    arrive(shop, shop_events())
    aggregate(shop)
    metric_backfill.request(metrics=[one], at=NOON)
    step()
    assert 0 < step().done < step().total
    assert fresh("one").stale
    return shop


def test_a_metric_that_is_edited_half_way_is_begun_again(half):
    Metric.objects.filter(name="one").update(event_name="purchase")
    assert step().done == 0
    while backfill.advance_next(at=NOON):
        assert fresh("one").stale or Backfill.objects.get().finished_at
    assert every(half, "one") == every(half, "purchases")
    assert not fresh("one").stale


def test_a_metric_that_is_edited_and_put_back_is_begun_again(half):
    """Between the edits, an aggregation may have written what the first one said."""
    Metric.objects.filter(name="one").update(built_as="")  # as the admin does
    assert step().done == 0


def test_a_metric_that_is_switched_off_half_way_stays_stale(half):
    Metric.objects.filter(name="one").update(active=False)
    assert step().finished_at
    assert backfill.advance_next(at=NOON) is None
    assert fresh("one").stale


def test_events_that_arrive_half_way_are_counted(half):
    arrive(half, [event("click", NOON - 2 * DAY, user=9), event("click", user=9)])
    finish()
    aggregate(half)
    assert sum(stored(half, "one").values()) == 2 + 2 * 3


def test_a_namespace_that_comes_half_way_needs_no_rebuild(half):
    late = namespace()
    arrive(late, [event("click")])
    aggregate(late)
    finish(at=NOON + DAY)
    assert stored(late, "one") == {NOON: 1}
    assert not fresh("one").stale
