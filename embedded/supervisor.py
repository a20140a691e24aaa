"""A small supervisor: starts services in order, keeps them alive, stops them cleanly.

Every service is tethered to it (`embedded.tether`): when the supervisor is killed, even
with -9, the kernel stops its services.
"""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Self

from embedded.service import Child, Say, Service

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(BaseException):
    """A stop signal arrived. Not an Exception: no `except` on its way may eat it."""


class Stop:
    """Whether a stop was asked for.

    What a signal raises is lost where Python runs a finalizer or a callback: loops that
    go on for ever check.
    """

    def __init__(self) -> None:
        self.asked = False

    def check(self) -> None:
        """Raises StopRequested once a stop was asked for."""
        if self.asked:
            raise StopRequested


class Supervisor:
    """The services of one folder. Leaving it as a context stops them all.

    `home` keeps the logs and marks the processes, `say` prints short lines.
    """

    def __init__(self, home: Path, *, say: Say) -> None:
        self.home = home
        self.say = say
        self.children: list[Child] = []
        (home / "logs").mkdir(mode=0o700, exist_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, service: Service) -> None:
        """Start a service and wait until it is ready; raises ServiceError."""
        child = Child(service, home=self.home)
        self.children.append(child)
        child.wait_until_ready(say=self.say)

    def watch(self, stop: Stop) -> None:
        """Keep all services alive until a stop signal raises StopRequested."""
        while True:
            stop.check()
            for child in self.children:
                child.tend(time.monotonic(), say=self.say)
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop all services, the last one started first."""
        if self.children:
            self.say("Stopping …")
        while self.children:
            self.children.pop().stop()


@contextmanager
def stoppable(*, at_once: bool = True) -> Iterator[Stop]:
    """Within, the first stop signal raises StopRequested; the block ends quietly by it.

    Later signals do nothing: the stop they ask for is under way. A block with threads
    is not stopped `at_once`: raised while a lock is being taken, it would leave the
    lock taken for ever. Such a block checks.
    """

    stop = Stop()

    def request(number: int, frame: FrameType | None) -> None:
        stop.asked = True
        for each in STOP_SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        if at_once:
            raise StopRequested

    before = {each: signal.signal(each, request) for each in STOP_SIGNALS}
    try:
        yield stop
    except StopRequested:
        pass
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
