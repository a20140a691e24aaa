"""Numbers of something else than what is chosen are never shown, and those that are
late, or that nobody can get, say so."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from accounts.models import Namespace, User
from analytics.models import KPI, Bucket
from events import services as intake
from events.models import InboxEvent
from tests.analytics.builders import event
from tests.web.cards import cards, value

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("numbers"),
]
VALUES, STATUS = "**/analytics/kpis/values/**", "**/analytics/kpis/status/**"
NOTHING = ["\u2013"] * 3


def shown(page):
    return [line.inner_text() for line in page.locator("article .value").all()]


def choose(page, period):
    page.get_by_label("Period").select_option(period)


def statuses(page):
    return [line.inner_text() for line in page.locator("article .status").all()]


def test_after_an_error_the_numbers_of_another_period_are_gone(logged_in):
    page = logged_in()
    cards(page)
    page.route("**/analytics/**", lambda route: route.abort())
    choose(page, "30d")
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    assert shown(page) == NOTHING
    assert statuses(page) == [""] * 3
    assert page.locator("#span").inner_text() == ""
    page.unroute("**/analytics/**")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("alert")).to_be_hidden()
    assert value(page, "Clicks") == "2,030"


def test_while_they_are_asked_for_none_are_shown(logged_in):
    page, waiting = logged_in(), []
    cards(page)
    page.route(VALUES, lambda route: waiting.append(route))
    choose(page, "30d")
    expect(page.locator("article .value").first).to_have_text("…")
    assert shown(page) == ["…"] * 3
    while not waiting:
        page.wait_for_timeout(10)
    waiting.pop().continue_()
    expect(page.locator("article .value").nth(2)).to_have_text("2,030")


def test_numbers_of_what_is_chosen_stay_in_grey_while_the_server_is_away(logged_in):
    page = logged_in()
    cards(page)
    page.route("**/analytics/**", lambda route: route.fulfill(status=502, body="<p>"))
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.get_by_role("alert")).to_contain_text("The server answered 502.")
    assert value(page, "Clicks") == "490"
    expect(page.locator("#cards")).to_have_attribute("data-stale", "")
    assert statuses(page) == ["out of date"] * 3
    page.unroute("**/analytics/**")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.get_by_role("alert")).to_be_hidden()
    expect(page.locator("#cards")).not_to_have_attribute("data-stale", "")


def test_a_slow_answer_to_an_earlier_choice_is_not_shown(logged_in):
    page, waiting = logged_in(), []
    cards(page)
    page.route(VALUES, lambda route: waiting.append(route), times=1)
    choose(page, "30d")
    expect(page.locator("main")).to_have_attribute("aria-busy", "true")
    while not waiting:
        page.wait_for_timeout(10)
    choose(page, "7d")
    assert value(page, "Clicks") == "490"
    for route in waiting:
        route.fulfill(json={})
    assert value(page, "Clicks") == "490"
    expect(page.get_by_role("alert")).to_be_hidden()


def test_an_answer_that_cannot_be_read_is_said(logged_in):
    page = logged_in("/static/base/icon.svg")
    page.route(STATUS, lambda route: route.fulfill(body="<p>Log in to the network"))
    page.goto("/?namespace=shop")
    expect(page.get_by_role("alert")).to_contain_text("could not be read")


def test_without_a_network_the_page_says_so_and_comes_back(logged_in):
    page = logged_in()
    cards(page)
    page.context.set_offline(True)
    choose(page, "30d")
    expect(page.get_by_role("alert")).to_contain_text("You are offline.")
    assert shown(page) == NOTHING
    page.context.set_offline(False)
    expect(page.get_by_role("alert")).to_be_hidden()
    assert value(page, "Clicks") == "2,030"


def test_a_login_that_ended_leads_to_the_login_and_back(logged_in):
    page = logged_in()
    cards(page)
    page.context.clear_cookies()
    choose(page, "30d")
    expect(page.get_by_role("alert")).to_contain_text("Your login has ended.")
    assert shown(page) == NOTHING
    page.get_by_role("link", name="Log in again").click()
    expect(page.get_by_label("Password")).to_be_visible()
    assert "next=%2F%3Fnamespace%3Dshop%26period%3D30d" in page.url


def test_whoever_may_no_longer_read_a_namespace_sees_no_number_of_it(logged_in):
    page = logged_in()
    cards(page)
    User.objects.update(role="manager", is_superuser=False)
    User.objects.get().namespaces.add(Namespace.objects.get(name="void"))
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.get_by_role("alert")).to_contain_text("no access to namespace")
    assert shown(page) == NOTHING


def receive(ago):
    """An event was received some time ago, and nobody drained it."""
    now = datetime.now(UTC)
    shop = Namespace.objects.get(name="shop").pk
    arrival = event("a", now)._replace(namespace_id=shop)
    intake.record(arrivals=[arrival], received_at=now - ago)


def test_late_numbers_are_loud_say_which_stage_is_behind_and_recover(logged_in):
    receive(timedelta(minutes=12))
    page = logged_in()
    cards(page)
    late = page.locator("#late")
    expect(late).to_contain_text("Numbers are late: complete until")
    expect(late).to_contain_text("12 minutes late")
    expect(late).to_contain_text("waiting for 12 minutes to be counted (drain)")
    assert statuses(page) == ["late"] * 3
    InboxEvent.objects.all().delete()
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(late).to_be_hidden()
    assert statuses(page) == ["ok"] * 3


def test_numbers_a_tick_behind_are_not_late(logged_in):
    receive(timedelta(minutes=5))
    page = logged_in()
    cards(page)
    expect(page.locator("#as-of")).to_contain_text("5 minutes ago")
    expect(page.locator("#late")).to_be_hidden()


@pytest.mark.parametrize("page", [{"timezone_id": "Etc/GMT"}], indirect=True)
def test_the_visitor_s_clock_may_be_wrong(page, logged_in):
    page.clock.install(time=datetime.now(UTC) + timedelta(hours=30))
    logged_in("/?namespace=shop&period=today&timezone=UTC")
    assert value(page, "Clicks") == "70"
    expect(page.locator("#late")).to_be_hidden()
    assert "ago" not in page.locator("#as-of").inner_text()


def test_what_one_namespace_is_said_to_lack_is_not_said_of_another(logged_in):
    page = logged_in("/?namespace=void")
    expect(page.get_by_role("heading", name="No data yet")).to_be_visible()
    page.route("**/analytics/**", lambda route: route.abort())
    page.get_by_label("Namespace").select_option("shop")
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    expect(page.get_by_role("heading", name="No data yet")).to_be_hidden()


def test_what_never_happened_yet_is_no_alarm(logged_in):
    Bucket.objects.filter(metric__name="views").delete()
    page = logged_in()
    cards(page)
    first = page.locator("article .status").first
    assert first.inner_text() == "no events of this kind yet"
    assert first.get_attribute("data-status") == "none"
    assert first.get_attribute("title") == "Never any: views"


@pytest.mark.parametrize("page", [{"timezone_id": "UTC"}], indirect=True)
def test_data_that_begin_today_are_shown_unless_other_days_are_chosen(logged_in):
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    Bucket.objects.filter(start_at__lt=today).delete()
    page = logged_in("/?namespace=shop")
    assert value(page, "Clicks") == "70"
    assert "period=today" in page.url
    choose(page, "7d")
    expect(page.locator("article .value").nth(2)).to_have_text("\u2013")
    expect(page.locator("#span")).to_contain_text("Data begin 00:00.")
    page.reload()
    cards(page)
    assert shown(page) == NOTHING


def test_the_kpis_of_the_address_are_shown_and_unknown_ones_named(logged_in):
    page = logged_in("/?namespace=shop&kpis=clicks&kpis=nonsense")
    assert cards(page) == [("Clicks", "490")]
    expect(page.locator("#warnings")).to_have_text("unknown KPI: nonsense")
    assert "kpis=clicks&kpis=nonsense" in page.url
    page.get_by_role("button", name="Show all KPIs").click()
    expect(page.locator("article")).to_have_count(3)
    assert "kpis" not in page.url
    KPI.objects.all().delete()
    page.goto("/?namespace=shop&kpis=clicks")
    expect(page.get_by_role("heading", name="No KPI")).to_be_visible()
    expect(page.locator("#warnings")).to_have_text("unknown KPI: clicks")


def test_days_that_are_still_to_come_or_turned_round_are_no_period(logged_in):
    page = logged_in("/?namespace=shop&period=custom&from=2060-01-01&to=2060-01-02")
    expect(page.get_by_role("alert")).to_contain_text("still to come")
    page.goto("/?namespace=shop&period=custom&from=2026-03-02&to=2026-03-01")
    expect(page.get_by_role("alert")).to_contain_text("must not be after")
    assert shown(page) == []
