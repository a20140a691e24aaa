"""People named by what they may do, a fixed time, and clients that hold a token."""

import gc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from django.conf import settings as django_settings
from django.contrib.contenttypes.management import create_contenttypes
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations
from django.db.models.signals import post_migrate
from django.test import override_settings
from hypothesis import settings
from pytest_django import DjangoDbBlocker
from rest_framework.test import APIClient

from accounts import services
from accounts.models import Namespace, Role, User
from db import sql

# A Wednesday noon; tests pass it in where the product would read the clock.
T0 = datetime(2026, 3, 4, 12, tzinfo=UTC)
# How long an example takes says how busy the machine is, and nothing else.
settings.register_profile("abacus", deadline=None)
settings.load_profile("abacus")
PERMISSIONS = "django.contrib.auth.management.create_permissions"


def pytest_make_parametrize_id(val: object) -> str | None:
    """Bytes are named by their length: packed ones hold the time of packing, and two
    processes of one run must give a test one name.
    """
    return f"{len(val)} bytes" if isinstance(val, bytes) else None


def pytest_collection_finish() -> None:
    """What is loaded by now stays: no need to look for garbage in it ever again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def _cheap_where_nothing_depends_on_it() -> Iterator[None]:
    """Passwords of one hash, and static files as they lie in their folders: under their
    own names, and listed for no client.
    """
    cheap = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(
        PASSWORD_HASHERS=cheap,
        STORAGES={**django_settings.STORAGES, "staticfiles": plain},
        WHITENOISE_AUTOREFRESH=True,
        WHITENOISE_USE_FINDERS=True,
    ):
        yield


TABLES = """
SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p')
AND relnamespace = 'public'::regnamespace AND NOT relispartition
AND relname NOT IN ('auth_permission', 'django_content_type', 'django_migrations')
"""

# A browser may leave in the middle of a request: then a thread still holds a session,
# and the database could not be dropped.
LEAVE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """After a test that commits, all tables are emptied; Django knows some of them.

    A few rows are deleted in a tenth of the time in which files are cut, and the
    permissions that Django would make anew each time stay.
    """
    post_migrate.disconnect(create_contenttypes)
    post_migrate.disconnect(dispatch_uid=PERMISSIONS)
    with django_db_blocker.unblock():
        tables = [name for (name,) in sql.fetch(TABLES)]
        connection.close()
    empty = [f"DELETE FROM {name}" for name in tables]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", lambda *_, **__: empty)
        yield
    with django_db_blocker.unblock():
        sql.fetch(LEAVE)
        connection.close()


@pytest.fixture
def t0() -> datetime:
    return T0


@pytest.fixture
def shop(db: None) -> Namespace:
    """The namespace that the manager and the backend belong to."""
    return Namespace.objects.create(name="shop")


@pytest.fixture
def token(db: None) -> Callable[..., str]:
    """Makes an account of a role, in the namespaces given, and returns its token."""

    def issue(role: str, *namespaces: str, name: str = "") -> str:
        return services.issue_token(
            username=name or role, role=role, namespaces=namespaces
        )

    return issue


@pytest.fixture
def client_of(token: Callable[..., str]) -> Callable[..., APIClient]:
    def client(role: str, *namespaces: str, name: str = "") -> APIClient:
        secret = token(role, *namespaces, name=name)
        return APIClient(HTTP_AUTHORIZATION=f"Bearer {secret}")

    return client


@pytest.fixture
def root(client_of: Callable[..., APIClient]) -> APIClient:
    return client_of(Role.ROOT)


@pytest.fixture
def manager(client_of: Callable[..., APIClient], shop: Namespace) -> APIClient:
    return client_of(Role.MANAGER, shop.name)


@pytest.fixture
def backend(client_of: Callable[..., APIClient], shop: Namespace) -> APIClient:
    return client_of(Role.BACKEND, shop.name)


@pytest.fixture
def stranger(client_of: Callable[..., APIClient]) -> APIClient:
    """A manager of another namespace."""
    return client_of(Role.MANAGER, "elsewhere", name="stranger")


@pytest.fixture
def accounts(db: None) -> type[User]:
    return User
