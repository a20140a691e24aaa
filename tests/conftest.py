"""People named by what they may do, a fixed time, and clients that hold a token."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from rest_framework.test import APIClient

from access import services, sql
from access.models import Namespace, Role, User

# A Wednesday noon; tests pass it in where the product would read the clock.
T0 = datetime(2026, 3, 4, 12, tzinfo=UTC)


UNMANAGED = "TRUNCATE events_inboxevent, events_event, events_seenevent"


@pytest.fixture(autouse=True)
def _unmanaged_tables_are_flushed_too(request: pytest.FixtureRequest) -> Iterator[None]:
    """Django flushes, after a test that commits, only the tables it made itself."""
    mark = request.node.get_closest_marker("django_db")
    commits = mark is not None and mark.kwargs.get("transaction", False)
    if commits:
        request.getfixturevalue("transactional_db")
    yield
    if commits:
        sql.execute(UNMANAGED)


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
