"""The dashboard in a real browser: cards, charts, and what it says when there is
nothing to show or something is wrong."""

import pytest
from playwright.sync_api import expect

from accounts.models import Namespace
from analytics.models import KPI, Bucket
from tests.web.cards import cards, drawn

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("numbers"),
]
UTC_CLOCK = {"timezone_id": "UTC"}
# Of a page of its own, for the clock that a page was given stays.
OTHER_CLOCK = {"timezone_id": "Etc/UTC"}
NARROW = UTC_CLOCK | {"viewport": {"width": 400, "height": 800}}
DARK = UTC_CLOCK | {"color_scheme": "dark"}
clock = pytest.mark.parametrize("page", [UTC_CLOCK], indirect=True)


@clock
def test_there_is_a_card_for_each_kpi_in_their_order(logged_in, problems):
    page = logged_in()
    assert cards(page) == [
        ("Click rate", "116.67%"),
        ("Revenue", "$490,000.00"),
        ("Clicks", "490"),
    ]
    first = page.locator("article").first
    assert first.locator(".description").inner_text() == "About rate."
    assert first.locator(".status").inner_text() == "ok"
    assert "Complete until" in page.locator("#as-of").inner_text()
    assert problems == []


@clock
def test_every_card_draws_its_line_and_leaves_gaps(logged_in):
    page = logged_in()
    cards(page)
    assert page.locator("article .chart canvas").count() == 3
    painted = """canvas => {
        const {width, height} = canvas, context = canvas.getContext("2d");
        return context.getImageData(0, 0, width, height).data.some((value) => value);
    }"""
    for canvas in page.locator("article canvas").all():
        assert canvas.evaluate(painted)
    assert "\u2013" in drawn(page, 0, cell=5, cells=7)
    assert "$70,000.00" in drawn(page, 1, cell=5, cells=7)


@clock
def test_the_choice_is_in_the_address_and_is_kept(logged_in):
    page = logged_in()
    page.get_by_label("Period").select_option("30d")
    expect(page.locator("article .value").nth(2)).to_have_text("2,030")
    assert page.url.endswith("?namespace=shop&period=30d&timezone=UTC")
    page.reload()
    expect(page.locator("article .value").nth(2)).to_have_text("2,030")


@clock
def test_days_are_chosen_by_hand(logged_in):
    page = logged_in()
    page.get_by_label("Period").select_option("custom")
    expect(page.locator("article .value").nth(2)).to_have_text("490")
    page.get_by_label("From").fill(page.get_by_label("to", exact=True).input_value())
    page.get_by_label("From").dispatch_event("change")
    expect(page.locator("article .value").nth(2)).to_have_text("70")
    page.get_by_label("From").fill("2060-01-01")
    page.get_by_label("From").dispatch_event("change")
    expect(page.get_by_role("alert")).to_contain_text("must not be after")
    assert [number for _, number in cards(page)] == ["\u2013"] * 3


@clock
def test_an_empty_namespace_says_what_to_do(logged_in):
    page = logged_in()
    cards(page)
    page.get_by_label("Namespace").select_option("void")
    expect(page.get_by_role("heading", name="No data yet")).to_be_visible()
    expect(page.locator("#no-data")).to_contain_text("POST /v0/analytics")
    expect(page.locator("#no-data pre")).to_contain_text('"namespace": "void"')
    expect(page.locator("article").first).to_be_hidden()
    page.get_by_label("Namespace").select_option("shop")
    assert len(cards(page)) == 3
    expect(page.locator("#no-data")).to_be_hidden()


def test_without_any_kpi_the_page_says_what_to_do(logged_in):
    KPI.objects.all().delete()
    page = logged_in()
    expect(page.get_by_role("heading", name="No KPI")).to_be_visible()


def test_without_any_namespace_the_page_says_what_to_do(page, logged_in):
    Bucket.objects.all().delete()
    Namespace.objects.all().delete()
    logged_in()
    expect(page.get_by_role("heading", name="No namespace yet")).to_be_visible()
    assert page.locator("#as-of").inner_text() == ""


@pytest.mark.parametrize("page", [OTHER_CLOCK], indirect=True)
def test_the_page_refreshes_itself_every_30_seconds(page, logged_in):
    page.clock.install()
    logged_in()
    cards(page)
    KPI.objects.filter(name="clicks").update(formula="2 * clicks")
    page.clock.run_for(29_000)
    expect(page.locator("article .value").nth(2)).to_have_text("490")
    page.clock.run_for(2_000)
    expect(page.locator("article .value").nth(2)).to_have_text("980")


@pytest.mark.parametrize("page", [NARROW, DARK], indirect=True, ids=["narrow", "dark"])
def test_it_fits_a_phone_and_the_dark(logged_in, page, problems):
    logged_in()
    assert len(cards(page)) == 3
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1]
    assert problems == []
