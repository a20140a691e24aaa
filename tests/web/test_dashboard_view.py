"""The page itself: who gets it, what is in it, and the policy it is sent with."""

import hashlib
import re
from pathlib import Path

import pytest
from django.conf import settings

from accounts import services
from accounts.models import User
from api.headers import POLICY

pytestmark = pytest.mark.django_db
STATIC = settings.BASE_DIR / "static"


@pytest.fixture
def visit(client):
    services.ensure_namespaces(["blog", "shop"])

    def get(role, *namespaces):
        superuser = role == "root"
        user = User.objects.create(username=role, role=role, is_superuser=superuser)
        user.namespaces.set(services.ensure_namespaces(namespaces).values())
        client.force_login(user)
        return client.get("/")

    return get


def choices(response):
    return re.findall(r"<option>(.*?)</option>", response.text)


def test_root_chooses_among_all_namespaces(visit):
    assert choices(visit("root", "shop")) == ["blog", "shop"]


def test_a_manager_chooses_among_their_own(visit):
    assert choices(visit("manager", "shop")) == ["shop"]


def test_a_backend_is_refused_with_a_page_that_leads_on(visit):
    response = visit("backend", "shop")
    assert response.status_code == 403
    assert "may not open this page" in response.text
    assert 'href="/admin/"' in response.text


def test_without_a_login_the_page_leads_to_it(client):
    assert client.get("/").url == "/admin/login/?next=/"


def test_a_namespace_is_text_whatever_it_is_called(visit):
    services.ensure_namespaces(["<script>alert(1)</script>"])
    assert "<script>alert" not in visit("root").text


def test_the_page_costs_three_queries(visit, client, django_assert_max_num_queries):
    visit("root", "shop")
    with django_assert_max_num_queries(3):  # session, user, namespaces
        client.get("/")


@pytest.mark.parametrize(
    "path", ["/", "/admin/login/", "/no/such/page", "/analytics/kpis/configs/"]
)
def test_every_answer_carries_the_policy(client, path):
    policy = client.get(path).headers["Content-Security-Policy"]
    assert policy == POLICY
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    "template", ["base.html", "numbers.html", "dashboard.html", "error.html"]
)
def test_no_page_of_ours_has_inline_script_or_style(template):
    source = (settings.BASE_DIR / "templates" / template).read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", source)
    assert all(" src=" in tag for tag in re.findall(r"<script[^>]*>", source))


def test_the_vendored_files_are_the_ones_that_were_vendored():
    readme = (STATIC / "vendor/uplot/README.md").read_text()
    rows = re.findall(r"`(\S+)` \| `([0-9a-f]{64})`", readme)
    assert len(rows) == 3
    for name, digest in rows:
        content = Path(STATIC / "vendor/uplot" / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest
