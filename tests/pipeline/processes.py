"""Other processes of the product, on the test's database, queue and secrets."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from django.conf import settings

from db import sql

ROOT = Path(__file__).resolve().parents[2]


def environment(**extra: str) -> dict[str, str]:
    """Returns the environment of a deployment that shares the test's servers."""
    place = settings.DATABASES["default"]
    user, password, host, name = (
        quote(str(place[key]), safe="") for key in ("USER", "PASSWORD", "HOST", "NAME")
    )
    port = f":{place['PORT']}" if place["PORT"] else ""
    return {
        **os.environ,
        "DATABASE_URL": f"postgresql://{user}:{password}@{host}{port}/{name}",
        "REDIS_URL": settings.SECRET_REDIS_URL,
        "SECRET_KEY": settings.SECRET_KEY,
        "USER_KEY_SECRET": settings.USER_KEY_SECRET,
        "HTTPS": "False",
        "DRAIN_SECONDS": "1",
        "AGGREGATE_SECONDS": "1",
        **extra,
    }


@contextmanager
def running(*arguments: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Runs `python -m …` for the length of a block, and kills what is left of it."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env=environment(),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


CELERY = ("celery", "--app", "config")
WORKER = (*CELERY, "worker", "--concurrency", "2", "--loglevel", "INFO")


def children(process: subprocess.Popen[bytes]) -> list[int]:
    """Returns the ids of a process's children: the pool of a Celery worker."""
    found = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(child) for child in found.split()]


def kill(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def until(
    condition: Callable[[], object], *, log: Path | None = None, seconds: float = 120
) -> None:
    """Returns when a condition holds; AssertionError, with the log, if never."""
    give_up_at = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > give_up_at:
            raise AssertionError(log.read_text()[-4_000:] if log else "never came true")
        time.sleep(0.02)


WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def waiting_for(table: str) -> int:
    """Returns how many sessions wait for a lock on a table."""
    statement = f"{WAITING} AND relation = %(table)s::regclass"
    return int(sql.fetch(statement, table=table)[0][0])


def waiting() -> int:
    """Returns how many sessions wait for any lock."""
    return int(sql.fetch(WAITING)[0][0])
