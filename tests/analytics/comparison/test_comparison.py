"""GET analytics/segmentations/params/<id>/comparison/: is B better?"""

from datetime import timedelta

import pytest
import time_machine

from accounts.models import Namespace
from analytics.models import Backfill, Bucket, Kind, Metric
from events.keys import SHARDS
from events.models import Batch
from segmentation import queries, services
from segmentation.models import ABTest
from segmentation.tree import Group
from tests.analytics.builders import DAY, NOON, aggregate, arrive, event, kpi, metric
from timegrid import buckets

pytestmark = pytest.mark.django_db

LEAF = {"type": "analytics"}
START = NOON - 10 * DAY
STATEMENTS = 10


def split(test, a=LEAF, b=LEAF, skip=LEAF):
    groups = {"ab_test_id": test, "group_a": a, "group_b": b}
    return {"type": "ab_test", "split": groups, "skip": skip}


@pytest.fixture(autouse=True)
def catalogue():
    metric("buyers", Kind.SESSIONS_WITH, "buy")
    metric("visits", Kind.SESSIONS)
    metric("users", Kind.UNIQUE)
    kpi("conversion", "100 * buyers / visits", unit="percentage")


@pytest.fixture(autouse=True)
def now():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def button(shop):
    return ab_test(shop, "button")


def ab_test(place, name, *, start=START, **fields):
    return ABTest.objects.create(
        namespace=place, name=name, start_at=start, created_at=START, **fields
    )


def segmentation(place, tree, *, filled=True):
    """Stores a segmentation; its leaves' numbers begin ten days ago."""
    made = services.create_segmentation(
        namespace_id=place.pk, name="mine", checked=tree, at=NOON
    )
    cut = queries.resolved_segmentation(namespace_id=place.pk, segmentation_id=made.pk)
    assert cut
    if filled:
        Backfill.objects.create(
            segmentation_id=cut.id,
            definition=cut.definition,
            from_at=START,
            requested_at=NOON,
            started_at=NOON,
            finished_at=NOON,
        )
    return cut


def put(place, cut, leaf, at=START, **each):
    """Stores days of metrics: so much in each part of a leaf, and 1 in every second."""
    metrics = {one.name: one for one in Metric.objects.all()}
    Bucket.objects.bulk_create(
        Bucket(
            namespace=place,
            metric=metrics[name],
            segment=cut.segments[leaf],
            resolution=86400,
            start_at=buckets.floor(at, resolution=86400),
            value=sum(value + shard % 2 for shard in range(SHARDS)),
            shard_values=[value + shard % 2 for shard in range(SHARDS)],
        )
        for name, value in each.items()
    )


def told(client, cut, **query):
    answer = client.get(url(cut.id), query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def url(segmentation_id):
    return f"/analytics/segmentations/params/{segmentation_id}/comparison/"


def test_a_higher_rate_in_b_is_found(manager, shop, button):
    cut = segmentation(shop, split("button"))
    put(shop, cut, 0, buyers=35, visits=1000, users=500)
    put(shop, cut, 1, buyers=45, visits=1000, users=500)
    put(shop, cut, 0, at=START + DAY, visits=9)
    answer = told(manager, cut)
    [one] = answer["comparisons"]
    [found] = one.pop("kpis")
    assert answer["data_as_of"] == NOON.timestamp()
    assert one == {
        "ab_test_id": "button",
        "path": "all",
        "share_a": 50,
        "share_b": 50,
        "start_timestamp": START.timestamp(),
        "end_timestamp": NOON.timestamp(),
        "goes_on": True,
        "reason": None,
        "users": {
            "checked": True,
            "reason": None,
            "mismatch": False,
            "p_value": 1,
            "a": {"first_seen": 8008, "expected": 8008},
            "b": {"first_seen": 8008, "expected": 8008},
        },
    }
    in_a, in_b = 100 * 568 / (16008 + 152), 100 * 728 / 16008
    assert found["a"] == {"value": pytest.approx(in_a), "plain": pytest.approx(in_a)}
    assert found["b"]["value"] == pytest.approx(in_b)
    assert found["difference"]["value"] == pytest.approx(in_b - in_a)
    assert found["lift"]["value"] == pytest.approx(100 * (in_b / in_a - 1))
    assert found["lift"]["lower"] < found["lift"]["value"] < found["lift"]["upper"]
    assert found["p_value"] < 1e-6
    assert found["verdict"] == "b_higher"
    assert found["sentence"].startswith(
        "conversion is higher in B: 4.55 % in B against"
    )


def test_what_was_aggregated_is_what_is_compared(manager, shop, button):
    kpi("seen", "users")
    cut = segmentation(shop, split("button"))
    keys = range(60)
    arrive(shop.pk, [event("buy", NOON - DAY, user=key) for key in keys])
    aggregate(shop.pk)
    drawn = [cut.allocations["button"].group(key, at=NOON) for key in keys]
    [one] = told(manager, cut, kpis="seen")["comparisons"]
    assert one["users"]["a"] == {"first_seen": drawn.count(Group.A), "expected": 30}
    assert one["kpis"][0]["b"]["plain"] == drawn.count(Group.B)


def test_a_test_that_goes_on_and_many_kpis_come_with_cautions(manager, shop, button):
    kpi("visits", "visits")
    cut = segmentation(shop, split("button"))
    goes_on, by_chance = told(manager, cut)["warnings"]
    assert goes_on.startswith("button goes on: decide when it has ended.")
    assert by_chance.startswith("2 comparisons: where nothing differs, about 1 in 20")
    unknown, *_ = told(manager, cut, kpis=["visits", "nothing"])["warnings"]
    assert unknown == "unknown KPI: nothing"


def test_a_test_that_has_ended_needs_no_caution(manager, shop):
    ab_test(shop, "button", end_at=NOON - DAY)
    answer = told(manager, segmentation(shop, split("button")))
    [one] = answer["comparisons"]
    assert one["end_timestamp"] == (NOON - DAY).timestamp()
    assert one["goes_on"] is False
    assert "warnings" not in answer


def test_groups_that_are_too_uneven_forbid_every_verdict(manager, shop, button):
    cut = segmentation(shop, split("button"))
    put(shop, cut, 0, buyers=35, visits=1000, users=500)
    put(shop, cut, 1, buyers=45, visits=1000, users=450)
    [one] = told(manager, cut)["comparisons"]
    assert one["users"]["mismatch"] is True
    assert one["kpis"][0]["verdict"] == "mismatch"


def test_without_a_metric_of_users_their_number_is_not_checked(manager, shop, button):
    Metric.objects.filter(name="users").update(active=False)
    [one] = told(manager, segmentation(shop, split("button")))["comparisons"]
    assert one["users"]["checked"] is False
    assert one["users"]["reason"].startswith("no active metric counts the users")


def test_totals_are_told_as_if_all_participants_were_in_the_group(manager, shop):
    ab_test(shop, "button", share_a=20, share_b=40)
    kpi("all_visits", "visits")
    cut = segmentation(shop, split("button"))
    put(shop, cut, 0, visits=10)
    put(shop, cut, 1, visits=20)
    [one] = told(manager, cut, kpis="all_visits")["comparisons"]
    [found] = one["kpis"]
    assert found["a"] == {"value": pytest.approx(168 / 0.2), "plain": 168}
    assert found["b"] == {"value": pytest.approx(328 / 0.4), "plain": 328}


def test_a_group_is_all_leaves_below_it_and_each_test_is_compared(
    manager, shop, button
):
    ab_test(shop, "colour")
    cut = segmentation(shop, split("button", a=split("colour"), skip=split("colour")))
    for leaf, visits in enumerate([10, 20, 30, 40, 50, 60]):
        put(shop, cut, leaf, visits=visits)
    kpi("all_visits", "visits")
    found = told(manager, cut, kpis="all_visits")["comparisons"]
    sums = [
        (one["path"], one["kpis"][0]["a"]["plain"], one["kpis"][0]["b"]["plain"])
        for one in found
    ]
    assert sums == [
        ("all", 16 * (10 + 20 + 30) + 24, 16 * 40 + 8),
        ("button: A", 16 * 10 + 8, 16 * 20 + 8),
        ("button: neither", 16 * 50 + 8, 16 * 60 + 8),
    ]


def test_only_the_days_asked_for_are_compared(manager, shop, button):
    kpi("all_visits", "visits")
    cut = segmentation(shop, split("button"))
    for day in range(4):
        put(shop, cut, 0, at=START + day * DAY, visits=10**day)
    span = {
        "start_timestamp": (START + DAY).timestamp(),
        "end_timestamp": (START + 2 * DAY).timestamp(),
    }
    [one] = told(manager, cut, kpis="all_visits", **span)["comparisons"]
    midnight = (START + DAY).replace(hour=0)
    assert one["start_timestamp"] == midnight.timestamp()
    assert one["end_timestamp"] == (midnight + 2 * DAY).timestamp()
    assert one["kpis"][0]["a"]["plain"] == 16 * (10 + 100) + 16
    assert one["kpis"][0]["verdict"] == "too_early"
    assert "there are 2.0 of 7 days of data" in one["kpis"][0]["sentence"]


def test_days_count_from_when_the_numbers_begin_to_when_they_are_complete(
    manager, shop, button
):
    cut = segmentation(shop, split("button"))
    Backfill.objects.update(from_at=NOON - 7 * DAY)
    arrive(shop.pk, [event("buy")])
    Batch.objects.update(received_at=NOON - timedelta(hours=1))
    [one] = told(manager, cut)["comparisons"]
    assert one["start_timestamp"] == (NOON - 7 * DAY).timestamp()
    assert one["end_timestamp"] == (NOON - timedelta(hours=1)).timestamp()
    assert "there are 6.9 of 7 days of data" in one["kpis"][0]["sentence"]


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (None, "The A/B test button does not exist."),
        (NOON + DAY, "The A/B test button has no numbers yet."),
    ],
)
def test_a_test_without_numbers_says_why(manager, shop, start, reason):
    if start:
        ab_test(shop, "button", start=start)
    [one] = told(manager, segmentation(shop, split("button")))["comparisons"]
    assert (one["reason"], one["kpis"], one["users"]) == (reason, [], None)


def test_nothing_is_said_of_days_without_the_test(manager, shop, button):
    cut = segmentation(shop, split("button"))
    [one] = told(manager, cut, end_timestamp=0)["comparisons"]
    assert one["reason"] == "The A/B test button has no numbers in the time asked for."


def test_nothing_is_said_while_the_segmentation_is_filled(manager, shop, button):
    cut = segmentation(shop, split("button"), filled=False)
    [one] = told(manager, cut)["comparisons"]
    assert one["reason"] == "The segmentation is being filled: ask later."


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"active": False}, "the metric visits is gone or inactive"),
        ({"kind": Kind.EXTERNAL}, "the metric visits is pushed"),
        ({"built_as": ""}, "the metric visits waits for its rebuild"),
    ],
)
def test_a_kpi_that_cannot_be_told_of_groups_says_why(
    manager, shop, button, change, reason
):
    cut = segmentation(shop, split("button"))
    Metric.objects.filter(name="visits").update(**change)
    [one] = told(manager, cut)["comparisons"]
    [found] = one["kpis"]
    assert found["verdict"] == "not_computable"
    assert reason in found["sentence"]
    assert found["a"] == {"value": None, "plain": None}


def test_a_segmentation_of_another_namespace_is_not_found(manager, shop):
    elsewhere = Namespace.objects.create(name="elsewhere")
    cut = segmentation(elsewhere, split("button"))
    for unknown in (cut.id, "aaaaaaaa", "%00"):
        answer = manager.get(url(unknown))
        assert answer.status_code == 404
        data = answer.json()["error_data"]
        assert data["type"] == "analytics-segmentation"
        assert data["name"] == "ANALYTICS_SEGMENTATION_NOT_FOUND"


def test_only_root_and_managers_may_ask(root, manager, backend, stranger, shop, button):
    cut = segmentation(shop, split("button"))
    people = [root, manager, backend, stranger]
    asked = [one.get(url(cut.id), {"namespace": "shop"}) for one in people]
    assert [answer.status_code for answer in asked] == [200, 200, 403, 403]


def test_a_span_that_ends_before_it_starts_is_refused(manager, shop, button):
    cut = segmentation(shop, split("button"))
    answer = manager.get(url(cut.id), {"start_timestamp": 2, "end_timestamp": 1})
    assert answer.status_code == 400


def test_the_statements_are_as_many_for_more_tests_and_kpis(
    manager, shop, button, django_assert_num_queries
):
    small = segmentation(shop, split("button"))
    put(shop, small, 0, visits=10)
    with django_assert_num_queries(STATEMENTS):
        told(manager, small)
    ab_test(shop, "colour")
    large = services.create_segmentation(
        namespace_id=shop.pk,
        name="large",
        checked=split("button", *[split("colour")] * 3),
        at=NOON,
    )
    Bucket.objects.filter(segment__lt=0).delete()
    kpi("visits", "visits")
    kpi("users", "users")
    with django_assert_num_queries(STATEMENTS):
        assert len(told(manager, large)["comparisons"]) == 4
