"""Clients that hold the server up: with half a request, with none, by not reading.

Each is a context manager of connections that stay open for its block.
"""

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx

Address = tuple[str, int]
Connections = list[socket.socket]

HALF_HEADERS = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Half:"
HALF_BODY = (
    b"POST /admin/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n"
    b"Cookie: csrftoken=abcdefghijklmnopqrstuvwxyzABCDEF\r\n\r\nusername="
)
PING = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
SMALLEST_BUFFER = 2_048


def allow_many_files() -> None:
    """Raise the limit of this process: each connection is an open file."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@contextmanager
def connected(address: Address, sent: bytes, *, count: int) -> Iterator[Connections]:
    """Connections that have sent something, and no more."""
    allow_many_files()
    with ExitStack() as stack:
        connections = []
        for _ in range(count):
            client = socket.socket()
            stack.enter_context(client)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALLEST_BUFFER)
            client.settimeout(30)
            client.connect(address)
            client.sendall(sent)
            connections.append(client)
        yield connections


@contextmanager
def idle(address: Address, *, count: int) -> Iterator[Connections]:
    """Connections that were answered once and are kept."""
    with connected(address, PING, count=count) as connections:
        for client in connections:
            assert client.recv(4_096).startswith(b"HTTP/1.1 200")
        yield connections


@contextmanager
def slow_readers(
    address: Address, path: str, *, token: str = "", count: int
) -> Iterator[Connections]:
    """Connections that have read the first bytes of an answer, and no more."""
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    request = "\r\n".join([*lines, "", ""]).encode()
    with connected(address, request, count=count) as connections:
        for client in connections:
            assert client.recv(15) == b"HTTP/1.1 200 OK"
        yield connections


def are_open(connections: Connections) -> bool:
    """Returns whether the server has closed none of them."""
    return all(is_open(client) for client in connections)


def is_open(client: socket.socket) -> bool:
    client.settimeout(0)
    try:
        return client.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True
    except ConnectionResetError:
        return False


def address_of(http: httpx.Client) -> Address:
    """Returns the host and the port of what a client talks to."""
    url = http.base_url
    return url.host, url.port or 80
