"""The goals page itself: who gets it, what is in it, how it leads on."""

import re

import pytest
from django.conf import settings

from accounts import services
from accounts.models import User
from api.headers import POLICY

pytestmark = pytest.mark.django_db
SCRIPTS = [
    path
    for folder in ("dashboard", "goals", "base")
    for path in (settings.BASE_DIR / "static" / folder).glob("*.js")
]


@pytest.fixture
def visit(client):
    services.ensure_namespaces(["blog", "shop"])

    def get(role, *namespaces, path="/goals/"):
        superuser = role == "root"
        user = User.objects.create(username=role, role=role, is_superuser=superuser)
        user.namespaces.set(services.ensure_namespaces(namespaces).values())
        client.force_login(user)
        return client.get(path)

    return get


def test_everyone_chooses_among_the_namespaces_they_may_read(visit):
    choices = [
        re.findall(r"<option>(.*?)</option>", visit(role, "shop").text)
        for role in ("root", "manager")
    ]
    assert choices == [["blog", "shop"], ["shop"]]


def test_a_backend_is_refused_with_a_page(visit):
    response = visit("backend", "shop")
    assert response.status_code == 403
    assert "may not open this page" in response.text


def test_without_a_login_the_page_leads_to_it(client):
    assert client.get("/goals/").url == "/admin/login/?next=/goals/"


@pytest.mark.parametrize(
    ("path", "other"), [("/", "/goals/"), ("/goals/", "/")], ids=["dashboard", "goals"]
)
def test_each_page_leads_to_the_other_to_the_admin_and_out(visit, path, other):
    page = visit("manager", "shop", path=path).text
    assert f'href="{path}" aria-current="page"' in page
    assert f'href="{other}">' in page
    assert 'href="/admin/"' in page
    assert '<form method="post" action="/admin/logout/">' in page


@pytest.mark.parametrize("role", ["root", "manager", "backend"])
def test_whoever_has_a_session_ends_it_with_the_button(visit, client, role):
    visit(role, "shop")
    assert client.post("/admin/logout/").status_code == 200
    assert client.get("/goals/").status_code == 302


def test_the_page_costs_three_queries(visit, client, django_assert_max_num_queries):
    visit("root", "shop")
    with django_assert_max_num_queries(3):  # session, user, namespaces
        client.get("/goals/")


def test_the_page_has_no_inline_script_or_style_and_the_policy_forbids_them(visit):
    response = visit("root", "shop")
    assert response.headers["Content-Security-Policy"] == POLICY
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", response.text)
    scripts = re.findall(r"<script[^>]*>", response.text)
    assert scripts == ['<script src="/static/goals/page.js" type="module">']


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_the_scripts_of_the_pages_stay_small_and_need_no_other_host(path):
    source = path.read_text()
    assert len(source.splitlines()) <= 150
    assert "http" not in source
    assert "innerHTML" not in source
