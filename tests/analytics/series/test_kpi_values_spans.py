"""GET analytics/kpis/values/: which time is covered, and which is refused."""

from itertools import pairwise
from typing import Any

import pytest
import time_machine

from analytics.models import Kind
from tests.analytics.builders import DAY, HOUR, MINUTE, NOON, fill, kpi, metric

pytestmark = pytest.mark.django_db

URL = "/analytics/kpis/values/"
T = NOON.timestamp()


@pytest.fixture(autouse=True)
def first_data(shop) -> None:
    metric("orders", Kind.COUNT, "purchase")
    metric("views", Kind.COUNT, "view")
    kpi("orders", "orders")
    fill(shop.pk, "views", {NOON - HOUR: 1})
    fill(shop.pk, "orders", {NOON - HOUR + 10 * MINUTE: 2, NOON: 4})


@pytest.fixture(autouse=True)
def now():
    with time_machine.travel(NOON + 2 * MINUTE, tick=False):
        yield


def cells(client, **query) -> tuple[list[float], list[float]]:
    """Returns the starts of an answer's cells relative to noon, and their values."""
    answer = client.get(URL, query)
    assert answer.status_code == 200, answer.content
    found = answer.json()
    [one] = found["kpis"]
    assert one["aggregate"] == sum(one["values"])
    return [start - T for start in found["start_timestamps"]], one["values"]


def refused(client, **query) -> dict[str, Any]:
    answer = client.get(URL, query)
    assert answer.status_code == 400, answer.content
    found = answer.json()
    assert (found["error_code"], found["error_name"]) == (40, "WrongData")
    return dict(found["error_data"]["query"])


def test_the_default_is_from_the_first_bucket_of_any_metric_to_now(manager):
    starts, values = cells(manager)
    assert starts == [(n - 12) * 300 for n in range(13)]
    assert values == [0, 0, 2, *[0] * 9, 4]


def test_the_default_end_includes_the_bucket_that_is_not_over(manager):
    assert cells(manager, start_timestamp=T - 1) == ([-300, 0], [0, 4])


def test_the_default_start_is_never_after_the_end(manager):
    assert cells(manager, end_timestamp=T - 86_400) == ([-86_400], [0])


def test_a_start_that_is_the_end_is_one_cell(manager):
    for moment in (T, T + 1, T + 299.9):
        span = {"start_timestamp": moment, "end_timestamp": moment}
        assert cells(manager, **span) == ([0], [4])


def test_the_future_is_covered_with_zeros(manager):
    span = {"start_timestamp": T, "end_timestamp": T + 3600}
    assert cells(manager, **span) == ([n * 300 for n in range(12)], [4, *[0] * 11])
    starts, _ = cells(manager, start_timestamp=T + 86_400)
    assert starts == [86_400]


@pytest.mark.parametrize(
    ("span", "size"),
    [
        (2 * HOUR, 300),
        (2 * HOUR + MINUTE, 3_600),
        (2 * DAY, 3_600),
        (2 * DAY + MINUTE, 86_400),
        (92 * DAY, 86_400),
        (93 * DAY, 7 * 86_400),
        (731 * DAY, 7 * 86_400),
    ],
)
def test_the_size_of_cells_suits_the_span(manager, span, size):
    starts, _ = cells(
        manager, start_timestamp=T - span.total_seconds(), end_timestamp=T
    )
    assert {b - a for a, b in pairwise(starts)} == {size}
    assert starts[0] <= -span.total_seconds()
    assert starts[-1] < 0 <= starts[-1] + size


def test_longer_spans_come_in_months(manager):
    starts, _ = cells(manager, start_timestamp=T - 800 * 86_400, end_timestamp=T)
    assert len(starts) == 28


def test_a_granularity_can_be_chosen(manager):
    span = {"start_timestamp": T - 3600, "end_timestamp": T + 3600}
    assert cells(manager, granularity="1h", **span) == ([-3600, 0], [2, 4])
    assert cells(manager, granularity="1d", **span) == ([-43_200], [6])
    assert cells(manager, granularity="1w", **span) == ([-216_000], [6])
    assert cells(manager, granularity="1mo", **span) == ([-302_400], [6])


def test_days_begin_at_midnight_of_the_time_zone_asked_for(manager):
    auckland = {"granularity": "1d", "timezone": "Pacific/Auckland"}  # noon is its 1:00
    assert cells(manager, **auckland) == ([-3_600], [6])
    found = cells(manager, start_timestamp=T - 3_601, **auckland)
    assert found == ([-90_000, -3_600], [0, 6])


@pytest.mark.parametrize("name", ["start_timestamp", "end_timestamp"])
@pytest.mark.parametrize(
    "value",
    ["nan", "inf", "-inf", "1e300", "-1e300", "3.6e9", "-1.6e11", "-1e11", "x", "1,5"],
)
def test_a_timestamp_that_is_none_is_refused_by_name(manager, name, value):
    assert list(refused(manager, **{name: value})) == [name]


@pytest.mark.parametrize("start", ["-6.2e10", "0", "3.5e9"])
def test_a_timestamp_within_the_published_bounds_is_taken(manager, start):
    query = {"start_timestamp": start, "end_timestamp": start}
    assert manager.get(URL, query).status_code == 200


def test_a_start_after_the_end_is_refused_naming_both(manager):
    found = refused(manager, start_timestamp=T + 1, end_timestamp=T)
    [message] = found["non_field_errors"]
    assert "start_timestamp" in message
    assert "end_timestamp" in message


@pytest.mark.parametrize("value", ["5min", "1M", "-1d", "Granularity.DAY"])
def test_an_unknown_granularity_is_refused_by_name(manager, value):
    assert list(refused(manager, granularity=value)) == ["granularity"]


@pytest.mark.parametrize(
    "value",
    [
        "Mars/Base",
        "europe/paris ",
        "../../etc/passwd",
        "/etc/passwd",
        "Europe",
        "a\0b",
        "x" * 5_000,
        "☃",
    ],
)
def test_an_unknown_time_zone_is_refused_by_name(manager, value):
    assert list(refused(manager, timezone=value)) == ["timezone"]


@pytest.mark.parametrize(
    ("granularity", "seconds"),
    [("5m", 300), ("1h", 3_600), ("1d", 86_400)],
)
def test_more_than_ten_thousand_points_are_refused(manager, granularity, seconds):
    query = {"granularity": granularity, "end_timestamp": T - 43_200}
    most = {**query, "start_timestamp": T - 43_200 - 10_000 * seconds}
    assert len(cells(manager, **most)[0]) == 10_000
    one_more = {**query, "start_timestamp": T - 43_201 - 10_000 * seconds}
    assert list(refused(manager, **one_more)) == ["granularity"]


def test_a_span_too_long_even_for_months_is_refused(manager):
    assert list(refused(manager, start_timestamp="-6.2e10")) == ["granularity"]
