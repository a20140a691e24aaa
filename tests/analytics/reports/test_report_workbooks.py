"""An Excel file is for people: dates, money, percentages, and what they call them."""

import io
from datetime import datetime
from functools import partial

import pytest
from openpyxl import load_workbook

from analytics.models import Kind
from tests.analytics.builders import DAY, HOUR, NOON, fill, kpi, metric
from tests.analytics.reports.reporting import seconds
from tests.analytics.reports.reporting import written as written_into

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _catalogue(shop):
    metric("total_revenue", Kind.SUM, "buy", unit="usd")
    metric("count_orders", Kind.COUNT, "buy")
    order_value = {"display_name": "Average Order Value", "unit": "usd"}
    kpi("aov", "total_revenue / count_orders", position=1, **order_value)
    kpi("orders", "count_orders", position=2, display_name="Orders")
    kpi("items", "count_orders / count_orders", position=3, display_name="Per Order")
    share = {"display_name": "Share", "unit": "percentage"}
    kpi("share", "100 * total_revenue / total_revenue", position=4, **share)
    fill(shop.pk, "total_revenue", {NOON - n * DAY: "1234.5" for n in range(3)})
    fill(shop.pk, "count_orders", {NOON - n * DAY: 2000 for n in range(3)})


@pytest.fixture
def opened(tmp_path, shop):
    def book(**asked):
        write = partial(written_into, tmp_path, shop, format="xlsx")
        return load_workbook(io.BytesIO(write(**asked)))

    return book


DAYS = {"start_timestamp": seconds(2026, 3, 2), "end_timestamp": seconds(2026, 3, 5)}


def formats(row):
    return [cell.number_format for cell in row]


def test_headings_are_names_and_units_and_stay_in_sight(opened):
    page = opened(**DAYS, granularity="1d", timezone="Europe/Paris")["KPIs"]
    heads = [cell.value for cell in page[1]]
    names = ["Average Order Value ($)", "Orders", "Per Order", "Share (%)"]
    assert heads == ["Start (Europe/Paris)", *names]
    assert page.freeze_panes == "B2"
    assert all(cell.font.bold for cell in page[1])
    assert page.column_dimensions["B"].width > page.column_dimensions["C"].width


def test_days_are_dates_and_numbers_have_the_format_of_their_unit(opened):
    page = opened(**DAYS, granularity="1d")["KPIs"]
    assert [cell.value for cell in page["A"]][1:] == [
        *(datetime(2026, 3, day) for day in (2, 3, 4)),
        "Total",
    ]
    assert [cell.value for cell in page[2]][1:] == [0.61725, 2000, 1, 100]
    money, percent = '"$"#,##0.00;-"$"#,##0.00', '#,##0.00"%"'
    assert formats(page[2]) == ["yyyy-mm-dd", money, "#,##0", "#,##0.00", percent]
    assert formats(page[5])[1:] == formats(page[2])[1:]
    assert page["B5"].font.bold


def test_hours_have_their_time_by_the_clock_of_the_zone(opened):
    start = (NOON - HOUR).timestamp()
    span = {"start_timestamp": start, "granularity": "1h", "timezone": "Asia/Kolkata"}
    page = opened(**span)["KPIs"]
    assert page["A2"].value == datetime(2026, 3, 4, 16)
    assert page["A2"].number_format == "yyyy-mm-dd hh:mm"


def test_metrics_are_words_and_what_it_is_about_has_dates(opened):
    book = opened(**DAYS, metrics=["total_revenue", "count_orders"])
    heads = [cell.value for cell in book["Metrics"][1]]
    assert heads == ["Start (UTC)", "Count orders", "Total revenue ($)"]
    told = {row[0].value: row[1] for row in book["About"]}
    assert told["complete up to"].value == datetime(2026, 3, 4, 12)
    assert told["start"].number_format == "yyyy-mm-dd hh:mm"


def test_what_excel_has_no_date_for_is_text(opened):
    span = {"start_timestamp": -3e9, "end_timestamp": -2.99e9, "granularity": "1mo"}
    assert opened(**span)["KPIs"]["A2"].value == "1874-12-01T00:00:00+00:00"
