"""The preview: which flags are on for this user, and why."""

import json
from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import Namespace, User
from accounts.queries import Scope
from events.models import InboxEvent
from events.queries import user_key
from flags.evaluation import position

pytestmark = pytest.mark.django_db
URL = "/admin/flags/flag/preview/"
GERMAN = {"property": "country", "comparator": "=", "value": "<b>"}


def logged_in(**fields):
    client = Client()
    client.force_login(User.objects.create(username="ada", **fields))
    return client


@pytest.fixture
def staff(db):
    return logged_in(role="root", is_superuser=True)


@pytest.fixture
def preview(staff, shop):
    def post(user, namespace=shop.pk):
        text = user if isinstance(user, str) else json.dumps(user)
        return staff.post(URL, {"namespace": namespace, "user": text})

    return post


@pytest.fixture
def noon(time_machine, t0):
    time_machine.move_to(t0, tick=False)
    return t0


def verdicts(response):
    assert response.status_code == 200
    assert not response.context["form"].errors
    return response.context["found"]


def test_every_flag_is_shown_with_its_reason(preview, flag, noon, shop):
    day = timedelta(days=1)
    flag("always", boolean=True)
    flag("germans", user_rules=[GERMAN])
    flag("never")
    flag("rolling", rollout_start_at=noon - day, rollout_end_at=noon + 3 * day)
    response = preview({"user_id": 42, "country": "<b>"})
    where = position("rolling", key=user_key("42", scope=Scope(shop.pk, "shop")))
    told = f"rollout: 25.00 % of users, this one is at {100 * where:.2f} %"
    assert verdicts(response) == {
        "always": (True, "always on"),
        "germans": (True, 'country = "<b>"'),
        "never": (False, "off, and without rules"),
        "rolling": (where <= 0.25, told),
    }
    assert response.text.count('alt="on"') + response.text.count('alt="off"') == 4
    for words in (told, "2026-03-04 12:00:00 UTC", "country = &quot;&lt;b&gt;&quot;"):
        assert words in response.text


@pytest.mark.parametrize("user", ["", "  ", "{}"])
def test_without_a_user_object_nobody_is_known(preview, flag, user):
    flag(user_rules=[GERMAN])
    assert verdicts(preview(user)) == {"new": (False, "no rule fits")}


def test_the_flags_are_those_of_the_namespace(preview, flag):
    other = Namespace.objects.create(name="other")
    flag("here")
    flag("there", namespace=other)
    assert verdicts(preview({})).keys() == {"here"}
    assert verdicts(preview({}, namespace=other.pk)).keys() == {"there"}


def test_a_namespace_without_flags_says_so(preview):
    response = preview({})
    assert verdicts(response) == {}
    assert "This namespace has no flags yet." in response.text
    assert ">Why</th>" not in response.text


def test_before_it_is_asked_the_page_shows_a_form_alone(staff):
    page = staff.get(URL)
    assert "<textarea" in page.text
    assert "errornote" not in page.text
    assert "no flags yet" not in page.text


@pytest.mark.parametrize(
    ("user", "message"),
    [
        ("{", "This is no valid JSON."),
        ("[" * 100_000, "This is no valid JSON."),
        ("[1]", "Write an object: {…}"),
        ("5", "Write an object: {…}"),
        ("false", "Write an object: {…}"),
        ("[]", "Write an object: {…}"),
    ],
)
def test_a_wrong_user_object_is_told_at_its_field(preview, user, message):
    response = preview(user)
    assert response.context["form"].errors == {"user": [message]}
    assert message in response.text
    assert user[:100] in response.text
    assert response.context.get("found") is None


@pytest.mark.parametrize("namespace", ["", "0", "x"])
def test_a_wrong_namespace_is_told_at_its_field(preview, namespace):
    assert list(preview({}, namespace=namespace).context["form"].errors) == [
        "namespace"
    ]


def test_a_preview_records_nothing_and_is_not_cached(preview, flag):
    flag()
    response = preview({"user_id": "ann"})
    assert not InboxEvent.objects.exists()
    assert "no-store" in response.headers["Cache-Control"]


def test_a_hundred_flags_cost_what_one_costs(
    preview, flag, django_assert_num_queries, shop
):
    flag("first")
    preview({})
    # session, account, the chosen namespace, flags, the choice of namespaces
    with django_assert_num_queries(5):
        preview({})
    for number in range(100):
        flag(f"flag {number}", user_rules=[GERMAN])
    with django_assert_num_queries(5):
        assert len(verdicts(preview({}))) == 101


def test_a_manager_previews_the_flags_of_the_own_namespaces_alone(shop, flag):
    flag()
    other = Namespace.objects.create(name="other")
    manager = logged_in(role="manager")
    User.objects.get().namespaces.add(shop)
    assert verdicts(manager.post(URL, {"namespace": shop.pk})).keys() == {"new"}
    foreign = manager.post(URL, {"namespace": other.pk})
    assert list(foreign.context["form"].errors) == ["namespace"]
    assert ">other<" not in manager.get(URL).text


def test_without_a_login_the_preview_leads_to_it(client):
    response = client.get(URL)
    assert response.status_code == 302
    assert response.url.startswith("/admin/login/?next=")


def test_the_preview_takes_no_form_from_elsewhere(staff, shop):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = staff.cookies
    assert strict.post(URL, {"namespace": shop.pk}).status_code == 403
