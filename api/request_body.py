"""The body of a request, however it travels: without a length, or compressed.

Django reads as many bytes as Content-Length says, and so none of a body that is sent
in chunks or as a stream of HTTP/2. It does not look at Content-Encoding.
"""

import io
import zlib
from collections.abc import Callable
from functools import cached_property
from typing import IO

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse

from api.errors import UnreadableBody

Answer = Callable[[HttpRequest], HttpResponse]

WITHOUT_BODY = {"GET", "HEAD", "OPTIONS", "TRACE"}  # one that comes is ignored
LIMIT: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
PIECE = 2**16  # bytes read at once
MAX_MEMBERS = 100  # of a gzip body: each costs as much as many bytes

GZIP, ZLIB, RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS
CODINGS = {"gzip": GZIP, "x-gzip": GZIP, "deflate": ZLIB}
ACCEPTED = "gzip, deflate"


def middleware(get_response: Answer) -> Answer:
    """Lets everything behind it read any body like one with a length."""

    def answer(request: HttpRequest) -> HttpResponse:
        if request.method not in WITHOUT_BODY:
            receive(request)
        return get_response(request)

    return answer


def receive(request: HttpRequest) -> None:
    """Puts the body right. Raises UnreadableBody.

    One without a length is read here, and no further than shows that it is too large:
    then Django refuses it as it does any. A compressed one is inflated when it is read.
    """
    if lacks_length(request):
        content = read(request.META["wsgi.input"], most=LIMIT + 1)
        request._stream = io.BytesIO(content)
        request.META["CONTENT_LENGTH"] = str(len(content))
    if window_bits := coding(request.headers.get("Content-Encoding", "")):
        request._stream = Inflated(request._stream, window_bits)  # type: ignore[assignment]  # what Django asks of it


def lacks_length(request: HttpRequest) -> bool:
    """Says whether there may be a body whose end only the server knows.

    Raises UnreadableBody where the server does not tell: reading would never end.
    """
    chunked = "Transfer-Encoding" in request.headers
    if request.META.get("wsgi.input_terminated"):
        return chunked or not request.META.get("CONTENT_LENGTH")
    if chunked and not request.META.get("CONTENT_LENGTH"):
        raise UnreadableBody("Content-Length is required here", status=411)
    return False


def read(stream: IO[bytes], *, most: int) -> bytes:
    """Returns what a stream holds, at most so many bytes of it."""
    pieces, size = [], 0
    while size < most and (piece := stream.read(min(PIECE, most - size))):
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


def coding(header: str) -> int | None:
    """Returns zlib's window bits for a Content-Encoding, None for a body as it is.

    Raises UnreadableBody for what cannot be undone, and for several codings.
    """
    name = header.strip().lower()
    if name in {"", "identity"}:
        return None
    if name not in CODINGS:
        raise UnreadableBody(
            f"Content-Encoding must be one of {ACCEPTED}, not {header[:100]!r}",
            status=415,
            headers={"Accept-Encoding": ACCEPTED},
        )
    return CODINGS[name]


class Inflated:
    """A compressed body as a file, inflated when it is first read."""

    def __init__(self, packed: IO[bytes], window_bits: int) -> None:
        self._packed = packed
        self._window_bits = window_bits

    @cached_property
    def _content(self) -> io.BytesIO:
        packed = read(self._packed, most=LIMIT + 1)
        if len(packed) > LIMIT:
            raise RequestDataTooBig
        return io.BytesIO(inflate(packed, self._window_bits))

    def read(self, *size: int) -> bytes:
        return self._content.read(*size)

    def readline(self, *size: int) -> bytes:
        return self._content.readline(*size)

    def close(self) -> None:
        self._packed.close()


def inflate(packed: bytes, window_bits: int) -> bytes:
    """Returns what was compressed, never holding more than LIMIT bytes of it.

    Some send "deflate" without the header of zlib (RFC 9110, 8.4.1.2). Raises
    UnreadableBody, and RequestDataTooBig.
    """
    if window_bits == ZLIB and not has_zlib_header(packed):
        window_bits = RAW
    rest, content, members = packed, bytearray(), 0
    while rest:
        members += 1
        inflater = zlib.decompressobj(window_bits)
        try:
            content += inflater.decompress(rest, LIMIT + 1 - len(content))
        except zlib.error:
            raise broken("is not what Content-Encoding says") from None
        if len(content) > LIMIT:
            raise RequestDataTooBig
        if not inflater.eof:
            raise broken("ends before what Content-Encoding says does")
        rest = inflater.unused_data
        if rest and (window_bits != GZIP or members == MAX_MEMBERS):
            raise broken("goes on after what Content-Encoding says has ended")
    return bytes(content)


def has_zlib_header(packed: bytes) -> bool:
    """Says whether the first two bytes are as RFC 1950 wants them."""
    method = int.from_bytes(packed[:1]) & 0x0F
    return method == zlib.DEFLATED and int.from_bytes(packed[:2]) % 31 == 0


def broken(problem: str) -> UnreadableBody:
    return UnreadableBody(f"the body {problem}")
