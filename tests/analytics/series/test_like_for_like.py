"""compare= while a period runs: with as much of the earlier one as has passed of it."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine

from analytics.models import Kind
from events import services as intake
from tests.analytics.builders import DAY, HOUR, MINUTE, NOON, event, fill, kpi, metric

pytestmark = pytest.mark.django_db

KPIS, METRICS = "/analytics/kpis/values/", "/analytics/metrics/values/"
MIDNIGHT = NOON - 12 * HOUR
NOW = NOON + 17 * MINUTE


@pytest.fixture(autouse=True)
def hourly(shop) -> None:
    """One order at the start of every hour of 70 days."""
    metric("orders", Kind.COUNT, "purchase")
    metric("revenue", Kind.SUM, "purchase", unit="usd")
    kpi("orders", "orders", position=1)
    kpi("aov", "revenue / orders", position=2, unit="usd")
    fill(shop.pk, "orders", {NOON - n * HOUR: 1 for n in range(70 * 24)})


@pytest.fixture(autouse=True)
def now():
    with time_machine.travel(NOW, tick=False):
        yield


def asked(client, url=KPIS, *, start, end=NOW, compare="previous_period", **query):
    span = {"start_timestamp": start.timestamp(), "end_timestamp": end.timestamp()}
    answer = client.get(url, {"compare": compare, **span, **query})
    assert answer.status_code == 200, answer.content
    return answer.json()


def orders(answer):
    return answer["kpis"][0]


def test_half_a_day_is_compared_with_half_a_day(manager):
    found = asked(manager, start=MIDNIGHT, granularity="1d")
    assert orders(found)["aggregate"] == 13  # from midnight to noon
    assert orders(found)["previous"] == {"aggregate": 13, "values": [13]}
    ended = datetime.fromtimestamp(found["previous_end_timestamp"], UTC)
    assert ended == NOON - DAY + 15 * MINUTE


def test_cells_that_have_ended_are_compared_whole(manager):
    found = asked(manager, start=MIDNIGHT - 2 * DAY, granularity="1d")
    assert orders(found)["previous"] == {"aggregate": 61, "values": [24, 24, 13]}
    found = asked(manager, start=MIDNIGHT - 2 * DAY, end=MIDNIGHT, granularity="1d")
    assert orders(found)["previous"] == {"aggregate": 48, "values": [24, 24]}
    assert "previous_end_timestamp" not in found


def test_what_is_ahead_is_shown_and_not_in_the_aggregate(manager):
    found = asked(manager, start=MIDNIGHT, end=MIDNIGHT + 3 * DAY, granularity="1d")
    assert orders(found)["values"] == [13, 0, 0]
    assert orders(found)["previous"] == {"aggregate": 13, "values": [13, 24, 24]}


@pytest.mark.parametrize(
    ("compare", "back"), [("previous_week", 7 * DAY), ("previous_year", 364 * DAY)]
)
def test_weeks_and_years_are_alike(manager, shop, compare, back):
    fill(shop.pk, "revenue", {NOON - back: 7, NOON - back + HOUR: 100})
    found = asked(manager, METRICS, start=MIDNIGHT, granularity="1d", compare=compare)
    [_, revenue] = found["metrics"]
    assert revenue["previous"] == {"values": [7]}


def test_a_month_is_compared_with_as_many_days_of_the_month_before(manager, shop):
    """In a zone whose days begin between two hours of UTC."""
    zone = ZoneInfo("Asia/Kathmandu")
    first = datetime(2026, 3, 1, tzinfo=zone)
    fill(shop.pk, "revenue", {datetime(2026, 2, 1, tzinfo=zone).astimezone(UTC): 5})
    query = {"granularity": "1mo", "timezone": "Asia/Kathmandu"}
    found = asked(manager, start=first, **query)
    count, aov = found["kpis"]
    [before] = count["previous"]["values"]
    assert count["values"] == [before] == [3 * 24 + 18]
    assert aov["previous"]["aggregate"] == 5 / 90
    assert count["previous"]["aggregate"] == before


def test_a_shorter_month_ends_where_it_ends(manager):
    with time_machine.travel(datetime(2026, 3, 31, 12, tzinfo=UTC), tick=False):
        first = datetime(2026, 3, 1, tzinfo=UTC)
        end = datetime(2026, 4, 1, tzinfo=UTC)
        found = asked(manager, start=first, end=end, granularity="1mo")
    assert orders(found)["previous"]["aggregate"] == 28 * 24
    assert found["previous_end_timestamp"] == first.timestamp()


def test_it_passes_with_what_is_counted_not_with_the_clock(manager, shop):
    waiting = event("purchase", NOON)._replace(namespace_id=shop.pk)
    intake.record(arrivals=[waiting], received_at=NOON - 3 * HOUR)
    found = asked(manager, start=MIDNIGHT, granularity="1d")
    assert orders(found)["previous"]["aggregate"] == 9


def test_before_anything_has_passed_there_is_nothing_to_compare(manager):
    nothing = {"aggregate": None, "values": [None]}
    found = asked(manager, start=NOON + 15 * MINUTE, granularity="5m")
    assert orders(found)["previous"] == nothing
    found = asked(manager, start=NOON + DAY, end=NOON + 2 * DAY, granularity="1d")
    assert orders(found)["previous"]["aggregate"] is None


def test_the_running_cells_counterpart_is_not_complete(manager):
    found = asked(manager, start=MIDNIGHT - DAY, granularity="1d", complete="true")
    assert found["complete"] == [True, False]
    assert found["previous_complete"] == [True, False]


@pytest.mark.parametrize("days", [0, 60])
def test_it_costs_two_statements_more(manager, django_assert_num_queries, days):
    with django_assert_num_queries(8):
        asked(manager, start=MIDNIGHT - days * DAY, granularity="1d")
