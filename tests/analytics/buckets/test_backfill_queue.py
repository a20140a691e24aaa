"""One queue of backfills: what may wait in it, and who comes first."""

import pytest
from django.db import IntegrityError, transaction

from analytics.buckets import backfill, metric_backfill, tasks
from analytics.models import Backfill, Kind, Metric
from config.celery import app
from segmentation.models import Segmentation
from tests.analytics.builders import HOUR, NOON, arrive, event, metric
from tests.analytics.kinds.segmented import leaf, segmented

pytestmark = pytest.mark.django_db


@pytest.fixture
def subjects(shop):
    """A metric and a segmentation that need a backfill."""
    carts = metric("carts", Kind.COUNT, "add_to_cart", built_as="")
    cut = segmented(shop.pk, leaf())
    return {"metric": carts, "segmentation": Segmentation.objects.get(pk=cut.id)}


@pytest.mark.parametrize("fields", [set(), {"metric", "segmentation"}])
@pytest.mark.parametrize("from_at", [None, NOON])
def test_a_backfill_is_of_a_metric_or_of_a_segmentation(subjects, fields, from_at):
    chosen = {name: subjects[name] for name in fields}
    with pytest.raises(IntegrityError, match="of_a_metric_or_a_segmentation"):
        Backfill.objects.create(requested_at=NOON, from_at=from_at, **chosen)


def test_a_segmentation_s_says_from_when_its_leaves_are_complete(subjects):
    segmentation = subjects["segmentation"]
    with pytest.raises(IntegrityError, match="of_a_metric_or_a_segmentation"):
        Backfill.objects.create(requested_at=NOON, segmentation=segmentation)


@pytest.mark.parametrize(
    ("name", "from_at"), [("metric", None), ("segmentation", NOON)]
)
def test_it_waits_once_and_may_be_done_again(subjects, name, from_at):
    def ask():
        with transaction.atomic():
            Backfill.objects.create(
                requested_at=NOON, from_at=from_at, **{name: subjects[name]}
            )

    ask()
    with pytest.raises(IntegrityError, match=f"of_a_{name}_waits_once"):
        ask()
    Backfill.objects.update(finished_at=NOON)
    ask()


def test_it_does_no_more_days_than_there_are(subjects):
    with pytest.raises(IntegrityError, match="at_most_done"):
        Backfill.objects.create(
            metric=subjects["metric"], requested_at=NOON, done=2, total=1
        )


def test_the_days_of_a_segmentation_come_before_those_of_metrics_in_their_order(
    shop, subjects
):
    """The metric asked for last is the one made first."""
    late = metric("late", Kind.COUNT, "add_to_cart", built_as="")
    arrive(shop.pk, [event("add_to_cart")])
    metric_backfill.request(metrics=[late], at=NOON)
    metric_backfill.request(metrics=[subjects["metric"]], at=NOON + HOUR)
    order = []
    while advanced := backfill.advance_next(at=NOON):
        if advanced.finished_at:
            order.append(advanced.metric or advanced.segmentation)
    assert order == [subjects["segmentation"], late, subjects["metric"]]
    assert not any(each.stale for each in Metric.objects.all())


def test_a_run_ends_before_the_next_tick_so_that_one_worker_is_enough():
    entry = app.conf.beat_schedule["backfill"]
    assert entry["task"] == tasks.backfill.name
    assert tasks.RUN_SECONDS < entry["options"]["expires"] == 20
