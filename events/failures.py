"""Periodic work that failed: noted until it succeeds, and no reason to stop others."""

import logging
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import connection

from db import sql
from events.models import Failure

FORGOTTEN = timedelta(days=1)  # what is not tried any more: its subject is gone
T = TypeVar("T")
logger = logging.getLogger(__name__)

NOTE = """
INSERT INTO events_failure AS known (work, subject, error, times, first_at, last_at)
VALUES (%(work)s, %(subject)s, %(error)s, 1, %(at)s, %(at)s)
ON CONFLICT (work, subject) DO UPDATE
SET error = EXCLUDED.error, times = known.times + 1, last_at = EXCLUDED.last_at
"""


class Attempts:
    """The attempts of one tick; `failing` are the subjects whose last one failed."""

    def __init__(self, work: str, *, at: datetime) -> None:
        self.work, self.at = work, at
        rows = Failure.objects.filter(work=work)
        self.failing = set(rows.values_list("subject", flat=True))
        self.tried, self.failed, self.idle = set[int](), set[int](), set[int]()

    def failing_last(
        self, items: Iterable[T], *, subject: Callable[[T], int]
    ) -> list[T]:
        """Returns all there is to do in its order, but for what may fail again."""
        ordered = sorted(items, key=lambda item: subject(item) in self.failing)
        self.idle = self.failing - {subject(item) for item in ordered}
        return ordered

    def attempt(self, subject: int, work: Callable[[], T]) -> T | None:
        """Returns what `work` does, or None: then the failure is noted and logged."""
        self.tried.add(subject)
        try:
            return work()
        except Exception as error:  # noqa: BLE001 - whatever it is, the rest goes on
            if not connection.in_atomic_block:  # else it is the caller's to end
                connection.close_if_unusable_or_obsolete()
            self.failed.add(subject)
            self.note(subject, error)
            return None

    def note(self, subject: int, error: Exception) -> None:
        """Notes the class of an error: its words may hold what somebody sent."""
        name = type(error).__name__
        frames = "".join(traceback.format_tb(error.__traceback__))
        logger.error("%s of %s failed: %s\n%s", self.work, subject, name, frames)
        sql.execute(NOTE, work=self.work, subject=subject, error=name, at=self.at)

    def forget(self) -> None:
        """Forgets the failures of what succeeded now, or was done by others."""
        if fine := (self.failing & self.tried | self.idle) - self.failed:
            Failure.objects.filter(work=self.work, subject__in=fine).delete()


@contextmanager
def attempts(work: str, *, at: datetime) -> Iterator[Attempts]:
    """Yields the attempts of a tick at some work, of which none stops another."""
    made = Attempts(work, at=at)
    yield made
    made.forget()


def current(work: str) -> list[str]:
    """Returns what fails at the moment, in words: "aggregate of 3: DataError"."""
    return [
        str(failure)
        for failure in Failure.objects.filter(work=work).order_by("subject")
    ]


def number() -> int:
    """Returns how many subjects of any work failed at their last attempt."""
    return Failure.objects.count()


def expire(*, now: datetime) -> None:
    """Forgets the failures of what nobody tries any more."""
    Failure.objects.filter(last_at__lt=now - FORGOTTEN).delete()
