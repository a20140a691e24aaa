"""What stands in a report: the API's numbers, to the last digit, in three formats."""

from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
import time_machine

from accounts.models import Namespace
from analytics.models import Backfill, Kind
from analytics.reports import exports, plans
from segmentation import queries as segmentation
from segmentation.models import ABTest, Segment, Segmentation
from tests.analytics.builders import DAY, MINUTE, NOON, fill, kpi, metric
from tests.analytics.reports.reporting import document, seconds, table, workbook
from tests.analytics.reports.reporting import written as written_into

pytestmark = pytest.mark.django_db

KPIS, METRICS = "/analytics/kpis/values/", "/analytics/metrics/values/"
DAYS = {"start_timestamp": seconds(2026, 2, 20), "end_timestamp": seconds(2026, 3, 5)}
DAILY = {**DAYS, "granularity": "1d"}
LEAVES = ["test: A", "test: B", "test: neither"]
LEAF = {"type": "analytics"}


@pytest.fixture(autouse=True)
def _catalogue(shop):
    metric("revenue", Kind.SUM, "buy", unit="usd")
    metric("orders", Kind.COUNT, "buy")
    kpi("aov", "revenue / orders", position=2)
    kpi("revenue", "revenue", position=1)
    fill(shop.pk, "revenue", {NOON - n * DAY: f"{n}.123457" for n in range(12)})
    fill(shop.pk, "orders", {NOON - n * DAY: 3 for n in range(0, 12, 3)})


@pytest.fixture
def written(tmp_path, shop):
    return partial(written_into, tmp_path, shop)


@pytest.fixture
def cut(shop):
    """A segmentation by one A/B test, with numbers in its leaves."""
    start_at = NOON - 30 * DAY
    times = {"start_at": start_at, "created_at": NOON}
    ABTest.objects.create(namespace=shop, name="test", **times)
    split = {"ab_test_id": "test", "group_a": LEAF, "group_b": LEAF}
    tree = {"type": "ab_test", "split": split, "skip": LEAF}
    one = Segmentation.objects.create(
        namespace=shop, name="by test", tree=tree, created_at=NOON
    )
    for position, path in enumerate(LEAVES):
        leaf = Segment.objects.create(segmentation=one, position=position, path=path)
        fill(shop.pk, "revenue", {NOON: f"0.{position + 1}"}, segment=leaf.pk)
    found = segmentation.resolved_segmentation(
        namespace_id=shop.pk, segmentation_id=one.pk
    )
    assert found
    at_once = dict.fromkeys(("requested_at", "started_at", "finished_at"), NOON)
    times = {"from_at": start_at, **at_once}
    Backfill.objects.create(segmentation=one, definition=found.definition, **times)
    return one


def api(client, url, **query):
    with time_machine.travel(NOON, tick=False):
        answer = client.get(url, query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def told(one):
    """Returns a column of the API as a table tells it: heading, values, total."""
    name, segment = one.get("kpi") or one["name"], one.get("segment")
    heading = f"{name} [{segment}]" if segment else name
    if "kpi" in one:
        return [heading, *one["values"], one["aggregate"]]
    return [heading, *one["values"], pytest.approx(sum(one["values"]))]


def check(rows, answer, columns):
    """Compares a table with what the API answers, cell for cell."""
    [start, *times, total], *found = map(list, zip(*rows, strict=True))
    assert (start, total) == ("start", "total")
    starts = [datetime.fromisoformat(time).timestamp() for time in times]
    assert starts == answer["start_timestamps"]
    assert found == [told(one) for one in columns]


def plain(rows, heads, zone):
    """Returns rows of an Excel file as those of a CSV file: times with their offset."""
    _, *cells, [_, *totals] = rows
    clock = ZoneInfo(zone)
    starts = [[at.replace(tzinfo=clock).isoformat(), *row] for at, *row in cells]
    return [["start", *heads], *starts, ["total", *totals]]


def test_a_csv_file_is_the_table_of_the_api(manager, written):
    with time_machine.travel(NOON, tick=False):
        answer = manager.get(KPIS, DAILY, headers={"Accept": "text/csv"})
    assert written(**DAILY) == answer.content


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris"])
def test_every_format_has_the_numbers_of_the_api(manager, written, zone):
    query = {**DAILY, "timezone": zone}
    names = {"kpis": ["aov", "revenue"], "metrics": ["orders", "revenue"]}
    kpis, metrics = api(manager, KPIS, **query), api(manager, METRICS, **query)
    both = [*kpis["kpis"], *metrics["metrics"]]
    rows = table(written(**query, **names))
    assert rows[0] == ["start", "revenue", "aov", "metric orders", "metric revenue"]
    check([["start", "revenue", "aov", "orders", "revenue"], *rows[1:]], kpis, both)
    book = workbook(written(**query, **names, format="xlsx"))
    check(plain(book["KPIs"], ["revenue", "aov"], zone), kpis, kpis["kpis"])
    heads = ["orders", "revenue"]
    check(plain(book["Metrics"], heads, zone), metrics, metrics["metrics"])
    found = document(written(**query, **names, format="json"))
    assert found.pop("about")["timezone"] == zone
    assert found == kpis | metrics


def test_leaves_follow_the_whole(manager, written, cut):
    answer = api(manager, KPIS, **DAILY, segmentation=cut.pk)
    assert [one.get("segment") for one in answer["kpis"][:4]] == [None, *LEAVES]
    asked = {**DAILY, "segmentation_id": cut.pk}
    check(table(written(**asked)), answer, answer["kpis"])
    found = document(written(**asked, format="json"))
    assert found["about"]["segmentation"] == "by test"
    assert found["kpis"] == answer["kpis"]


def test_leaves_that_are_not_whole_are_warned_of(written, cut):
    Backfill.objects.all().delete()
    found = document(written(**DAYS, segmentation_id=cut.pk, format="json"))
    [warning] = found["warnings"]
    assert "by test" in warning


def test_floats_keep_all_of_their_digits(shop, written):
    fill(shop.pk, "orders", {NOON - 20 * DAY: 3})
    fill(shop.pk, "revenue", {NOON - 20 * DAY: 7})
    start = {"start_timestamp": (NOON - 20 * DAY).timestamp(), "granularity": "1d"}
    expected = 7 / 3
    assert float(f"{expected:.16G}") != expected
    assert table(written(kpis=["aov"], **start))[1][1] == expected
    assert workbook(written(kpis=["aov"], format="xlsx", **start))["KPIs"][1] == [
        datetime(2026, 2, 12),
        expected,
    ]


def test_more_cells_than_the_api_answers_are_read_in_pieces(shop, manager, written):
    start_at = NOON - 60 * DAY - timedelta(hours=12)
    fill(shop.pk, "orders", {start_at + n * 50 * MINUTE: 7 for n in range(1000)})
    end = (start_at + 40 * DAY).timestamp()
    asked = {"metrics": ["orders"], "start_timestamp": start_at.timestamp()}
    rows = table(written(**asked, end_timestamp=end, granularity="5m"))
    assert len(rows) == 1 + 40 * 288 + 1
    assert sum(value for _, value in rows[1:-1]) == 7000
    assert rows[-1] == ["total", 7000]
    assert rows[1 + 10 * 999] == [
        (start_at + 999 * 50 * MINUTE).isoformat(),
        7,
    ]


def test_pieces_make_the_table_that_one_reading_makes(manager, written, monkeypatch):
    names = {"kpis": ["aov"], "metrics": ["orders", "revenue"]}
    whole = written(**DAILY, **names)
    monkeypatch.setattr(exports, "PIECE", 7)
    assert written(**DAILY, **names) == whole


def test_a_reading_costs_the_same_number_of_queries_for_any_span(
    shop, written, django_assert_num_queries
):
    now = {"namespace_id": shop.pk, "now": NOON}
    for asked in (DAILY, {**DAILY, "start_timestamp": seconds(2020, 1, 1)}):
        with django_assert_num_queries(2):
            plan = plans.plan(payload=asked, **now)
        with django_assert_num_queries(1):
            exports.reading(plan)


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1"])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_name_that_a_spreadsheet_would_compute_stays_text(written, name, kind):
    kpi(name, "0 - revenue", display_name=name)
    raw = written(**DAYS, kpis=[name], format=kind, granularity="1mo")
    rows = table(raw) if kind == "csv" else workbook(raw)["KPIs"]
    assert rows[0] == ["start" if kind == "csv" else "Start (UTC)", f"'{name}"]
    assert rows[-1][1] < 0  # a negative number is a number


def test_a_path_that_a_spreadsheet_would_compute_stays_text(written, cut):
    """Its KPI's name comes first in a heading."""
    Segment.objects.filter(segmentation=cut, position=0).update(path="=1+1")
    [heads, *_] = table(written(**DAYS, segmentation_id=cut.pk, kpis=["revenue"]))
    assert heads[2].startswith("revenue [")


def test_an_excel_file_says_what_it_is_about(shop, written):
    Namespace.objects.filter(pk=shop.pk).update(name="=1+1")
    raw = written(**DAILY, kpis=["aov", "gone"], format="xlsx")
    told = dict(workbook(raw)["About"])
    assert told["namespace"] == "'=1+1"
    assert told["start"] == datetime(2026, 2, 20)
    assert told["end"] == datetime(2026, 3, 5)
    assert told["timezone"] == "UTC"
    assert told["made at"] == datetime(2026, 3, 4, 12)
    assert told["warning"] == "unknown KPI: gone"


def test_a_json_file_has_its_warnings(written):
    kpi("lost", "nowhere + revenue")
    found = document(written(**DAYS, kpis=["lost"], format="json"))
    assert found["warnings"] == [
        "KPI lost names a metric that is gone or inactive: nowhere"
    ]
    assert set(found["kpis"][0]["values"]) == {None}


@pytest.mark.parametrize("kind", ["csv", "xlsx", "json"])
def test_without_any_data_only_names_and_totals_are_left(tmp_path, kind):
    empty = Namespace.objects.create(name="empty")
    raw = written_into(tmp_path, empty, format=kind)
    heads = ["start", "revenue", "aov"]
    if kind == "json":
        assert [one["values"] for one in document(raw)["kpis"]] == [[], []]
    else:
        if kind == "csv":
            assert table(raw) == [heads, ["total", 0, None]]
        else:
            [_, [total, *totals]] = workbook(raw)["KPIs"]
            assert (total, totals[0]) == ("Total", 0)


def test_a_span_without_an_end_ends_when_it_was_asked_for(written):
    rows = table(written(at=NOON - DAY, granularity="1d"))
    assert rows[-2][0] == "2026-03-03T00:00:00+00:00"
