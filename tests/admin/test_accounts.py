"""Accounts, tokens and namespaces in the admin."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from knox.models import AuthToken
from rest_framework.test import APIClient

from accounts.models import Namespace, User

pytestmark = pytest.mark.django_db
USERS, TOKENS = "/admin/accounts/user/", "/admin/knox/authtoken/"
SECRET = "correct horse battery"
NEW = {
    "username": "ada",
    "usable_password": "true",
    "password1": SECRET,
    "password2": SECRET,
    "role": "manager",
}


def edit(client, user, **fields):
    form = {
        "username": user.username,
        "role": user.role,
        "is_active": "on",
        "date_joined_0": "2026-03-04",
        "date_joined_1": "12:00:00",
    }
    return client.post(f"{USERS}{user.pk}/change/", form | fields)


@pytest.mark.parametrize("role", ["root", "manager", "backend"])
def test_an_account_is_added_and_root_is_the_superuser(staff, role):
    assert staff.post(f"{USERS}add/", NEW | {"role": role}).status_code == 302
    ada = User.objects.get(username="ada")
    assert (ada.role, ada.is_superuser) == (role, role == "root")
    assert ada.check_password(SECRET)


@pytest.mark.parametrize("password", ["clerkson1965", "1965clerkson"])
def test_the_name_of_an_account_is_no_password(staff, password):
    sent = NEW | {"username": "clerkson1965"}
    sent |= {"password1": password, "password2": password}
    form = staff.post(f"{USERS}add/", sent).context["adminform"].form
    assert "too similar to the username" in str(form.errors)


@pytest.mark.parametrize("role", ["root", "backend"])
def test_a_role_is_changed_both_ways(staff, role):
    ada = User.objects.create(username="ada", role="manager")
    assert edit(staff, ada, role=role).status_code == 302
    ada.refresh_from_db()
    assert (ada.role, ada.is_superuser) == (role, role == "root")


def test_a_manager_with_every_permission_sees_and_edits_no_account(visitor):
    ada = User.objects.create(username="ada")
    assert visitor.get(USERS).status_code == 403
    assert visitor.get(f"{USERS}add/").status_code == 403
    assert edit(visitor, ada, role="root").status_code == 404
    assert visitor.get(f"{USERS}{ada.pk}/password/").status_code == 404
    act(visitor, USERS, "issue_tokens", ada.pk)
    assert not AuthToken.objects.exists()
    ada.refresh_from_db()
    assert ada.role == "backend"


def act(client, path, action, *keys):
    return client.post(path, {"action": action, "_selected_action": keys})


def test_a_token_is_issued_and_shown_once(staff):
    ada = User.objects.create(username="ada", role="manager")
    response = act(staff, USERS, "issue_tokens", ada.pk)
    [token] = re.findall(r"<code>([0-9a-f]{64})</code>", response.text)
    assert "no-store" in response.headers["Cache-Control"]
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")
    assert client.get("/analytics/kpis/configs/").status_code == 200
    for page in (USERS, TOKENS, f"{USERS}{ada.pk}/history/"):
        assert token not in staff.get(page).text


def test_the_list_tells_when_a_token_expires(staff):
    ada = User.objects.create(username="ada")
    assert "They expire in 365 days." in act(staff, USERS, "issue_tokens", ada.pk).text
    assert datetime.now(UTC) + timedelta(364) < AuthToken.objects.get().expiry
    assert '"field-expiry nowrap">never<' not in staff.get(TOKENS).text
    AuthToken.objects.update(expiry=None)
    assert '"field-expiry nowrap">never<' in staff.get(TOKENS).text


def test_a_token_is_revoked(staff, digest):
    response = act(staff, TOKENS, "revoke", digest)
    assert response.status_code == 302
    assert not AuthToken.objects.exists()


def test_a_manager_with_every_permission_revokes_nothing(visitor, digest):
    act(visitor, TOKENS, "revoke", digest)
    assert AuthToken.objects.exists()


def test_no_page_shows_the_digest_of_a_token(staff, digest):
    page = staff.get(TOKENS).text
    assert "user0" in page
    shown = re.sub(r'value="[^"]*"', "", page)  # what a checkbox sends is not shown
    assert digest not in shown
    assert AuthToken.objects.get().token_key not in page


def test_the_name_of_a_namespace_is_for_good(staff):
    path = "/admin/accounts/namespace/"
    assert staff.post(f"{path}add/", {"name": "shop"}).status_code == 302
    shop = Namespace.objects.get()
    staff.post(f"{path}{shop.pk}/change/", {"name": "renamed"})
    shop.refresh_from_db()
    assert shop.name == "shop"


@pytest.mark.parametrize("name", ["", "tab\t.", "x" * 201])
def test_an_impossible_namespace_is_told_at_its_field(staff, name):
    response = staff.post("/admin/accounts/namespace/add/", {"name": name})
    assert response.status_code == 200
    assert list(response.context["adminform"].form.errors) == ["name"]
