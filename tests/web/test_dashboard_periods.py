"""The periods of the dashboard are what they are called, on whatever day the clocks
change: the numbers are those of the local days, and the API's for the same span."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from playwright.sync_api import expect

from accounts import services
from analytics.models import Kind
from tests.analytics.builders import fill, kpi, metric
from tests.web.cards import cards, drawn, value

pytestmark = pytest.mark.django_db(transaction=True)
HALF_HOUR, DAY = timedelta(minutes=30), timedelta(days=1)
# Zone, the day on which its clock is changed, and how many half hours that day has.
CHANGES = [
    ("Europe/Berlin", date(2026, 3, 29), 46),
    ("Europe/Berlin", date(2026, 10, 25), 50),
    ("America/New_York", date(2026, 3, 8), 46),
    ("America/New_York", date(2026, 11, 1), 50),
    ("Australia/Lord_Howe", date(2026, 4, 5), 49),
    ("Australia/Lord_Howe", date(2026, 10, 4), 47),
    ("America/Santiago", date(2026, 4, 4), 50),
    ("America/Santiago", date(2026, 9, 6), 46),
    ("Africa/Cairo", date(2026, 4, 24), 46),
    ("Africa/Cairo", date(2026, 10, 29), 50),
    ("Asia/Beirut", date(2026, 3, 29), 46),
    ("Asia/Beirut", date(2026, 10, 24), 50),
    ("Asia/Kolkata", date(2026, 3, 29), 48),
]


@pytest.fixture
def half_hours(transactional_db):
    """One of everything in each half hour around the changes, and none between."""
    shop = services.ensure_namespaces(["shop"])["shop"]
    metric("clicks", Kind.COUNT, "click")
    kpi("clicks", "clicks")
    starts = {
        datetime(day.year, day.month, day.day, tzinfo=UTC) + half * HALF_HOUR
        for _, day, _ in CHANGES
        for half in range(-3 * 48, 4 * 48)
    }
    fill(shop, "clicks", dict.fromkeys(starts, 1))


def midnight(day, zone):
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp()


def api(page, start, end, zone):
    """What the API says to the session of the page about a span."""
    query = {"namespace": "shop", "start_timestamp": start, "end_timestamp": end}
    path = "/analytics/kpis/values/"
    answer = page.request.get(path, params={**query, "timezone": zone}).json()
    return answer["kpis"][0]["aggregate"]


@pytest.mark.usefixtures("half_hours")
def test_days_of_ones_choice_are_local_days_also_where_the_clock_is_changed(
    logged_in, problems
):
    page = logged_in("/static/base/icon.svg")
    for zone, day, halves in CHANGES:
        choice = f"period=custom&from={day - DAY}&to={day}&timezone={zone}"
        page.goto(f"/?namespace=shop&{choice}")
        shown, expected = value(page, "Clicks"), 48 + halves
        assert (zone, day, shown) == (zone, day, str(expected))
        start, end = midnight(day - DAY, zone), midnight(day + DAY, zone)
        assert api(page, start, end, zone) == expected
    assert problems == []


def visit(logged_in, now, query):
    """Opens the page at a time; returns it with the answer that it shows."""
    page = logged_in("/static/base/icon.svg")
    with page.expect_response("**/kpis/values/**") as answer:
        page.goto(f"/?namespace=shop&{query}")
    cards(page)
    return page, answer.value.json()


@pytest.fixture
def now():
    """20 minutes past seven in Berlin, on the day after its clock was put back."""
    at = datetime(2026, 10, 26, 7, 20, tzinfo=ZoneInfo("Europe/Berlin"))
    with time_machine.travel(at, tick=True):
        yield at


@pytest.mark.usefixtures("half_hours")
@pytest.mark.parametrize(
    ("period", "starts", "ends", "cells", "says"),
    [
        ("today", (26, 0), (26, 7, 20), 8, "Mon, 26 Oct 2026, 00:00-07:20"),
        (
            "24h",
            (25, 7),
            (26, 7),
            24,
            "Sun, 25 Oct 2026, 07:00 - Mon, 26 Oct 2026, 07:00",
        ),
        ("7d", (19, 0), (26, 0), 7, "Mon, 19 Oct - Sun, 25 Oct 2026"),
        (
            "month",
            (1, 0),
            (26, 7, 20),
            26,
            "Thu, 1 Oct 2026, 00:00 - Mon, 26 Oct 2026, 07:20",
        ),
    ],
)
def test_a_period_is_what_it_is_called(
    logged_in, now, period, starts, ends, cells, says
):
    page, answer = visit(logged_in, now, f"period={period}&timezone=Europe/Berlin")
    start, end = (
        datetime(2026, 10, *at).replace(tzinfo=ZoneInfo("Europe/Berlin")).timestamp()
        for at in (starts, ends)
    )
    assert answer["start_timestamps"][0] == start
    assert len(answer["start_timestamps"]) == cells
    expected = api(page, start, end, "Europe/Berlin")
    assert value(page, "Clicks") == f"{expected:g}"
    about = (
        page.locator("#span").inner_text().replace("\u2009", " ").replace("\u2013", "-")
    )
    assert about.startswith(f"{says}, by the clock of Europe/Berlin.")
    assert ("So far" in about) == (period in {"today", "month"})
    assert "beyond" not in about


@pytest.mark.usefixtures("half_hours")
def test_the_running_cell_is_drawn_apart_and_gaps_are_no_zeros(logged_in, now):
    page, _ = visit(logged_in, now, "period=month&timezone=Europe/Berlin")
    assert "48" in drawn(page, 0, cell=23, cells=26)
    running = drawn(page, 0, cell=25, cells=26)
    assert "26 Oct" in running
    assert "(not complete)" in running
    page, _ = visit(logged_in, now, "period=custom&from=2026-02-27&to=2026-03-08")
    assert "Data begin" in page.locator("#span").inner_text()
    assert "\u2013" in drawn(page, 0, cell=3, cells=10)
    expect(page.locator("#late")).to_be_hidden()


@pytest.fixture
def until_now(transactional_db, now):
    """One in each half hour that has passed since the second of October."""
    shop = services.ensure_namespaces(["shop"])["shop"]
    metric("clicks", Kind.COUNT, "click")
    kpi("clicks", "clicks")
    first = datetime(2026, 10, 2, tzinfo=UTC)
    halves = range((now - first) // HALF_HOUR + 1)
    fill(shop, "clicks", {first + half * HALF_HOUR: 1 for half in halves})


@pytest.mark.usefixtures("until_now")
@pytest.mark.parametrize(
    ("query", "says", "change"),
    [
        # As much time has passed of a day of 25 hours when its clock shows 6:20.
        (
            "period=today",
            "Changes are against Sun, 25 Oct 2026, 00:00-06:20.",
            "no change from 15",
        ),
        (
            "period=custom&from=2026-10-25&to=2026-10-25",
            "Changes are against Sat, 24 Oct 2026.",
            "▲ 4.2% from 48",
        ),
        (
            "period=7d",
            "Changes are against Mon, 12 Oct - Sun, 18 Oct 2026.",
            "▲ 0.6% from 336",
        ),
        (
            "period=month",
            "00:00 - Sat, 26 Sept 2026, 08:20: data begin 2 Oct, 02:00.",
            "",
        ),
    ],
)
def test_a_period_is_compared_with_as_much_of_the_one_before(
    logged_in, now, query, says, change
):
    compare = "compare=previous_period&timezone=Europe/Berlin"
    page, _ = visit(logged_in, now, f"{query}&{compare}")
    about = page.locator("#span").inner_text()
    assert says in about.replace("\u2009", " ").replace("\u2013", "-")
    assert page.locator(".change").inner_text() == change


@pytest.mark.usefixtures("until_now")
def test_cells_that_reach_beyond_the_period_are_said(logged_in, now):
    query = "period=24h&granularity=1d&timezone=Europe/Berlin"
    page, _ = visit(logged_in, now, query)
    about = page.locator("#span").inner_text().replace("\u2013", "-")
    assert about.startswith("Sun, 25 Oct 2026, 00:00 - Mon, 26 Oct 2026, 07:20, by")
    assert "Cells are whole, and reach beyond the period." in about
    assert value(page, "Clicks") == "65"
