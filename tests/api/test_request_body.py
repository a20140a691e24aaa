"""A body is read however it travels, or refused by the name of what is wrong."""

import gzip
import io
import zlib

import orjson
import pytest
from django.conf import settings
from django.test import Client

from api.request_body import ACCEPTED, MAX_MEMBERS
from events.models import InboxEvent

pytestmark = pytest.mark.django_db
EVENTS, PRICES, GOALS = "/v0/analytics", "/analytics/items/prices/", "/v0/goals"
LIMIT = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
EVENT = orjson.dumps({"event_name": "view", "user_id": "ann"})
PRICE = orjson.dumps({"prices": [{"item_id": "shoe", "price": 5}]})
GOAL = orjson.dumps({"goal_name": "buy"})
JSON = "application/json"
ENDPOINTS = [("POST", EVENTS, EVENT), ("PUT", PRICES, PRICE), ("POST", GOALS, GOAL)]
MUCH = b"[" + b" " * (LIMIT - 1) + b"]"  # a byte too much


class Trickle(io.RawIOBase):
    """What a server hands over as it arrives: a few bytes at once, then nothing."""

    def __init__(self, content: bytes) -> None:
        self.content, self.taken = content, 0

    def read(self, size: int = -1) -> bytes:
        piece = self.content[self.taken : self.taken + min(size, 50_000)]
        self.taken += len(piece)
        return piece


def streamed(client, method, path, stream, *, kind=JSON, **extra):
    """Sends a body whose length nobody says."""
    server = {"wsgi.input": stream, "wsgi.input_terminated": True}
    server["CONTENT_TYPE"] = kind
    return client.generic(method, path, content_type=kind, **{**server, **extra})


def packed(client, content, coding, *, path=EVENTS, method="POST"):
    return client.generic(
        method, path, content, content_type=JSON, HTTP_CONTENT_ENCODING=coding
    )


def reason(answer):
    body = answer.json()
    return body["error"]["what"] if "error" in body else body["error_data"]["error"]


def deflated(content, window_bits):
    packing = zlib.compressobj(wbits=window_bits)
    return packing.compress(content) + packing.flush()


@pytest.mark.parametrize(("method", "path", "body"), ENDPOINTS)
@pytest.mark.parametrize("header", [{"HTTP_TRANSFER_ENCODING": "chunked"}, {}])
def test_a_body_without_a_length_is_read_to_its_end(root, method, path, body, header):
    stream = Trickle(body[:1] + b" " * 100_000 + body[1:])
    assert streamed(root, method, path, stream, **header).status_code == 204


def test_chunks_count_and_not_a_length_beside_them(backend):
    """As RFC 9112, 6.3 says of a message that has both."""
    both = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": "3"}
    assert streamed(backend, "POST", EVENTS, Trickle(EVENT), **both).status_code == 204


def test_a_body_without_a_length_is_read_no_further_than_5_mb(backend):
    stream = Trickle(MUCH + b" " * LIMIT)
    answer = streamed(backend, "POST", EVENTS, stream)
    assert (answer.status_code, stream.taken) == (413, LIMIT + 1)
    assert streamed(backend, "POST", EVENTS, Trickle(MUCH[2:])).status_code == 400


def test_where_the_server_does_not_tell_the_end_a_length_is_required(backend):
    server = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": False}
    answer = streamed(backend, "POST", EVENTS, Trickle(EVENT), **server)
    assert answer.status_code == 411
    assert "Content-Length" in reason(answer)


def test_a_body_that_comes_with_a_get_is_left_where_it_is(backend):
    stream = Trickle(b"nothing")
    assert streamed(backend, "GET", EVENTS, stream).status_code == 200
    assert stream.taken == 0


def test_a_form_is_read_without_a_length_and_compressed(accounts):
    accounts.objects.create_superuser("ann", password="a long password")
    form = b"username=ann&password=a+long+password"
    for content, extra in [
        (form, {}),
        (gzip.compress(form), {"HTTP_CONTENT_ENCODING": "gzip"}),
    ]:
        kind = "application/x-www-form-urlencoded"
        answer = streamed(
            Client(),
            "POST",
            "/admin/login/?next=/",
            Trickle(content),
            kind=kind,
            **extra,
        )
        assert answer.status_code == 302


@pytest.mark.parametrize(("method", "path", "body"), ENDPOINTS)
@pytest.mark.parametrize(
    ("coding", "packing"),
    [
        ("gzip", gzip.compress),
        ("GZIP ", gzip.compress),
        ("x-gzip", lambda body: gzip.compress(body[:9]) + gzip.compress(body[9:])),
        ("deflate", zlib.compress),
        ("deflate", lambda body: deflated(body, -zlib.MAX_WBITS)),
        ("identity", bytes),
        ("", bytes),
    ],
)
def test_a_compressed_body_is_read(root, method, path, body, coding, packing):
    answer = packed(root, packing(body), coding, path=path, method=method)
    assert answer.status_code == 204


def test_a_compressed_body_may_come_without_a_length(backend):
    stream = Trickle(gzip.compress(EVENT))
    answer = streamed(backend, "POST", EVENTS, stream, HTTP_CONTENT_ENCODING="gzip")
    assert answer.status_code == 204
    assert InboxEvent.objects.count() == 1


@pytest.mark.parametrize("path", [EVENTS, PRICES, "/admin/login/"])
@pytest.mark.parametrize(
    "coding", ["br", "zstd", "gzip, gzip", "aes128gcm", "x" * 5000]
)
def test_another_coding_is_refused_by_name(root, path, coding):
    answer = packed(root, EVENT, coding, path=path)
    assert (answer.status_code, answer["Accept-Encoding"]) == (415, ACCEPTED)
    assert b"Content-Encoding must be one of gzip, deflate" in answer.content
    assert len(answer.content) < 2000


PACKED = gzip.compress(EVENT)


@pytest.mark.parametrize(
    ("coding", "content"),
    [
        ("gzip", EVENT),
        ("deflate", EVENT),
        ("deflate", PACKED),
        ("gzip", zlib.compress(EVENT)),
        ("gzip", PACKED[:-1]),
        ("gzip", PACKED[:5]),
        ("gzip", PACKED[:-8] + b"12345678"),
        ("gzip", PACKED + b"more"),
        ("deflate", zlib.compress(EVENT) + b"more"),
        ("gzip", gzip.compress(b"") * (MAX_MEMBERS + 1)),
    ],
)
@pytest.mark.parametrize("path", [EVENTS, PRICES])
def test_a_body_that_is_not_what_its_coding_says_is_refused(
    root, path, coding, content
):
    method = "PUT" if path == PRICES else "POST"
    answer = packed(root, content, coding, path=path, method=method)
    assert answer.status_code == 400
    assert "Content-Encoding" in reason(answer)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_the_limit_holds_for_what_comes_out(backend, coding):
    packing = gzip.compress if coding == "gzip" else zlib.compress
    fitting = b"[" + b" " * (LIMIT - 2) + b"]"
    assert packed(backend, packing(fitting), coding).status_code == 204
    answer = packed(backend, packing(MUCH), coding)
    assert answer.status_code == 413
    assert "5,000,000" in reason(answer)


def test_a_page_says_why_its_form_was_not_read(client):
    kind = "application/x-www-form-urlencoded"
    answer = client.generic(
        "POST", "/admin/login/", b"a=1", kind, HTTP_CONTENT_ENCODING="gzip"
    )
    assert answer.status_code == 400
    assert b"is not what Content-Encoding says" in answer.content
