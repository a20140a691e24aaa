"""Whoever is slow costs the others nothing.

The running product has one web process here. Were a thread taken by each slow client,
or a few hundred connections all, the answers would not come while those are open.
"""

from contextlib import contextmanager

import httpx
import pytest

from tests import slow_clients
from tests.kimball.product import event

LARGE = "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"
# An answer takes milliseconds; what slow clients hold is freed after 10 s, or later.
SOON = 8


@pytest.fixture
def address(anybody):
    return slow_clients.address_of(anybody)


def newcomer(account):
    """A client with a connection of its own, for those of others are accepted."""
    return httpx.Client(
        base_url=account.base_url, headers=account.headers, timeout=SOON
    )


@contextmanager
def half_bodies(address):
    with slow_clients.connected(address, slow_clients.HALF_BODY, count=16) as all_of:
        yield all_of


@contextmanager
def half_headers(address):
    with slow_clients.connected(
        address, slow_clients.HALF_HEADERS, count=1_100
    ) as all_of:
        yield all_of


@contextmanager
def silent(address):
    with slow_clients.connected(address, b"", count=1_100) as all_of:
        yield all_of


@contextmanager
def idle(address):
    with slow_clients.idle(address, count=100) as all_of:
        yield all_of


@contextmanager
def slow_readers(address):
    with slow_clients.slow_readers(address, LARGE, count=16) as all_of:
        yield all_of


@pytest.mark.parametrize(
    "slow", [half_bodies, half_headers, silent, idle, slow_readers]
)
def test_others_are_answered_while_slow_clients_are_connected(
    slow, address, backend, shop
):
    body = {"namespace": shop.name, **event("view")}
    with slow(address) as connections, newcomer(backend) as client:
        assert client.get("/healthz").text == "ok"
        assert client.post("/v0/analytics", json=body).is_success
        assert slow_clients.are_open(connections)


def test_a_slow_reader_gets_every_byte(address, anybody):
    expected = anybody.get(LARGE, headers={"Accept-Encoding": "identity"}).content
    assert len(expected) > 1_000_000
    with slow_clients.slow_readers(address, LARGE, count=1) as (reader,):
        reader.settimeout(30)
        received = bytearray()
        while len(received.partition(b"\r\n\r\n")[2]) < len(expected):
            piece = reader.recv(65_536)
            assert piece
            received += piece
    assert received.partition(b"\r\n\r\n")[2] == expected


def test_a_body_that_is_too_large_is_refused_in_the_shape_of_its_path(backend):
    answer = backend.post("/v0/analytics", content=b" " * 6_000_000)
    assert answer.status_code == 413
    assert answer.json()["error"]["what"].startswith("the body is larger than")
