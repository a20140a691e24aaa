"""Answers of a WSGI application, complete before the first byte of them is sent.

So the application's thread is free at once, however slowly the client reads.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from tempfile import TemporaryFile
from typing import IO, Any, Protocol

from config.gateway.environ import Environ

# Larger answers are sent from a file, in pieces.
IN_MEMORY = 65_536
PIECE = 32_768

Header = tuple[bytes, bytes]


class Application(Protocol):
    """A WSGI application."""

    def __call__(
        self, environ: Environ, start_response: Callable[..., Any], /
    ) -> Iterable[bytes]: ...


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer, its body in memory or in a file that is the reader's own."""

    status: int
    headers: list[Header]
    body: bytes | IO[bytes]


class FileWrapper:
    """An open file as an answer: `wsgi.file_wrapper` of PEP 3333."""

    def __init__(self, file: IO[bytes], size: int = PIECE) -> None:
        self.file = file
        self._size = size

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.file.read(self._size), b"")

    def close(self) -> None:
        """Close the file, and what the application has tied to its end."""
        self.file.close()


class Start:
    """Remembers how an answer starts."""

    status = 500
    headers: list[Header]

    def __call__(
        self, status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> None:
        self.status = int(status.split(" ", 1)[0])
        self.headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in headers
        ]


def reply(application: Application, environ: Environ) -> Reply:
    """Run an application to its end, in this thread."""
    start = Start()
    answer = application({**environ, "wsgi.file_wrapper": FileWrapper}, start)
    try:
        body = own_file(answer) or gathered(answer)
    finally:
        if close := getattr(answer, "close", None):
            close()
    if environ["REQUEST_METHOD"] == "HEAD":
        body = nothing_of(body)
    return Reply(start.status, start.headers, body)


def nothing_of(body: bytes | IO[bytes]) -> bytes:
    """Drop a body that is not to be sent."""
    if not isinstance(body, bytes):
        body.close()
    return b""


def own_file(answer: Iterable[bytes]) -> IO[bytes] | None:
    """Returns a handle of our own on the rest of a large file; None for all else."""
    if not isinstance(answer, FileWrapper):
        return None
    file = answer.file
    with suppress(AttributeError, OSError):  # nothing that the system knows
        if os.fstat(file.fileno()).st_size - file.tell() > IN_MEMORY:
            # By its number; whoever sends it closes it.
            own = open(os.dup(file.fileno()), "rb")  # noqa: PTH123, SIM115 - see above
            own.seek(file.tell())
            return own
    return None


def gathered(answer: Iterable[bytes]) -> bytes | IO[bytes]:
    """Returns all that an answer yields, on disk unless it is small."""
    pieces, first, size = iter(answer), [], 0
    for piece in pieces:
        first.append(piece)
        size += len(piece)
        if size > IN_MEMORY:
            file = TemporaryFile()  # noqa: SIM115 - whoever sends it closes it
            file.writelines(chain(first, pieces))
            file.seek(0)
            return file
    return b"".join(first)
