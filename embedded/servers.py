"""The embedded servers of a folder: recovered, started, thrown away."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from embedded import home as embedded_home
from embedded import lock, postgres, valkey
from embedded.home import EmbeddedError
from embedded.service import Say, kill_leftovers
from embedded.supervisor import Supervisor

THROWAWAY = "abacus-test-"
# Younger ones may be about to be locked.
ABANDONED_SECONDS = 60.0


def silent(line: str) -> None:
    """Say nothing."""


def recover(local: Path, *, say: Say = silent) -> None:
    """Clear away what an earlier start left, however it ended; the lock must be held.

    A PostgreSQL that is still shutting down is waited for, everything else is killed.
    Raises EmbeddedError when PostgreSQL does not come to an end.
    """
    if postgres.in_use(local):
        say("Waiting for an earlier PostgreSQL to end …")
    _wait_for_postgres(local)
    kill_leftovers(local)
    _wait_for_postgres(local)
    if postgres.in_use(local):
        raise EmbeddedError(f"An earlier PostgreSQL is still at work in {local}.")
    try:
        postgres.forget_process(local)
    except PermissionError as error:
        raise EmbeddedError(f"{error.filename} belongs to another user.") from error


def _wait_for_postgres(local: Path) -> None:
    give_up_at = time.monotonic() + postgres.STOP_SECONDS
    while postgres.in_use(local) and time.monotonic() < give_up_at:
        time.sleep(0.05)


def start(
    running: Supervisor, *, durable: bool = True, with_valkey: bool = True
) -> None:
    """Start PostgreSQL and Valkey in the supervisor's home; its lock must be held.

    Raises EmbeddedError or ServiceError.
    """
    local = running.home
    embedded_home.private_directory(embedded_home.socket_directory(local))
    postgres.init_cluster(local, durable=durable)
    running.start(postgres.service(local, durable=durable))
    postgres.create_database(local)
    if with_valkey:
        running.start(valkey.service(local))


@contextmanager
def throwaway() -> Iterator[Path]:
    """Runs both servers in a new temporary folder, yields it, and removes it all.

    When the caller is killed the servers die too, and the next call removes the rest.
    """
    _remove_abandoned()
    home = Path(tempfile.mkdtemp(prefix=THROWAWAY)).resolve()
    try:
        with lock.hold(home), Supervisor(home, say=silent) as running:
            start(running, durable=False)
            yield home
    finally:
        remove(home)


def _remove_abandoned() -> None:
    for home in Path(tempfile.gettempdir()).glob(f"{THROWAWAY}*"):
        # Another user's, or in use.
        with suppress(OSError, lock.AlreadyRunningError):
            if time.time() - home.stat().st_mtime > ABANDONED_SECONDS:
                with lock.hold(home):
                    remove(home)


def remove(local: Path) -> None:
    """Remove a folder and its sockets; nothing may run from it."""
    for folder in (embedded_home.socket_directory(local), local):
        shutil.rmtree(folder, ignore_errors=True)
