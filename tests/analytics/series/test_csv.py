"""Accept: text/csv: the same numbers as a table for spreadsheets."""

import csv
import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine

from analytics.models import KPI, Kind
from tests.analytics.builders import DAY, HOUR, MINUTE, NOON, fill, kpi, metric

pytestmark = pytest.mark.django_db

KPIS, METRICS = "/analytics/kpis/values/", "/analytics/metrics/values/"
T = NOON.timestamp()
CSV = {"Accept": "text/csv"}


@pytest.fixture(autouse=True)
def catalogue() -> None:
    metric("revenue", Kind.SUM, "purchase")
    metric("orders", Kind.COUNT, "purchase")
    kpi("revenue", "revenue", position=1)
    kpi("aov", "revenue / orders", position=2)


@pytest.fixture(autouse=True)
def now():
    with time_machine.travel(NOON + 2 * MINUTE, tick=False):
        yield


def sheet(client, url=KPIS, **query):
    """Returns the rows of an answer."""
    answer = client.get(url, query, headers=CSV)
    assert answer.status_code == 200, answer.content
    return list(csv.reader(io.StringIO(answer.text, newline="")))


def test_the_table_has_a_row_a_cell_and_a_total(manager, shop):
    fill(shop.pk, "revenue", {NOON - DAY: 30, NOON: "0.000001"})
    fill(shop.pk, "orders", {NOON - DAY: 4})
    query = {"granularity": "1d", "start_timestamp": T - 86_400}
    answer = manager.get(KPIS, query, headers=CSV)
    assert answer.text == (
        "start,revenue,aov\r\n"
        "2026-03-03T00:00:00+00:00,30.0,7.5\r\n"
        "2026-03-04T00:00:00+00:00,1e-06,\r\n"
        "total,30.000001,7.50000025\r\n"
    )


def test_metrics_are_a_column_each(manager, shop):
    fill(shop.pk, "orders", {NOON: 4})
    assert sheet(manager, METRICS) == [
        ["start", "orders", "revenue"],
        ["2026-03-04T12:00:00+00:00", "4.0", "0.0"],
        ["total", "4.0", "0.0"],
    ]


def test_the_file_is_text_with_a_name_that_tells_its_days(manager, shop):
    fill(shop.pk, "orders", {NOON - DAY: 4})
    answer = manager.get(METRICS, {"timezone": "Pacific/Auckland"}, headers=CSV)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert (
        answer.headers["Content-Disposition"]
        == 'attachment; filename="metrics_2026-03-04_2026-03-05.csv"'
    )
    assert "Accept" in answer.headers["Vary"]


def test_times_are_those_of_the_zone_with_its_offset(manager):
    sunday = datetime(2026, 3, 29, tzinfo=ZoneInfo("Europe/Paris"))
    rows = sheet(
        manager,
        start_timestamp=sunday.timestamp(),
        end_timestamp=(sunday + DAY).timestamp(),
        granularity="1h",
        timezone="Europe/Paris",
    )
    assert [start for start, *_ in rows[1:5]] == [
        "2026-03-29T00:00:00+01:00",
        "2026-03-29T01:00:00+01:00",
        "2026-03-29T03:00:00+02:00",
        "2026-03-29T04:00:00+02:00",
    ]
    assert len(rows) == 1 + 23 + 1


def test_compared_numbers_follow_with_times_of_their_own(manager, shop):
    fill(shop.pk, "revenue", {NOON - HOUR: 2, NOON: 6})
    fill(shop.pk, "orders", {NOON: 3})
    query = {"granularity": "1h", "start_timestamp": T, "end_timestamp": T + 3600}
    query["compare"] = "previous_period"
    heads = ["start", "revenue", "aov"]
    with time_machine.travel(NOON + HOUR, tick=False):
        rows = sheet(manager, **query)
    assert rows == [
        [*heads, *(f"previous {head}" for head in heads)],
        [
            *("2026-03-04T12:00:00+00:00", "6.0", "2.0"),
            *("2026-03-04T11:00:00+00:00", "2.0", ""),
        ],
        ["total", "6.0", "2.0", "", "2.0", ""],
    ]


@pytest.mark.parametrize("url", [KPIS, METRICS])
@pytest.mark.parametrize("compare", [{}, {"compare": "previous_week"}])
def test_every_digit_of_the_json_is_in_the_table(manager, shop, url, compare):
    fill(shop.pk, "revenue", {NOON - n * DAY: f"{n}.123457" for n in range(40)})
    fill(shop.pk, "orders", {NOON - n * DAY: 3 for n in range(0, 40, 3)})
    query = {"granularity": "1d", "start_timestamp": T - 20 * 86_400, **compare}
    table = manager.get(url, query).json()
    columns = table.get("kpis") or table["metrics"]
    columns += [one["previous"] for one in columns if compare]
    rows = sheet(manager, url, **query)
    numbers = [
        [float(cell) if cell else None for cell in column[1:-1]]
        for column in zip(*rows, strict=True)
        if not column[0].endswith("start")
    ]
    assert numbers == [one["values"] for one in columns]
    starts = [datetime.fromisoformat(row[0]).timestamp() for row in rows[1:-1]]
    assert starts == table["start_timestamps"]


def test_without_any_data_only_names_and_totals_are_left(manager):
    answer = manager.get(KPIS, headers=CSV)
    assert answer.text == "start,revenue,aov\r\ntotal,0.0,\r\n"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="kpis.csv"'


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", '"=1",x'])
def test_a_name_that_a_spreadsheet_would_compute_stays_text(manager, name):
    KPI.objects.filter(name="aov").update(name=name)
    [[_, _, shown], *_] = sheet(manager, start_timestamp=T)
    assert shown == (name if name.startswith('"') else f"'{name}")


def test_a_negative_number_stays_a_number(manager, shop):
    fill(shop.pk, "revenue", {NOON: "-5.25"})
    assert sheet(manager, kpis="revenue")[1][1] == "-5.25"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"granularity": "2h"}, 400),
        ({"granularity": "5m", "start_timestamp": "0"}, 400),
        ({"compare": "previous_week", "granularity": "1mo"}, 400),
        ({"namespace": "elsewhere"}, 403),
    ],
)
def test_an_error_is_json_whatever_was_asked_for(manager, query, status):
    for url in (KPIS, METRICS):
        answer = manager.get(url, query, headers=CSV)
        assert answer.status_code == status
        assert answer.headers["Content-Type"] == "application/json"
        assert "Content-Disposition" not in answer.headers
        assert answer.json().keys() == {
            "error_code",
            "error_name",
            "message",
            "error_data",
        }


def test_who_has_no_token_reads_so_in_json(client):
    answer = client.get(KPIS, headers=CSV)
    assert answer.status_code == 401
    assert answer.json()["error_name"] == "AuthError"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ("text/csv", "text/csv; charset=utf-8"),
        ("text/csv; header=present", "text/csv; charset=utf-8"),
        ("text/*", "text/csv; charset=utf-8"),
        ("text/csv,*/*;q=0.1", "text/csv; charset=utf-8"),
    ],
)
def test_json_is_what_whoever_does_not_ask_for_csv_gets(manager, accept, kind):
    answer = manager.get(KPIS, headers={"Accept": accept})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == kind


def test_another_type_is_refused_as_everywhere(manager):
    for accept in ("application/xml", "text/html"):
        answer = manager.get(KPIS, headers={"Accept": accept})
        assert answer.status_code == 400
        assert answer.json()["error_data"]["name"] == "WRONG_DATA_TYPE"


def test_only_tables_come_as_csv(manager):
    assert manager.get("/analytics/kpis/status/", headers=CSV).status_code == 400
    assert manager.options(KPIS, headers=CSV).status_code == 400


def test_the_description_of_the_api_offers_both(client):
    paths = client.get("/api/schema/", headers={"Accept": "application/json"}).json()
    for url in (KPIS, METRICS):
        responses = paths["paths"][url]["get"]["responses"]
        assert set(responses["200"]["content"]) == {"application/json", "text/csv"}
        assert set(responses["4XX"]["content"]) == {"application/json"}


def test_the_table_costs_no_query_more(manager, shop, django_assert_num_queries):
    fill(shop.pk, "orders", {NOON - n * DAY: 1 for n in range(60)})
    with django_assert_num_queries(4):
        sheet(manager, start_timestamp=datetime(2026, 1, 1, tzinfo=UTC).timestamp())


@pytest.mark.parametrize("url", [KPIS, METRICS])
def test_the_format_can_be_asked_for_in_the_query(manager, shop, url):
    fill(shop.pk, "revenue", {NOON: 30})
    span = {"start_timestamp": T, "end_timestamp": T + 300}
    table = manager.get(url, span, headers=CSV).content
    for accept in ("application/json", "application/xml", "*/*"):
        headers = {"Accept": accept}
        answer = manager.get(url, {**span, "format": "csv"}, headers=headers)
        assert answer.content == table
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert ".csv" in answer.headers["Content-Disposition"]
    answer = manager.get(url, {**span, "format": "json"}, headers=CSV)
    assert answer.json().keys() >= {"start_timestamps"}


@pytest.mark.parametrize("format", ["xlsx", "xml", "CSV", ""])
@pytest.mark.parametrize("accept", ["application/json", "text/csv"])
def test_another_format_is_refused_by_name(manager, format, accept):
    answer = manager.get(KPIS, {"format": format}, headers={"Accept": accept})
    assert answer.status_code == 400
    [told] = answer.json()["error_data"]["query"]["format"]
    assert f"{format} is not answered here: expected json or csv." in told


def test_where_there_is_one_format_none_is_asked_for(manager):
    answer = manager.get("/analytics/kpis/configs/", {"format": "csv"})
    assert answer.json()["error_data"]["query"].keys() == {"format"}
