"""`PUT analytics/metrics/values/`: what other programs know, pushed and read."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import Namespace
from analytics.external import services as pushes
from analytics.models import AggregationRun, Bucket, Cause, Kind
from tests.analytics.builders import (
    HOUR,
    MINUTE,
    NOON,
    aggregate,
    arrive,
    event,
    metric,
    namespace,
    stored,
)
from timegrid import buckets

pytestmark = pytest.mark.django_db
URL = "/analytics/metrics/values/"
T = int(NOON.timestamp())


@pytest.fixture(autouse=True)
def catalogue():
    metric("visitors", Kind.EXTERNAL)
    metric("costs", Kind.EXTERNAL)
    metric("views", Kind.COUNT, "view")
    metric("gone", Kind.EXTERNAL, active=False)


def put(client, starts, columns, **fields):
    metrics = [{"name": name, "values": values} for name, values in columns.items()]
    sent = {"start_timestamps": starts, "metrics": metrics, **fields}
    return client.put(URL, sent, format="json")


def sent(value="1", start=str(T), name='"visitors"'):
    """Returns a body to the letter: what is tested may be no Python number."""
    metrics = f'[{{"name": {name}, "values": [{value}]}}]'
    return f'{{"start_timestamps": [{start}], "metrics": {metrics}}}'


def refusal(client, body):
    answer = client.put(URL, body, content_type="application/json")
    assert answer.status_code == 400, answer.content
    assert answer.json()["error_name"] == "WrongData"
    assert not Bucket.objects.exists()
    assert not AggregationRun.objects.exists()
    return answer.json()["error_data"]["query"]


@pytest.mark.parametrize("role", ["root", "manager", "backend"])
def test_every_role_may_push(request, role):
    client = request.getfixturevalue(role)
    assert put(client, [T], {"visitors": [7]}).status_code == 204
    assert Bucket.objects.get(resolution=300).value == 7


def test_values_are_stored_by_five_minutes_and_summed_to_hours_and_days(manager, shop):
    starts = [T, T + 300, T + 3600]
    put(manager, starts, {"visitors": [1, 2, 4], "costs": [0.5, -0.25, 0]})
    assert stored(shop.pk, "visitors") == {
        NOON: 1,
        NOON + 5 * MINUTE: 2,
        NOON + HOUR: 4,
    }
    assert stored(shop.pk, "visitors", 3600) == {NOON: 3, NOON + HOUR: 4}
    assert stored(shop.pk, "visitors", 86400) == {NOON - 12 * HOUR: 7}
    assert stored(shop.pk, "costs", 3600) == {NOON: Decimal("0.25")}


def test_what_was_read_can_be_pushed_and_changes_nothing(manager, shop):
    put(manager, [T, T + 600], {"visitors": [3.000001, 5], "costs": [1, 2]})
    before = list(Bucket.objects.order_by("pk").values_list("pk", "value"))
    span = f"start_timestamp={T}&end_timestamp={T + 900}&granularity=5m"
    read = manager.get(f"{URL}?{span}&names=visitors&names=costs").json()
    assert len(read["start_timestamps"]) == 3
    read["warnings"] = ["unknown metric: a"]  # as GET may say
    assert manager.put(URL, read, format="json").status_code == 204
    assert list(Bucket.objects.order_by("pk").values_list("pk", "value")) == before


def test_a_later_push_overwrites_and_a_zero_leaves_no_bucket(backend, shop):
    put(backend, [T, T + 300], {"visitors": [1, 2]})
    put(backend, [T], {"visitors": [5]})
    assert stored(shop.pk, "visitors", 3600) == {NOON: 7}
    put(backend, [T, T + 300], {"visitors": [0, 0.0]})
    assert not Bucket.objects.exists()


@pytest.mark.parametrize(
    "value", ["123456789012.123456", "-0.000001", "1e12", "-1E+12", "999999999999.9"]
)
def test_a_value_is_exact_to_6_decimals(backend, shop, value):
    answer = backend.put(URL, sent(value), content_type="application/json")
    assert answer.status_code == 204
    assert stored(shop.pk, "visitors") == {NOON: Decimal(value)}


@pytest.mark.parametrize(
    "value",
    [
        '"1"',
        "true",
        "null",
        "[1]",
        "{}",
        "0.0000001",
        "1000000000000.000001",
        "-1e13",
        "1e400",
        "1e999999999999999999",
        "1" * 300,
        "1" * 4000,
        "0." + "1" * 60,
    ],
)
def test_a_value_that_is_no_exact_number_in_bounds_is_refused(backend, value):
    assert list(refusal(backend, sent(value))["metrics"]["0"]["values"]) == ["0"]


@pytest.mark.parametrize(
    "start",
    [
        f'"{T}"',
        "true",
        "null",
        "[1]",
        str(T + 1),
        str(T + 0.5),
        "3600000000",
        "-1e11",
        "1e400",
        "1" * 400,
    ],
)
def test_a_start_that_begins_no_five_minutes_in_bounds_is_refused(backend, start):
    assert list(refusal(backend, sent(start=start))["start_timestamps"]) == ["0"]


DEEP = "[" * 100_000


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "1" * 5000, DEEP, '"\\ud800"'])
def test_what_is_no_json_is_refused(backend, literal):
    for body in (sent(literal), sent(start=literal)):
        answer = backend.put(URL, body, content_type="application/json")
        assert answer.status_code == 400


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nothing", "There is no metric named nothing."),
        ("views", "views is of the kind count: only external takes values."),
        ("gone", "gone is not active."),
        ("visitors\u2028", "There is no metric named visitors\u2028."),
    ],
)
def test_only_active_external_metrics_take_values(backend, name, reason):
    columns = [{"name": one, "values": [1]} for one in ("visitors", name)]
    body = {"start_timestamps": [T], "metrics": columns}
    answer = backend.put(URL, body, format="json")
    assert answer.json()["error_data"]["query"] == {
        "metrics": {"1": {"name": [reason]}}
    }
    assert answer.status_code == 400
    assert not Bucket.objects.exists()


def test_lengths_that_do_not_match_are_refused(backend):
    answer = put(backend, [T, T + 300], {"visitors": [1, 2], "costs": [1]})
    expected = "2 values are expected, one for each start timestamp."
    assert answer.json()["error_data"]["query"] == {
        "metrics": {"1": {"values": [expected]}}
    }
    assert not Bucket.objects.exists()


def test_what_comes_twice_in_one_push_is_refused(backend):
    answer = put(backend, [T, T + 300, T], {"visitors": [1, 2, 3]})
    assert list(answer.json()["error_data"]["query"]["start_timestamps"]) == ["2"]
    twice = [{"name": "visitors", "values": [1]}] * 2
    body = {"start_timestamps": [T], "metrics": twice}
    answer = backend.put(URL, body, format="json")
    assert list(answer.json()["error_data"]["query"]["metrics"]) == ["1"]
    assert not Bucket.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"start_timestamps": [], "metrics": []},
        {"start_timestamps": [T], "metrics": []},
        {"start_timestamps": [T], "metrics": [5]},
        {"start_timestamps": [T], "metrics": [{"name": "visitors"}]},
        {"start_timestamps": [T], "metrics": [{"values": [1]}]},
        {"start_timestamps": [T], "metrics": {"visitors": [1]}},
        {"start_timestamps": T, "metrics": [{"name": "visitors", "values": 1}]},
    ],
)
def test_a_body_of_another_shape_is_refused(backend, body):
    assert backend.put(URL, body, format="json").status_code == 400
    assert not Bucket.objects.exists()


def test_a_push_of_10000_values_is_stored_by_as_many_queries_as_one(backend, shop):
    def queries(number):
        starts = [T + 300 * each for each in range(number)]
        columns = {"visitors": [1] * number, "costs": [2] * number}
        with CaptureQueriesContext(connection) as found:
            assert put(backend, starts, columns).status_code == 204
        return len(found)

    assert queries(5_000) == queries(1) == 14
    assert sum(stored(shop.pk, "costs", 86400).values()) == 10_000


def test_more_than_10000_values_are_refused(backend):
    starts = [T + 300 * each for each in range(5_001)]
    columns = {"visitors": [1] * 5_001, "costs": [1] * 5_000}
    query = put(backend, starts, columns).json()["error_data"]["query"]
    assert query["metrics"] == ["At most 10,000 values are taken at once."]
    many = [T + 300 * each for each in range(10_001)]
    assert "start_timestamps" in put(backend, many, {}).json()["error_data"]["query"]
    assert not Bucket.objects.exists()


def test_a_namespace_is_for_its_members(backend, stranger, shop):
    assert put(stranger, [T], {"visitors": [1]}, namespace="shop").status_code == 403
    answer = put(backend, [T], {"visitors": [1]}, namespace="elsewhere")
    assert answer.status_code == 403
    assert put(backend, [T], {"visitors": [1]}, namespace="shop").status_code == 204
    assert {one.namespace for one in Bucket.objects.all()} == {shop}


def test_roots_first_push_makes_a_namespace_and_a_refused_one_does_not(root):
    assert put(root, [T], {"views": [1]}, namespace="new").status_code == 400
    assert not Namespace.objects.filter(name="new").exists()
    assert put(root, [T], {"visitors": [1]}, namespace="new").status_code == 204
    assert stored(Namespace.objects.get(name="new").pk, "visitors") == {NOON: 1}


def test_a_push_is_a_run_that_its_buckets_name(backend, shop):
    put(backend, [T, T + 300], {"visitors": [1, 0]})
    run = AggregationRun.objects.get()
    assert (run.cause, run.namespace, run.buckets) == (Cause.PUSH, shop, 3)
    assert {one.run_id for one in Bucket.objects.all()} == {run.pk}


def test_events_and_metrics_of_others_leave_pushed_values_alone(backend, shop):
    put(backend, [T], {"visitors": [5]})
    arrive(shop.pk, [event("view", NOON), event("visitors", NOON)])
    aggregate(shop.pk)
    assert stored(shop.pk, "visitors", 86400) == {NOON - 12 * HOUR: 5}
    put(backend, [T], {"visitors": [6]})
    assert stored(shop.pk, "views", 86400) == {NOON - 12 * HOUR: 1}


STARTS = [datetime.fromtimestamp(T + 300 * each, UTC) for each in (0, 1, 12, 13, 288)]
VALUES = st.sampled_from(
    [Decimal(0), Decimal("0.000001"), Decimal(-7), Decimal(10**12)]
)
PUSHES = st.dictionaries(st.sampled_from(STARTS), st.tuples(VALUES, VALUES), min_size=1)


@settings(max_examples=15)
@given(st.lists(PUSHES, min_size=1, max_size=6), st.booleans())
def test_the_last_value_of_each_bucket_stands_and_sums_up(sent, again):
    shop = namespace()
    for one in sent + sent[-1:] * again:
        visitors, costs = zip(*one.values(), strict=True)
        columns = {"visitors": visitors, "costs": costs}
        pushes.put(namespace_id=shop, starts=list(one), values=columns, at=NOON)
    last = {at: pair for one in sent for at, pair in one.items()}
    for place, name in enumerate(["visitors", "costs"]):
        expected = {at: pair[place] for at, pair in last.items()}
        for resolution in buckets.RESOLUTIONS:
            assert stored(shop, name, resolution) == summed(expected, resolution)


def summed(values, resolution):
    """Returns the sums of values by the start of their bucket, without zeros."""
    sums: dict[datetime, Decimal] = {}
    for at, value in values.items():
        start_at = buckets.floor(at, resolution=resolution)
        sums[start_at] = sums.get(start_at, Decimal(0)) + value
    return {at: value for at, value in sums.items() if value}
