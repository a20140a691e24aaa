"""The login leads to the page that was asked for, or to the first one: nowhere else."""

import pytest

from accounts.models import User

pytestmark = pytest.mark.django_db
FORM = {"username": "ada", "password": "a long secret"}
FOREIGN = [
    "//evil.example/",
    "///evil.example",
    "https://evil.example/",
    "http:evil.example",
    r"/\evil.example",
    r"\\evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    " //evil.example",
    "\t//evil.example",
    "https://testserver@evil.example/",
]


@pytest.fixture(autouse=True)
def ada():
    return User.objects.create_user(role="manager", **FORM)


def log_in(client, **target):
    response = client.post("/admin/login/", FORM | target)
    assert response.status_code == 302
    return response.url


@pytest.mark.parametrize("page", ["/", "/goals/?namespace=a", "/admin/flags/flag/"])
def test_it_leads_to_the_page_that_was_asked_for(client, page):
    assert log_in(client, next=page) == page


@pytest.mark.parametrize("page", ["", *FOREIGN])
def test_a_foreign_page_gives_way_to_the_first_of_ours(client, page):
    assert log_in(client, next=page) == "/"
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("page", FOREIGN)
def test_nor_does_a_link_to_the_login_lead_there(client, page):
    response = client.post("/admin/login/", FORM, query_params={"next": page})
    assert response.url == "/"


def test_at_the_door_of_the_admin_it_leads_into_the_admin(client):
    asked = client.get("/admin/login/").context["next"]
    assert log_in(client, next=asked) == "/admin/"


def test_after_the_logout_there_is_a_way_back(client):
    log_in(client)
    page = client.post("/admin/logout/")
    assert page.status_code == 200
    assert 'href="/admin/"' in page.text
    assert client.get("/goals/").url == "/admin/login/?next=/goals/"
