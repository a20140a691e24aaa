"""The gateway between ASGI and WSGI, driven as by a server, without a network."""

import asyncio
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from config.gateway.bodies import Bounds
from config.gateway.environ import environ
from config.gateway.gateway import Gateway
from config.gateway.replies import IN_MEMORY

BOUNDS = Bounds(body_bytes=1_000, body_seconds=30, total_bytes=4_000)
LENGTH = b"content-length"


def scope(*headers, method="POST", version="1.1", path=b"/here", query=b""):
    return {
        "type": "http",
        "method": method,
        "http_version": version,
        "scheme": "http",
        "raw_path": path,
        "query_string": query,
        "headers": list(headers),
        "server": ("127.0.0.1", 8000),
        "client": ("10.0.0.1", 50_000),
    }


class Client:
    """What a server passes on: pieces of a body, and an answer that is taken or not.

    After the last piece comes nothing more; `ends` says whether that ends the body.
    """

    def __init__(self, *pieces: bytes, ends: bool = True, takes: bool = True) -> None:
        self.pieces = list(pieces)
        self.received = 0
        self.ends = ends
        self.takes = takes
        self.left = asyncio.Event()
        self.sent: list[dict[str, Any]] = []

    async def receive(self):
        if self.pieces:
            self.received += 1
            piece = self.pieces.pop(0)
            more = bool(self.pieces) or not self.ends
            return {"type": "http.request", "body": piece, "more_body": more}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        if not self.takes and message["type"] == "http.response.body":
            await asyncio.Event().wait()
        self.sent.append(message)

    @property
    def status(self):
        return self.sent[0]["status"]

    @property
    def body(self):
        return b"".join(message.get("body", b"") for message in self.sent[1:])

    @property
    def complete(self):
        last = self.sent[-1]
        return last["type"] == "http.response.body" and not last.get("more_body")


def echo(request, start) -> Iterable[bytes]:
    """Answers what was sent, or the status that the gateway gives a body."""
    start(f"{request.get('abacus.undelivered', 200)} Whatever", [("X-Answer", "yes")])
    assert int(request["CONTENT_LENGTH"]) == len(request["wsgi.input"].getvalue())
    return [request["wsgi.input"].read()]


def gateway(application=echo, *, bounds=BOUNDS, **options):
    return Gateway(application, threads=1, bounds=bounds, **options)


async def exchange(served, client, *headers, **request):
    await served(scope(*headers, **request), client.receive, client.send)
    return client


def played(play):
    """Runs a coroutine in a thread of its own: browsers leave a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, play).result()


def sent(client, *headers, served=None, **request):
    return played(exchange(served or gateway(), client, *headers, **request))


@pytest.mark.parametrize("version", ["1.1", "2"])
@pytest.mark.parametrize("name", [b"transfer-encoding", LENGTH])
def test_a_body_in_pieces_arrives_whole_and_with_its_length(version, name):
    client = sent(
        Client(b"one ", b"", b"two"), (name, b"7" if name == LENGTH else b"chunked")
    )
    assert (client.status, client.body) == (200, b"one two")


def test_a_body_of_http_2_needs_no_header():
    assert sent(Client(b"one ", b"two"), version="2").body == b"one two"


def test_a_request_that_announces_no_body_is_not_waited_for():
    client = sent(Client(b"nobody asks"), method="GET")
    assert (client.status, client.body, client.received) == (200, b"", 0)


def test_a_body_that_says_it_is_far_too_large_is_refused_unread():
    client = sent(Client(b"x" * 100), (LENGTH, b"100000"))
    assert (client.status, client.received) == (413, 0)


def test_a_body_that_turns_out_too_large_is_refused_before_its_end():
    client = sent(
        Client(*[b"x" * 600] * 100, ends=False), (b"transfer-encoding", b"chunked")
    )
    assert client.status == 413
    assert client.received < 12


def test_a_body_that_is_a_little_too_large_is_heard_to_its_end_and_refused():
    client = sent(Client(*[b"x" * 600] * 3), (LENGTH, b"1800"))
    assert (client.status, client.received) == (413, 3)


def test_a_body_that_does_not_come_in_time_is_refused():
    bounds = Bounds(body_bytes=1_000, body_seconds=0.05, total_bytes=4_000)
    client = Client(b"half", ends=False)
    assert sent(client, (LENGTH, b"8"), served=gateway(bounds=bounds)).status == 408


def test_a_client_who_leaves_before_the_end_of_the_body_is_not_answered():
    client = Client(b"half", ends=False)
    client.left.set()
    assert sent(client, (LENGTH, b"8")).sent == []


def test_when_all_bodies_take_too_much_the_oldest_unfinished_gives_way():
    async def play():
        served = gateway()
        half = [Client(b"x" * 900, ends=False) for _ in range(4)]
        held = [asyncio.create_task(exchange(served, one, LENGTH_8)) for one in half]
        while any(one.pieces for one in half):
            await asyncio.sleep(0)
        newcomer = await exchange(served, Client(b"y" * 900), LENGTH_8)
        await held[0]
        assert [bool(one.sent) for one in half] == [True, False, False, False]
        assert (half[0].status, newcomer.status) == (503, 200)
        for one in half:
            one.left.set()
        await asyncio.gather(*held)
        return served

    assert played(play())._bodies.size == 0


LENGTH_8 = (LENGTH, b"8")  # nobody counts what is promised


def large(request, start):
    start("200 OK", [])
    yield from [b"z" * 1_000] * 200


def test_a_large_answer_is_sent_in_pieces_and_takes_no_thread_meanwhile():
    async def play():
        served = gateway(large)  # which has one thread
        slow = Client(takes=False)
        held = asyncio.create_task(exchange(served, slow, method="GET"))
        quick = await exchange(served, Client(), method="GET")
        assert quick.body == b"z" * 200_000
        assert max(len(message.get("body", b"")) for message in quick.sent) < IN_MEMORY
        assert not held.done()
        slow.left.set()
        held.cancel()

    played(play())


def test_a_reader_who_takes_nothing_is_left():
    slow = sent(
        Client(takes=False), method="GET", served=gateway(large, send_seconds=0.05)
    )
    assert [message["type"] for message in slow.sent] == ["http.response.start"]


def test_a_client_who_leaves_is_sent_no_more():
    client = Client()
    client.left.set()
    assert not sent(client, method="GET", served=gateway(large)).complete


@pytest.mark.parametrize("size", [10, 200_000])
def test_a_file_is_sent_from_where_it_is_after_the_application_has_closed_it(size):
    closed = []

    def download(request, start):
        file = tempfile.TemporaryFile()  # noqa: SIM115 - the gateway's work
        file.write(b"before" + b"f" * size)
        file.seek(6)
        start("200 OK", [])
        answer = request["wsgi.file_wrapper"](file)
        closed.append(file)
        return answer

    client = sent(Client(), method="GET", served=gateway(download))
    assert client.body == b"f" * size
    assert client.complete
    assert closed[0].closed


def test_the_answer_to_head_has_headers_alone():
    client = sent(Client(), method="HEAD", served=gateway(large))
    assert (client.status, client.body, client.complete) == (200, b"", True)


def test_an_application_that_fails_fails_for_the_server():
    def broken(request, start):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        sent(Client(), method="GET", served=gateway(broken))


def test_the_environ_is_that_of_pep_3333():
    request = environ(
        scope(
            (b"host", b"here"),
            (b"content-type", b"text/plain"),
            (b"content-length", b"99"),
            (b"accept", b"a"),
            (b"accept", b"b"),
            (b"cookie", b"c=1"),
            (b"cookie", b"d=2"),
            (b"x-name", b"\xe9"),
            path=b"/caf%C3%A9",
            query=b"q=%C3%A9",
        ),
        b"body",
    )
    expected = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/caf\u00c3\u00a9",
        "QUERY_STRING": "q=%C3%A9",
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "4",
        "HTTP_HOST": "here",
        "HTTP_ACCEPT": "a,b",
        "HTTP_COOKIE": "c=1; d=2",
        "HTTP_X_NAME": "\u00e9",
        "REMOTE_ADDR": "10.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
    }
    assert {name: request[name] for name in expected} == expected


def test_a_header_with_an_underscore_does_not_pass_for_one_with_a_hyphen():
    assert "HTTP_X_FORWARDED_PROTO" not in environ(
        scope((b"x_forwarded_proto", b"https")), b""
    )


def test_the_environment_of_the_process_is_not_in_the_request(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:password@host/name")
    assert "DATABASE_URL" not in environ(scope(), b"")
