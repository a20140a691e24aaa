"""The web server: `python -m config.web`, with HOST, PORT, WEB_CONCURRENCY and HTTP2.

What slow clients may take is bounded here (connections, headers) and in
`config.gateway` (bodies, answers).
"""

import os
import resource
from importlib import import_module

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings

TARGET = "config.asgi:application"
# Of each process. A connection takes a file descriptor, and another one at times.
CONNECTIONS = 4_096
FILES = 3 * CONNECTIONS
HEADER_SECONDS = 10
# Of what is read at once, headers included, and of what waits to be sent.
BUFFER_BYTES = 65_536


def raise_file_limit() -> int:
    """Allow this process all open files that it may have; returns how many."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return FILES if hard == resource.RLIM_INFINITY else hard


def serve(*, host: str, port: int, processes: int, files: int, http2: bool) -> None:
    """Serve until told to stop; a process may have so many open files.

    With HTTP/2 the server waits without an end for half of its headers, and for who
    sends nothing at all: to tell the version, it reads the first bytes.
    """
    server = Granian(
        TARGET,
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        workers=processes,
        http=HTTPModes.auto if http2 else HTTPModes.http1,
        websockets=False,
        backlog=2_048,
        backpressure=min(CONNECTIONS, files // 3),
        http1_settings=HTTP1Settings(
            header_read_timeout=HEADER_SECONDS * 1_000, max_buffer_size=BUFFER_BYTES
        ),
        respawn_failed_workers=True,
        workers_kill_timeout=5,
    )
    # The processes are forked: what is loaded before costs once.
    server.on_startup(lambda: import_module(TARGET.partition(":")[0]))
    server.serve()


if __name__ == "__main__":
    serve(
        host=os.environ.get("HOST", "127.0.0.1"),
        port=int(os.environ.get("PORT", "8000")),
        processes=int(os.environ.get("WEB_CONCURRENCY", "2")),
        files=raise_file_limit(),
        http2=os.environ.get("HTTP2") == "True",
    )
