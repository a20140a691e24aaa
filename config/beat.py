"""When periodic work is due: as soon as beat starts, then at intervals.

Beat keeps no file: however often it is restarted, everything is due at once, and all of
it may run twice. A clock that is set, forward or back, changes no interval.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from celery.beat import ScheduleEntry, Scheduler
from celery.schedules import schedstate, schedule

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class Every(schedule):
    """An interval. A last run that is yet to come was noted under another clock."""

    def is_due(self, last_run_at: datetime) -> Any:
        """Returns whether to run now, and in how many seconds to ask again."""
        if self.maybe_make_aware(last_run_at) > self.maybe_make_aware(self.now()):
            return schedstate(is_due=True, next=self.seconds)
        return super().is_due(last_run_at)


class Beat(Scheduler):
    """Celery's scheduler, its queue of entries ordered by a clock that nobody sets."""

    def _when(
        self,
        entry: ScheduleEntry,
        next_time_to_run: float,
        mktime: Callable[..., float] | None = None,
    ) -> float:
        return time.monotonic() + next_time_to_run


def tick(task: str, *, seconds: int) -> dict[str, Any]:
    """Returns an entry of the schedule; one that no worker takes in time is dropped."""
    return {
        "task": task,
        "schedule": Every(seconds),
        "last_run_at": LONG_AGO,
        "options": {"expires": seconds},
    }
