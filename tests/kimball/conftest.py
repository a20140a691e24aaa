"""One running product for the whole folder, four accounts, and for each test a
namespace that nobody else has seen."""

import logging
from contextlib import ExitStack
from itertools import count

import httpx
import pytest

from tests.kimball import paths
from tests.kimball.product import Namespace, serving

ACCOUNTS = {
    "root": ("root", "shop"),
    "manager": ("manager", "shop"),
    "backend": ("backend", "shop"),
    "stranger": ("manager", "elsewhere"),
}
NUMBERS = count(1)
# A line for every time that a test asks again would hide what failed.
logging.getLogger("httpx").setLevel(logging.WARNING)


@pytest.fixture(scope="session")
def product(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("product") / "local") as running:
        yield running


@pytest.fixture(scope="session")
def clients(product):
    """Returns an HTTP client for each account, by its name."""

    def client(token):
        headers = {"Authorization": f"Bearer {token}"}
        address = product.http.base_url
        return httpx.Client(base_url=address, headers=headers, timeout=120)

    tokens = product.tokens(ACCOUNTS)
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(client(token)) for name, token in tokens.items()
        }


@pytest.fixture
def anybody(product):
    """A client without a token."""
    return product.http


@pytest.fixture
def root(clients):
    return clients["root"]


@pytest.fixture
def manager(clients):
    return clients["manager"]


@pytest.fixture
def backend(clients):
    return clients["backend"]


@pytest.fixture
def stranger(clients):
    """A manager of another namespace."""
    return clients["stranger"]


@pytest.fixture
def namespace(root, product):
    return Namespace(f"namespace {next(NUMBERS)}", root, product)


@pytest.fixture
def other(root, product):
    return Namespace(f"namespace {next(NUMBERS)}", root, product)


@pytest.fixture(scope="session")
def known(clients, product):
    """A namespace that tests only read; its predictions are known by hand."""
    history = Namespace("known", clients["root"], product)
    paths.play(history)
    return history


@pytest.fixture
def shop(manager, product):
    """The namespace of the manager and the backend, through the manager's eyes."""
    return Namespace("shop", manager, product)
