"""complete=true: which cells have all that was received counted in them."""

import csv
import io

import pytest
import time_machine

from analytics.models import Kind
from events import services as intake
from tests.analytics.builders import DAY, HOUR, MINUTE, NOON, event, fill, kpi, metric

pytestmark = pytest.mark.django_db

KPIS, METRICS = "/analytics/kpis/values/", "/analytics/metrics/values/"
MIDNIGHT = NOON - 12 * HOUR


@pytest.fixture(autouse=True)
def catalogue(shop) -> None:
    """Orders since the noon of three days ago."""
    metric("orders", Kind.COUNT, "purchase")
    kpi("orders", "orders")
    fill(shop.pk, "orders", {NOON - n * DAY: 1 for n in range(4)})


@pytest.fixture(autouse=True)
def now():
    with time_machine.travel(NOON + 2 * MINUTE, tick=False):
        yield


def asked(client, url=KPIS, *, start, end=None, **query):
    query = {"granularity": "1d", "complete": "true", **query}
    query["start_timestamp"] = start.timestamp()
    if end:
        query["end_timestamp"] = end.timestamp()
    answer = client.get(url, query)
    assert answer.status_code == 200, answer.content
    return answer.json()


@pytest.mark.parametrize("url", [KPIS, METRICS])
def test_the_running_day_and_those_before_the_first_data_are_not(manager, url):
    found = asked(manager, url, start=MIDNIGHT - 5 * DAY)
    # Two days without data, one in which they begin, two whole ones, one that runs.
    assert found["complete"] == [False, False, False, True, True, False]
    assert "previous_complete" not in found


def test_a_day_that_reaches_beyond_what_was_asked_for_is_not(manager):
    found = asked(manager, start=NOON - 2 * DAY, end=MIDNIGHT)
    assert found["complete"] == [False, True]
    found = asked(manager, start=MIDNIGHT - 2 * DAY, end=MIDNIGHT - HOUR)
    assert found["complete"] == [True, False]


def test_what_waits_to_be_counted_makes_later_cells_incomplete(manager, shop):
    waiting = event("purchase", NOON - HOUR)._replace(namespace_id=shop.pk)
    intake.record(arrivals=[waiting], received_at=NOON - HOUR + MINUTE)
    found = asked(manager, start=NOON - 3 * HOUR, end=NOON, granularity="1h")
    assert found["complete"] == [True, True, False]


def test_what_is_ahead_is_not(manager):
    found = asked(manager, start=MIDNIGHT - DAY, end=MIDNIGHT + 3 * DAY)
    assert found["complete"] == [True, False, False, False]


def test_the_cells_compared_with_are_told_too(manager):
    query = {"start": MIDNIGHT - DAY, "end": MIDNIGHT + DAY}
    found = asked(manager, **query, compare="previous_period")
    assert found["complete"] == [True, False]
    assert found["previous_complete"][0] is False


def test_without_any_data_nothing_is(manager, shop):
    shop.bucket_set.all().delete()
    assert asked(manager, start=MIDNIGHT - DAY)["complete"] == [False, False]


def test_it_is_told_where_it_is_asked_for(manager):
    assert "complete" not in manager.get(KPIS).json()
    assert manager.get(KPIS, {"complete": "perhaps"}).status_code == 400


def test_a_spreadsheet_has_a_column_of_it(manager):
    query = {"granularity": "1d", "complete": "true"}
    answer = manager.get(KPIS, query, headers={"Accept": "text/csv"})
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert [row[1] for row in rows] == [
        *("complete", "false", "true", "true", "false", "")
    ]


@pytest.mark.parametrize("days", [1, 300])
def test_it_costs_one_statement_more(manager, django_assert_num_queries, days):
    with django_assert_num_queries(5):
        asked(manager, start=NOON - days * DAY)
