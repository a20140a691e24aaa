"""One supervisor per folder: who holds the folder's lock, and at which address.

The kernel frees the lock when its holder is gone, however it went.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class AlreadyRunningError(Exception):
    """Another process holds the folder's lock; the message names it."""


class Lock:
    """The held lock of a folder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.announce("")

    def announce(self, address: str) -> None:
        """Tell later starts who is here, and where (a URL, or nothing yet)."""
        self._path.write_text(f"{os.getpid()}\n{address}\n")


@contextmanager
def hold(home: Path) -> Iterator[Lock]:
    """Hold the lock of `home`; raises AlreadyRunningError when another process does."""
    path = home / "lock"
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunningError(_holder(path)) from error
        yield Lock(path)


def _holder(path: Path) -> str:
    pid, address = [*path.read_text().splitlines(), "", ""][:2]
    who = ", ".join(word for word in (f"pid {pid}" if pid else "", address) if word)
    return f"Abacus is already running from this folder ({who or 'just starting'})."
