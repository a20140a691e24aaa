"""The goals page in a real browser: its numbers are the API's, and what one can do."""

import json
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from accounts import services as accounts
from accounts.models import Namespace, User
from events import keys
from goals import services
from goals.models import Goal
from pipeline import drain
from tests.events.builders import NOON, arrival, record

pytestmark = pytest.mark.django_db(transaction=True)
NARROW = {"viewport": {"width": 400, "height": 800}}
DARK = {"color_scheme": "dark"}
ODD = "50% <b>off</b>/a?b#c&d=é"


def send(steps, namespace="shop"):
    """Counts (event name, users) pairs in this order; each is worth 2.5 once.

    All users are of one shard, which is drained sooner than sixteen.
    """
    namespace_id = accounts.ensure_namespaces([namespace])[namespace]
    record(
        arrival(namespace_id, name, user * keys.SHARDS, value="2.5")
        for name, users in steps
        for user in users
    )
    drain.drain_all(at=datetime.now(UTC))


def make_goal(name, namespace="shop"):
    namespace_id = accounts.ensure_namespaces([namespace])[namespace]
    services.create_goal(namespace_id=namespace_id, name=name, at=NOON)


@pytest.fixture
def goals(logged_in):
    """The page of a shop where 40 viewed, 20 asked, 20 bought, and 2 out of nowhere."""
    make_goal("buy")
    viewers = range(40)
    steps = [("view", viewers), ("ask", viewers[15:35]), ("buy", viewers[10:30])]
    send([*steps, ("buy", [100, 101]), (ODD, [1])])

    def visit(query="namespace=shop", ready="#story"):
        page = logged_in(f"/goals/?{query}")
        expect(page.locator(ready)).to_be_visible()
        return page

    return visit


def answer(page, path, **query):
    """Returns what the API says to the session of the page."""
    response = page.request.get(path, params={"namespace": "shop", **query})
    return response.json()


def texts(page, table):
    """Returns the cells of a table, row by row, small print left out."""
    return page.locator(table).evaluate(
        """table => [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) =>
            [...cell.childNodes].filter((node) => node.tagName !== "SMALL")
                .map((node) => node.textContent).join("").trim()))"""
    )


def totals(page):
    return [
        int(element.inner_text().split()[0]) for element in page.locator("dd").all()
    ]


def choose(page, event, choice):
    page.get_by_role("group", name=event).get_by_text(choice).click()


def chooser(page):
    return page.get_by_role("combobox", name="Goal")


def percent(share):
    text = f"{100 * share:.1f}".removesuffix(".0")
    return f"{text}%"


def test_the_events_are_those_of_the_api_with_the_most_users_first(goals, problems):
    page = goals()
    counts = answer(page, "/v0/analytics")["counts"]
    named = [event for event in counts if event["type"] == "named"]
    named.sort(key=lambda event: -event["count"])
    rows = [
        (name, int(users), float(value))
        for name, users, value, _ in texts(page, "#events")
    ]
    assert rows == [
        (event["name"], event["count"], event["value"]["sum"]) for event in named
    ]
    assert [users for _, users, _ in rows] == [40, 22, 20, 1]
    assert page.locator("#everybody").inner_text() == "42"
    assert problems == []


def test_values_are_called_what_they_are(goals):
    page = goals()
    headings = page.locator("#events thead th").all_inner_texts()
    assert "Value of first occurrences" in headings
    assert "it is not revenue" in page.locator(".hint.sum").inner_text()


def test_numbers_of_another_namespace_are_gone_while_these_are_asked_for(goals):
    page, waiting = goals(), []
    page.route("**/v0/analytics?**", lambda route: waiting.append(route))
    page.get_by_label("Namespace").select_option("void")
    expect(page.locator("#panels")).to_be_hidden()
    while not waiting:
        page.wait_for_timeout(10)
    waiting.pop().continue_()
    expect(page.locator("#no-events")).to_be_visible()


def test_counts_that_are_late_say_so(goals):
    page = goals()
    expect(page.locator("#late")).to_be_hidden()

    def late(route):
        state = route.fetch().json() | {"inbox_lag_seconds": 720.0}
        route.fulfill(json=state)

    page.route("**/readyz?", late)
    chooser(page).dispatch_event("change")
    expect(page.locator("#late")).to_contain_text("12 minutes late")


def test_the_story_of_a_goal_is_that_of_the_api(goals, problems):
    page = goals()
    story = answer(page, "/analytics/goals/buy/")
    assert page.locator("#reached").inner_text() == str(story["count"]) == "22"
    assert [row[:1] + row[2:6] for row in texts(page, "#steps")] == [
        [
            event["name"],
            str(event["count"]),
            *(
                percent(event[column]["value"])
                for column in ("share", "conversion", "rest")
            ),
        ]
        for event in story["events"]
    ]
    shown = [row[1:] for row in texts(page, "#combinations")]
    assert shown == [
        [str(combination["count"]), percent(combination["share"])]
        for combination in story["combinations"]
    ]
    first = page.locator("#combinations .chip")
    assert [element.inner_text() for element in first.all()] == ["ask", "view", "view"]
    assert page.locator("#combinations tr").last.inner_text().startswith("None known")
    assert problems == []


def test_a_difference_is_marked_where_its_interval_excludes_zero(goals):
    page = goals()
    events = answer(page, "/analytics/goals/buy/")["events"]
    assert [event["name"] for event in events] == ["view", "ask"]
    signs = ["more" if event["difference"]["lower"] > 0 else "open" for event in events]
    assert signs == ["open", "more"]
    marks = page.locator("#steps .difference > span")
    assert [mark.get_attribute("class") for mark in marks.all()] == signs
    marked = page.locator("#steps .more")
    assert "▲ +" in marked.inner_text()


def test_a_choice_changes_the_totals_and_is_kept_in_the_address(goals, problems):
    page = goals()
    assert totals(page) == [0, 22, 0, 0]
    choose(page, "view", "Include")
    expect(page.locator("dd").first).to_contain_text("20")
    choose(page, "ask", "Exclude")
    expect(page.locator("dd").first).to_contain_text("5")
    selection = answer(page, "/analytics/goals/buy/", include="view", exclude="ask")
    assert totals(page) == list(selection["selection"].values()) == [5, 2, 15, 0]
    assert page.url.endswith("?namespace=shop&goal=buy&include=view&exclude=ask")
    page.reload()
    expect(page.locator("dd").first).to_contain_text("5")
    group = page.get_by_role("group", name="ask")
    assert group.get_by_label("Exclude").is_checked()
    page.get_by_role("button", name="Ignore all").click()
    expect(page.locator("dd").first).to_contain_text("0")
    assert totals(page) == [0, 22, 0, 0]
    assert group.get_by_label("Ignore").is_checked()
    assert page.url.endswith("?namespace=shop&goal=buy")
    assert problems == []


def test_the_choice_is_made_with_the_keyboard_and_the_focus_stays(goals):
    page = goals()
    radio = page.get_by_role("group", name="view").get_by_label("Include")
    page.get_by_role("group", name="view").get_by_label("Ignore").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("dd").first).to_contain_text("20")
    expect(radio).to_be_focused()


def test_a_late_answer_to_an_earlier_choice_is_not_shown(goals):
    page, held = goals(), []
    page.route(
        "**/analytics/goals/buy/**include=view", lambda route: held.append(route)
    )
    choose(page, "view", "Include")
    expect(page.locator("main")).to_have_attribute("aria-busy", "true")
    choose(page, "view", "Exclude")
    expect(page.locator("dd").nth(2)).to_contain_text("20")
    for route in held:
        route.fulfill(json={})
    assert totals(page) == [0, 2, 20, 0]


def test_an_event_is_made_a_goal_and_its_paths_are_kept_from_then_on(goals, problems):
    page = goals()
    page.get_by_role("button", name="Make a goal: ask").click()
    dialog = page.get_by_role("dialog", name="Make ask a goal?")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    assert list(Goal.objects.values_list("name", flat=True)) == ["buy"]
    page.get_by_role("button", name="Make a goal: ask").click()
    dialog.get_by_role("button", name="Make it a goal").click()
    expect(page.get_by_role("status").first).to_contain_text("ask is a goal now")
    expect(page.get_by_role("heading", name="Paths to ask")).to_be_visible()
    assert "goal=ask" in page.url
    assert Goal.objects.filter(name="ask").exists()
    expect(page.locator("#no-steps")).to_be_visible()
    send([("ask", [35])])
    page.get_by_role("button", name="Paths: ask").click()
    expect(page.locator("#steps tbody tr")).to_have_count(1)
    assert texts(page, "#steps")[0][0] == "view"
    assert problems == []


def test_what_stops_an_event_from_becoming_a_goal_is_told(goals):
    page = goals()
    page.get_by_role("button", name="Make a goal: view").click()
    page.context.clear_cookies()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Make it a goal").click()
    expect(dialog.get_by_role("alert")).to_contain_text("not made a goal")
    expect(dialog.get_by_role("alert")).to_contain_text("log in again")
    assert not Goal.objects.filter(name="view").exists()
    expect(dialog.get_by_role("button", name="Make it a goal")).to_be_enabled()


def test_a_goal_of_any_name_is_shown_as_text(goals, problems):
    make_goal(ODD)
    page = goals()
    chooser(page).select_option(ODD)
    expect(page.get_by_role("heading", name=f"Paths to {ODD}")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name=f"Paths to {ODD}")).to_be_visible()
    assert problems == []


def test_an_address_of_what_is_gone_says_so(goals):
    page = goals("namespace=shop&goal=gone&include=view", ready="#panels")
    expect(page.locator("#note")).to_have_text("gone is no goal of this namespace.")
    expect(page.locator("#story")).to_be_hidden()
    assert chooser(page).input_value() == ""
    assert page.url.endswith("?namespace=shop&goal=gone&include=view")
    chooser(page).select_option("buy")
    expect(page.locator("#story")).to_be_visible()
    assert page.url.endswith("?namespace=shop&goal=buy")
    page.goto("/goals/?namespace=shop&goal=buy&include=nothing")
    expect(page.locator("#warnings")).to_have_text("unknown event: nothing")


def test_many_events_are_filtered_and_many_combinations_shown_on_demand(goals):
    starts = range(1000, 1025)
    send(
        step
        for start in starts
        for step in [
            (f"step {start}", range(start, 2000, 25)),
            ("buy", range(start, 1100, 25)),
        ]
    )
    page = goals()
    expect(page.locator("#combinations tbody tr")).to_have_count(20)
    page.get_by_role("button", name="Show all 28").click()
    expect(page.locator("#combinations tbody tr")).to_have_count(28)
    page.get_by_label("Filter").fill("STEP 102")
    expect(page.locator("#events tbody tr:visible")).to_have_count(5)
    page.get_by_label("Filter").fill("nothing")
    expect(page.locator("#no-match")).to_be_visible()


def test_bounds_and_saturation_are_shown(goals):
    page = goals()

    def wide(route):
        body = route.fetch().json()
        body["counts"][1] |= {
            "upper": body["counts"][1]["count"] + 7,
            "saturated": True,
        }
        route.fulfill(body=json.dumps(body))

    page.route("**/v0/analytics?**", wide)
    chooser(page).dispatch_event("change")
    expect(page.locator("#events small").first).to_have_text("±7")
    expect(page.locator("#events .badge")).to_have_text("saturated")


def test_without_events_goals_or_namespaces_the_page_says_what_to_do(goals, problems):
    send([("view", [1])], namespace="fresh")
    page = goals("namespace=void", ready="#no-events")
    expect(page.locator("#no-events pre")).to_contain_text('"namespace": "void"')
    page.get_by_label("Namespace").select_option("fresh")
    expect(page.get_by_role("heading", name="No goal yet")).to_be_visible()
    expect(page.locator("#story")).to_be_hidden()
    expect(page.locator("#goals")).to_be_hidden()
    assert page.url.endswith("?namespace=fresh")
    assert problems == []


def test_without_any_namespace_the_page_says_what_to_do(logged_in):
    Namespace.objects.all().delete()
    page = logged_in("/goals/")
    expect(page.get_by_role("heading", name="No namespace yet")).to_be_visible()


def test_numbers_stay_when_the_server_is_away_but_not_those_of_something_else(goals):
    make_goal("ask")
    page = goals("namespace=shop&goal=buy")
    page.route("**/analytics/goals/**", lambda route: route.abort())
    choose(page, "view", "Include")
    expect(page.get_by_role("alert").first).to_contain_text("cannot be reached")
    expect(page.locator("#steps")).to_be_visible()
    expect(page.locator("#totals")).to_be_hidden()
    chooser(page).select_option("ask")
    expect(page.locator("#story")).to_be_hidden()
    page.unroute("**/analytics/goals/**")
    chooser(page).select_option("buy")
    expect(page.get_by_role("alert").first).to_be_hidden()
    expect(page.locator("#totals")).to_be_visible()


def test_a_manager_whose_membership_ended_is_told_and_sees_no_numbers(goals):
    User.objects.update(role="manager", is_superuser=False)
    ada = User.objects.get()
    ada.namespaces.set(Namespace.objects.filter(name__in=["shop", "void"]))
    page = goals("namespace=void", ready="#no-events")
    ada.namespaces.remove(Namespace.objects.get(name="shop"))
    page.get_by_label("Namespace").select_option("shop")
    expect(page.get_by_role("alert").first).to_contain_text("no access to namespace")
    expect(page.locator("#panels")).to_be_hidden()


@pytest.mark.usefixtures("numbers")
def test_the_pages_lead_to_each_other_with_the_same_namespace(goals):
    page = goals()
    page.get_by_role("link", name="Dashboard").click()
    expect(page.locator("article").first).to_be_visible()
    assert "namespace=shop" in page.url
    page.get_by_role("link", name="Goals").click()
    expect(page.locator("#story")).to_be_visible()
    assert page.url.endswith("/goals/?namespace=shop&goal=buy")


@pytest.mark.parametrize("page", [NARROW, DARK], indirect=True, ids=["narrow", "dark"])
def test_it_fits_a_phone_and_the_dark(goals, problems):
    page = goals()
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1]
    assert problems == []
