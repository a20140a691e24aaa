"""A service and its process: tethered to us, in a group of its own, with a log."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from embedded import tether
from embedded.progress import Progress

STEADY_SECONDS = 10.0
STILL_WAITING_SECONDS = 10.0
LONGEST_DELAY = 30.0
LOG_BYTES = 10_000_000
# Tells later starts which processes belong to a folder.
MARK = "ABACUS_HOME"

Say = Callable[[str], None]


class ServiceError(Exception):
    """A service could not be started; the message ends with its last log lines."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """A program to keep alive.

    `ready` tells whether it can be used yet: it is waited for as long as it gets on,
    that is until it has done nothing for `idle_seconds` or has used `cpu_seconds`.
    `stop_signal` asks it to stop, within `stop_seconds`; `death_signal` is what the
    kernel sends when the supervisor is gone. One with the `terminal` writes there
    instead of into its log.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], bool] = lambda: True
    idle_seconds: float = 60.0
    cpu_seconds: float = 200.0
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10.0
    death_signal: signal.Signals = signal.SIGTERM
    terminal: bool = False


def delay(fails: int) -> float:
    """Returns the seconds to wait before a start after `fails` short lives in a row."""
    return float(min(LONGEST_DELAY, 0.2 * 2.0 ** min(fails, 10)))


class Child:
    """One service: its process, and when the next one is due."""

    def __init__(self, service: Service, *, home: Path) -> None:
        self.service = service
        self.home = home
        self.log = home / "logs" / f"{service.name}.log"
        self.fails = 0
        self.due_at: float | None = None
        self.spawn()

    def spawn(self) -> None:
        """Start the process, its output appended to its log."""
        service = self.service
        rotate(self.log)
        self.log_start = self.log.stat().st_size
        self.started_at, self.due_at = time.monotonic(), None
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                tethered(service.argv, death_signal=service.death_signal),
                env={**os.environ, **service.env, MARK: str(self.home)},
                stdin=subprocess.DEVNULL,
                stdout=None if service.terminal else log,
                stderr=None if service.terminal else log,
                process_group=0,
            )

    def wait_until_ready(self, *, say: Say) -> None:
        """Return when the service is ready, saying from time to time what it does.

        Raises ServiceError if it ends or does not get on.
        """
        progress = Progress(self.process.pid, self.log, now=self.started_at)
        say_at = self.started_at + STILL_WAITING_SECONDS
        while self.process.poll() is None:
            if self.service.ready():
                return
            now = time.monotonic()
            self.give_up_unless(progress, now)
            if now >= say_at:
                say(self.waiting(progress, now))
                say_at = now + STILL_WAITING_SECONDS
            time.sleep(0.02)
        raise ServiceError(self.report(f"ended at once ({self.ending()})"))

    def give_up_unless(self, progress: Progress, now: float) -> None:
        """Raises ServiceError when the process hangs, or works without an end."""
        progress.look(now)
        if progress.idle_seconds > self.service.idle_seconds:
            idle = f"is not ready, and idle for {self.service.idle_seconds:.0f} s"
            raise ServiceError(self.report(idle))
        if progress.cpu_seconds > self.service.cpu_seconds:
            busy = f"is not ready after {progress.cpu_seconds:.0f} s of CPU"
            raise ServiceError(self.report(busy))

    def waiting(self, progress: Progress, now: float) -> str:
        """Returns what is waited for, and what it has done until now."""
        lasted, used = now - self.started_at, progress.cpu_seconds
        return (
            f"Waiting for {self.service.name} since {lasted:.0f} s "
            f"({used:.1f} s of CPU), see {self.log}"
        )

    def tend(self, now: float, *, say: Say) -> None:
        """Plan the next start of a process that ended, and start it when it is due."""
        if self.due_at is not None:
            if now >= self.due_at:
                self.spawn()
        elif self.process.poll() is not None:
            self.kill()
            steady = now - self.started_at >= STEADY_SECONDS
            self.fails = 0 if steady else self.fails + 1
            wait = delay(self.fails)
            self.due_at = now + wait
            how = f"ended ({self.ending()}), again in {wait:.1f} s, see {self.log}"
            say(f"{self.service.name} {how}")

    def stop(self) -> None:
        """Ask the process to stop, wait, and kill what is left of its group."""
        if self.process.poll() is None:
            self.process.send_signal(self.service.stop_signal)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(self.service.stop_seconds)
        self.kill()

    def kill(self) -> None:
        """Kill the whole process group at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def ending(self) -> str:
        """Returns in words how the process ended."""
        code = self.process.returncode
        return f"exit code {code}" if code >= 0 else signal.Signals(-code).name

    def report(self, what: str) -> str:
        """Returns what happened, with the last lines logged since the start."""
        with self.log.open("rb") as log:
            log.seek(self.log_start)
            lines = log.read().decode(errors="replace").splitlines()
        return "\n  ".join(
            [f"{self.service.name} {what}, see {self.log}", *lines[-15:]]
        )


def tethered(argv: tuple[str, ...], *, death_signal: signal.Signals) -> list[str]:
    """Returns the command line that runs `argv` tied to this process.

    To be started by the main thread: the kernel takes a thread's end for the parent's.
    """
    ties = [str(tether.__file__), str(int(death_signal)), str(os.getpid())]
    return [sys.executable, "-I", "-S", *ties, *argv]


def rotate(log: Path) -> None:
    """Put a log that has grown too large aside, in place of the one before."""
    log.touch(mode=0o600)
    if log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
        log.touch(mode=0o600)


def leftovers(home: Path) -> list[int]:
    """Returns the ids of the living processes that any supervisor of `home` started."""
    mark = f"{MARK}={home}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # gone meanwhile, or not ours to read
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
    return found


def kill_leftovers(home: Path) -> None:
    """Kill what an earlier supervisor left behind; for the holder of the lock only."""
    while orphans := leftovers(home):
        for orphan in orphans:
            with suppress(ProcessLookupError):
                os.kill(orphan, signal.SIGKILL)
        time.sleep(0.02)
