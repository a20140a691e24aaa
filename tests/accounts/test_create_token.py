"""`manage.py create_token`: the token alone on standard output, or a plain refusal."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from knox.models import AuthToken
from rest_framework.test import APIClient

from accounts.models import Namespace, User

pytestmark = pytest.mark.django_db


def create_token(capsys, *arguments):
    call_command("create_token", *arguments)
    return capsys.readouterr()


def test_it_prints_the_token_alone(capsys):
    out, err = create_token(capsys, "ada", "--role", "root")
    assert err == ""
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {out.strip()}")
    assert out == f"{out.strip()}\n"
    assert client.get("/analytics/kpis/configs/").status_code == 200


@pytest.mark.parametrize("role", ["root", "manager", "backend"])
def test_it_creates_the_account_and_its_namespaces(capsys, role):
    create_token(capsys, "ada", "--role", role, "--namespace", "shop", "blog")
    ada = User.objects.get()
    assert (ada.username, ada.role, ada.is_superuser) == ("ada", role, role == "root")
    assert {one.name for one in ada.namespaces.all()} == {"shop", "blog"}
    assert not ada.has_usable_password()
    assert not ada.is_staff


@pytest.mark.parametrize(
    "namespaces",
    [
        ["--namespace", "shop", "--namespace", "blog"],
        ["--namespace", "shop", "--namespace", "blog", "shop"],
    ],
)
def test_every_namespace_is_kept(capsys, namespaces):
    out, err = create_token(capsys, "ada", "--role", "backend", *namespaces)
    assert {one.name for one in User.objects.get().namespaces.all()} == {"shop", "blog"}
    assert (len(out.split()), err) == (1, "")


class Terminal(StringIO):
    def isatty(self):
        return True


def test_people_are_told_of_new_namespaces(capsys):
    Namespace.objects.create(name="blog")
    names, told = ["--namespace", "blog", "shop"], Terminal()
    call_command("create_token", "ada", "--role", "backend", *names, stderr=told)
    assert told.getvalue() == "namespace 'shop' is new\n"


def test_two_roles_are_refused():
    twice = ["--role", "root", "--role", "backend"]
    assert "--role: expected once" in refusal("ada", *twice)


def test_without_a_namespace_the_account_belongs_to_default(capsys):
    create_token(capsys, "ada", "--role", "backend")
    assert [one.name for one in User.objects.get().namespaces.all()] == ["default"]


def test_repeated_it_adds_a_token_and_namespaces_and_takes_nothing_away(capsys):
    arguments = ["ada", "--role", "manager", "--namespace"]
    first, _ = create_token(capsys, *arguments, "shop")
    second, _ = create_token(capsys, *arguments, "blog")
    assert first != second
    for token in (first, second):
        client = APIClient(HTTP_AUTHORIZATION=f"Bearer {token.strip()}")
        assert client.get("/analytics/kpis/configs/").status_code == 200
    assert User.objects.get().namespaces.count() == 2


@pytest.mark.parametrize(
    ("options", "days"), [([], 365), (["--days", "7"], 7), (["--never"], None)]
)
def test_a_token_expires_unless_told_otherwise(capsys, options, days):
    before = datetime.now(UTC)
    create_token(capsys, "ada", "--role", "backend", *options)
    expiry = AuthToken.objects.get().expiry
    assert (expiry and (expiry - before).days) == days


@pytest.mark.parametrize(
    "options",
    [
        *(["--days", text] for text in ("0", "-1", "1.5", "36501", "x", "٣x")),
        ["--days", "7", "--never"],
        ["--days", "7", "--days", "8"],
    ],
)
def test_an_impossible_time_is_refused(options):
    assert refusal("ada", "--role", "backend", *options)
    assert not User.objects.exists()


def test_it_keeps_the_password_of_an_account(capsys):
    User.objects.create_superuser("ada", password="a long secret")
    create_token(capsys, "ada", "--role", "root")
    assert User.objects.get().check_password("a long secret")


def refusal(*arguments):
    with pytest.raises(CommandError) as refused:
        call_command("create_token", *arguments)
    return str(refused.value)


def test_another_role_is_refused_and_changes_nothing(capsys):
    create_token(capsys, "ada", "--role", "backend")
    reason = refusal("ada", "--role", "root", "--namespace", "new")
    assert reason == "ada exists with the role backend, not root"
    assert User.objects.get().role == "backend"
    assert not Namespace.objects.filter(name="new").exists()


def test_an_inactive_account_is_refused(capsys):
    create_token(capsys, "ada", "--role", "backend")
    User.objects.update(is_active=False)
    assert refusal("ada", "--role", "backend") == "ada exists, but is not active"


def test_an_unknown_role_is_refused():
    assert "invalid choice: 'king'" in refusal("ada", "--role", "king")


@pytest.mark.parametrize("name", ["", "a b", "x" * 151, "nul\0"])
def test_a_name_that_no_account_may_have_is_refused(name):
    assert refusal(name, "--role", "backend")
    assert not User.objects.exists()


@pytest.mark.parametrize("namespace", ["", "x" * 201, "tab\t", "nul\0"])
def test_a_namespace_that_cannot_be_is_refused_and_leaves_no_account(namespace):
    assert refusal("ada", "--role", "backend", "--namespace", namespace)
    assert not User.objects.exists()
