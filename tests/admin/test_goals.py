"""Staff make and remove goals: as the API makes them, and their users stay counted."""

import html

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Namespace
from events import names
from events.models import NAME_LIMIT, EventName
from goals import services
from goals.models import Combination, Goal, SingleEvent
from goals.paths import queries
from pipeline import drain
from tests.events.builders import NOON, arrival, record
from tests.goals import truth

pytestmark = pytest.mark.django_db
LIST, ADD = "/admin/goals/goal/", "/admin/goals/goal/add/"


@pytest.fixture
def form(shop):
    return {"namespace": shop.pk, "name": "buy"}


def send(shop, *steps):
    """Counts (event name, user) pairs in this order."""
    record(arrival(shop.pk, name, user) for name, user in steps)
    drain.drain_all(at=NOON)


def make(shop, *wanted):
    for name in wanted:
        services.create_goal(namespace_id=shop.pk, name=name, at=NOON)
    return [Goal.objects.get(name=name).pk for name in wanted]


def paths(shop, goal):
    _, found = queries.counts_and_paths(namespace_id=shop.pk, goals=[goal], least=1)
    return dict(found[goal].combinations)


def errors(response):
    assert response.status_code == 200
    return response.context["adminform"].form.errors


def remove(staff, *goals, confirmed=True):
    sent = {"action": "delete_selected", "_selected_action": goals}
    return staff.post(LIST, sent | {"post": "yes"} if confirmed else sent)


def test_a_goal_is_added_and_keeps_the_paths_of_what_arrives_from_then_on(
    staff, form, shop
):
    send(shop, ("view", 1), ("buy", 1))
    record([arrival(shop.pk, "view", 2), arrival(shop.pk, "buy", 2)])  # it waits
    assert staff.post(ADD, form).status_code == 302
    goal = Goal.objects.get()
    assert (goal.name, goal.namespace) == ("buy", shop)
    assert names.by_id(namespace_id=shop.pk)[goal.pk] == "buy"
    send(shop, ("view", 3), ("buy", 3))
    assert paths(shop, goal.pk) == {(): 2, ("view",): 1}
    assert LogEntry.objects.get().object_id == str(goal.pk)


def test_an_event_that_nobody_did_may_become_a_goal(staff, form, shop):
    assert staff.post(ADD, form, follow=True).status_code == 200
    assert EventName.objects.get().name == "buy"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "This field is required."),
        (" ", "This field is required."),
        ("x" * 201, "at most 200 characters"),
        ("a\tb", "none of them a control character"),
        ("a\x85b", "none of them a control character"),
    ],
)
def test_an_impossible_name_is_told_at_its_field(staff, form, name, message):
    found = errors(staff.post(ADD, form | {"name": name}))
    assert list(found) == ["name"]
    assert message in found["name"].as_text()
    assert not Goal.objects.exists()


def test_what_is_a_goal_already_is_told_at_its_field(staff, form, shop):
    make(shop, "buy")
    assert errors(staff.post(ADD, form)) == {"name": ["This is a goal already."]}
    other = Namespace.objects.create(name="other")
    assert staff.post(ADD, form | {"namespace": other.pk}).status_code == 302


def test_a_full_dictionary_is_told_at_the_name(staff, form, shop):
    names.ensure({(shop.pk, f"event {n}") for n in range(NAME_LIMIT)})
    found = errors(staff.post(ADD, form))
    assert list(found) == ["name"]
    assert "at most 1,000 event names" in found["name"].as_text()
    assert not Goal.objects.exists()
    assert staff.post(ADD, form | {"name": "event 7"}).status_code == 302


def test_a_goal_without_a_namespace_is_told_there(staff, form):
    assert list(errors(staff.post(ADD, form | {"namespace": ""}))) == ["namespace"]


def test_the_list_leads_to_the_paths(staff, shop):
    make(shop, "a&b=<c>")
    page = html.unescape(staff.get(LIST).text)
    assert 'href="/goals/?namespace=shop&goal=a%26b%3D%3Cc%3E"' in page


def test_a_goal_is_never_changed(staff, form, shop):
    [goal] = make(shop, "buy")
    path = f"{LIST}{goal}/change/"
    assert staff.get(path).status_code == 200
    assert staff.post(path, form | {"name": "sell"}).status_code == 403
    assert Goal.objects.get().name == "buy"


def test_a_removed_goal_s_paths_are_forgotten_and_its_users_stay(staff, shop):
    [goal] = make(shop, "buy")
    send(shop, ("view", 1), ("buy", 1))
    path = f"{LIST}{goal}/delete/"
    page = staff.get(path).text
    assert "forgotten for good" in page
    assert "users stay counted" in page
    assert staff.post(path, {"post": "yes"}).status_code == 302
    assert not Goal.objects.exists()
    assert not Combination.objects.exists()
    assert not SingleEvent.objects.exists()
    assert truth.counts(shop.pk) == {"view": 1, "buy": 1, "": 1}


def test_several_goals_are_removed_at_once(staff, shop):
    goals = make(shop, "buy", "ask", "stay")
    send(shop, ("view", 1), ("buy", 1), ("ask", 1), ("stay", 1))
    page = remove(staff, *goals[:2], confirmed=False).text
    assert "Their users stay counted" in page
    assert Goal.objects.count() == 3
    assert remove(staff, *goals[:2]).status_code == 302
    assert [goal.name for goal in Goal.objects.all()] == ["stay"]
    assert set(Combination.objects.values_list("goal_id", flat=True)) == {goals[2]}
    assert truth.counts(shop.pk)["buy"] == 1


def test_removing_costs_at_most_five_queries_a_goal(staff, shop):
    goals = make(shop, *"abcdefgh")
    send(shop, *[(name, 1) for name in "abcdefgh"])
    remove(staff, goals[0])  # content types are cached from here on
    costs = []
    for some in (goals[1:2], goals[2:8]):
        with CaptureQueriesContext(connection) as asked:
            remove(staff, *some)
        costs.append(len(asked))
    assert costs[1] - costs[0] <= 5 * 5  # three tables, in a transaction of its own


def test_a_manager_makes_and_removes_goals(manager_of, form, shop):
    manager, [goal] = manager_of(shop), make(shop, "ask")
    assert manager.post(ADD, form).status_code == 302
    assert remove(manager, goal).status_code == 302
    assert [one.name for one in Goal.objects.all()] == ["buy"]


def test_a_manager_of_another_namespace_makes_and_removes_none(visitor, form, shop):
    [goal] = make(shop, "ask")
    assert list(errors(visitor.post(ADD, form))) == ["namespace"]
    assert remove(visitor, goal).status_code == 302
    assert visitor.post(f"{LIST}{goal}/delete/", {"post": "yes"}).status_code == 404
    assert [one.name for one in Goal.objects.all()] == ["ask"]
