"""Root is exactly the superuser, in the database too."""

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("role", "superuser"), [("root", False), ("manager", True), ("backend", True)]
)
def test_the_database_refuses_another_superuser_than_root(role, superuser):
    with pytest.raises(IntegrityError, match="root_is_exactly_the_superuser"):
        User.objects.create(username="ada", role=role, is_superuser=superuser)


def test_the_database_refuses_to_promote_by_halves():
    User.objects.create(username="ada", role="backend")
    for change in ({"role": "root"}, {"is_superuser": True}):
        with (
            pytest.raises(IntegrityError, match="root_is_exactly_the_superuser"),
            transaction.atomic(),
        ):
            User.objects.update(**change)
    assert User.objects.update(role="root", is_superuser=True) == 1


@pytest.mark.parametrize("role", ["", "king", "ROOT"])
def test_the_database_refuses_an_unknown_role(role):
    with pytest.raises(IntegrityError, match="role_is_known"):
        User.objects.create(username="ada", role=role)


def test_createsuperuser_makes_a_root(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a long secret")
    arguments = {"username": "ada", "email": "ada@example.com", "verbosity": 0}
    call_command("createsuperuser", interactive=False, **arguments)
    ada = User.objects.get()
    assert (ada.role, ada.is_superuser, ada.is_staff) == ("root", True, True)


@pytest.mark.parametrize("password", ["clerkson1965", "xclerkson1965", "short", ""])
def test_createsuperuser_takes_no_weak_password(monkeypatch, password):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", password)
    arguments = {"username": "clerkson1965", "email": "c@example.com", "verbosity": 0}
    with pytest.raises(CommandError):
        call_command("createsuperuser", interactive=False, **arguments)
    assert not User.objects.exists()


def test_an_account_is_a_backend_unless_told():
    assert User.objects.create_user("ada").role == "backend"
