"""compare=: earlier numbers beside those of an answer, cell for cell."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine

from analytics.models import KPI, Kind
from tests.analytics.builders import DAY, HOUR, MINUTE, NOON, fill, kpi, metric

pytestmark = pytest.mark.django_db

KPIS, METRICS = "/analytics/kpis/values/", "/analytics/metrics/values/"
T = NOON.timestamp()
PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture(autouse=True)
def catalogue() -> None:
    metric("revenue", Kind.SUM, "purchase")
    metric("orders", Kind.COUNT, "purchase")
    kpi("revenue", "revenue", position=1)
    kpi("aov", "revenue / orders", position=2)


@pytest.fixture(autouse=True)
def now():
    """All cells have ended: of those that run, see test_like_for_like.py."""
    with time_machine.travel(NOON + 40 * DAY, tick=False):
        yield


def span(first, last, **query):
    return {
        "start_timestamp": first.timestamp(),
        "end_timestamp": last.timestamp(),
        **query,
    }


def days(shop, name, first, *values):
    """Stores a value at the noon, UTC, of each day from the first on."""
    fill(shop.pk, name, {first + n * DAY: value for n, value in enumerate(values)})


def answered(client, url, query):
    answer = client.get(url, query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_each_kpi_gets_the_values_and_the_aggregate_of_the_time_before(manager, shop):
    first = NOON - 3 * DAY
    days(shop, "revenue", first, 90, 10, 30, 8)
    days(shop, "orders", first, 3, 0, 1, 4)
    query = span(NOON - DAY, NOON, granularity="1d", compare="previous_period")
    midnight = T - 43_200
    assert answered(manager, KPIS, query) == {
        "start_timestamps": [midnight - 86_400, midnight],
        "previous_start_timestamps": [midnight - 3 * 86_400, midnight - 2 * 86_400],
        "kpis": [
            {
                "kpi": "revenue",
                "aggregate": 38,
                "values": [30, 8],
                "previous": {"aggregate": 100, "values": [90, 10]},
            },
            {
                "kpi": "aov",
                "aggregate": 7.6,
                "values": [30, 2],
                "previous": {"aggregate": 100 / 3, "values": [30, None]},
            },
        ],
    }


def test_each_metric_gets_the_values_of_the_time_before(manager, shop):
    days(shop, "orders", NOON - DAY, 3, 4)
    query = span(NOON, NOON, granularity="1d", compare="previous_period")
    found = answered(manager, METRICS, {**query, "names": "orders"})
    assert found["previous_start_timestamps"] == [T - 43_200 - 86_400]
    assert found["metrics"] == [
        {"name": "orders", "values": [4], "previous": {"values": [3]}}
    ]


@pytest.mark.parametrize(
    ("compare", "granularity", "back"),
    [
        ("previous_week", "5m", 7 * DAY),
        ("previous_week", "1h", 7 * DAY),
        ("previous_week", "1d", 7 * DAY),
        ("previous_week", "1w", 7 * DAY),
        ("previous_year", "5m", 364 * DAY),
        ("previous_year", "1h", 364 * DAY),
        ("previous_year", "1d", 364 * DAY),
        ("previous_year", "1w", 364 * DAY),
        ("previous_year", "1mo", NOON - datetime(2025, 3, 4, 12, tzinfo=UTC)),
    ],
)
def test_the_cells_before_are_those_that_the_api_itself_answers(
    manager, shop, compare, granularity, back
):
    moments = [NOON - n * HOUR for n in range(0, 30, 7)]
    for name in ("revenue", "orders"):
        fill(shop.pk, name, {at: n + 1 for n, at in enumerate(moments)})
        fill(shop.pk, name, {at - back: n + 2 for n, at in enumerate(moments)})
    first, last = NOON - DAY, NOON + 2 * MINUTE
    query = {"granularity": granularity, "timezone": "Asia/Kathmandu"}
    now = answered(manager, KPIS, {**span(first, last, **query), "compare": compare})
    then = answered(manager, KPIS, span(first - back, last - back, **query))
    assert now["previous_start_timestamps"] == then["start_timestamps"]
    for one, before in zip(now["kpis"], then["kpis"], strict=True):
        assert one["previous"]["values"] == before["values"]
        assert one["previous"]["aggregate"] == before["aggregate"]
        assert any(one["previous"]["values"])


def test_a_local_day_is_compared_with_a_local_day_of_23_hours(manager, shop):
    sunday = datetime(2025, 3, 30, tzinfo=PARIS)  # its clock is put forward
    midnight = sunday.astimezone(UTC)
    last = midnight + 23 * HOUR - 5 * MINUTE
    fill(shop.pk, "revenue", {midnight: 1, last: 2, last + 5 * MINUTE: 4})
    monday = sunday + DAY
    query = span(monday, monday + DAY, granularity="1d", timezone="Europe/Paris")
    found = answered(manager, KPIS, {**query, "compare": "previous_period"})
    revenue, _ = found["kpis"]
    assert revenue["values"] == [4]
    assert revenue["previous"] == {"aggregate": 3, "values": [3]}


def test_an_hour_that_the_clock_skipped_then_is_null_and_not_zero(manager, shop):
    sunday = datetime(2025, 3, 30, tzinfo=PARIS)
    fill(shop.pk, "revenue", {sunday.astimezone(UTC) + n * HOUR: 1 for n in range(23)})
    later = sunday + 7 * DAY
    query = span(later, later + DAY, granularity="1h", timezone="Europe/Paris")
    for url, name in ((KPIS, "kpis"), (METRICS, "metrics")):
        found = answered(manager, url, {**query, "compare": "previous_week"})
        [previous] = [
            one["previous"]
            for one in found[name]
            if "revenue" in {one.get("kpi"), one.get("name")}
        ]
        assert previous["values"] == [1, 1, None, *[1] * 21]
        assert previous.get("aggregate", 23) == 23


def test_an_hour_that_the_clock_repeated_then_is_counted_whole(manager, shop):
    sunday = datetime(2025, 10, 26, tzinfo=PARIS)
    fill(shop.pk, "revenue", {sunday.astimezone(UTC) + n * HOUR: 1 for n in range(25)})
    later = sunday + 7 * DAY
    query = span(later, later + DAY, granularity="1h", timezone="Europe/Paris")
    found = answered(manager, KPIS, {**query, "compare": "previous_week"})
    revenue, _ = found["kpis"]
    assert revenue["previous"]["values"] == [1, 1, 2, *[1] * 21]
    assert revenue["previous"]["aggregate"] == 25


def test_days_and_weeks_of_a_year_before_have_the_same_total(manager, shop):
    monday = datetime(2026, 2, 2, tzinfo=UTC)
    days(shop, "revenue", monday - 366 * DAY, *(2**n for n in range(18)))
    totals = set()
    for granularity in ("1h", "1d", "1w"):
        query = span(monday, monday + 14 * DAY, granularity=granularity)
        found = answered(manager, KPIS, {**query, "compare": "previous_year"})
        totals.add(found["kpis"][0]["previous"]["aggregate"])
    assert totals == {sum(2**n for n in range(2, 16))}


def test_ten_days_are_compared_with_ten_that_overlap_them(manager, shop):
    days(shop, "orders", NOON - 30 * DAY, *range(31))
    query = span(NOON - 9 * DAY, NOON, granularity="1d", compare="previous_week")
    [orders, _] = answered(manager, METRICS, query)["metrics"]
    assert orders["values"] == list(range(21, 31))
    assert orders["previous"]["values"] == list(range(14, 24))


def test_without_any_data_there_is_nothing_to_compare(manager):
    for compare in ("previous_period", "previous_week", "previous_year"):
        found = answered(manager, METRICS, {"compare": compare, "names": "orders"})
        assert found == {
            "start_timestamps": [],
            "previous_start_timestamps": [],
            "metrics": [{"name": "orders", "values": [], "previous": {"values": []}}],
        }


def test_a_kpi_whose_metric_is_gone_has_no_earlier_numbers_either(manager):
    KPI.objects.filter(name="aov").update(formula="nothing / orders")
    query = span(NOON, NOON, kpis="aov", compare="previous_period")
    found = answered(manager, KPIS, query)
    nothing = {"aggregate": None, "values": [None]}
    assert found["kpis"] == [{"kpi": "aov", **nothing, "previous": nothing}]
    assert len(found["warnings"]) == 1


@pytest.mark.parametrize("url", [KPIS, METRICS])
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"compare": "last_week"}, "last_week"),
        ({"compare": "previous_week", "granularity": "1mo"}, "previous_year"),
        ({"compare": "previous_week", "start_timestamp": "0"}, "1w or finer"),
        (
            {
                "compare": "previous_year",
                "granularity": "1d",
                "start_timestamp": "-6.21e10",
                "end_timestamp": "-6.21e10",
            },
            "no time before",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused_by_name(manager, url, query, expected):
    answer = manager.get(url, query)
    assert answer.status_code == 400
    [messages] = answer.json()["error_data"]["query"].values()
    assert expected in messages[0]
    assert list(answer.json()["error_data"]["query"]) == ["compare"]


@pytest.mark.parametrize("url", [KPIS, METRICS])
@pytest.mark.parametrize("length", [0, 1, 60, 5_000])
def test_comparing_costs_two_statements_more_whatever_the_span(
    manager, shop, django_assert_num_queries, url, length
):
    days(shop, "orders", NOON - 60 * DAY, *[1] * 61)
    query = span(NOON - length * DAY, NOON, compare="previous_year")
    with django_assert_num_queries(6):  # the cells before, and what is complete
        answered(manager, url, query)
