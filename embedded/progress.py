"""Whether a process gets on: the CPU time of it and its descendants, and its log.

A slow machine makes a start long, not idle: who waits goes by this instead of a clock.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
SAMPLE_SECONDS = 0.5


def cpu_seconds(pid: int) -> float:
    """Returns the CPU time of a process, of its descendants and of those that ended.

    Descendants, not the process group: PostgreSQL's children leave it. 0 when gone.
    """
    ticks, children = {}, dict[int, list[int]]()
    for process, parent, used in _processes():
        ticks[process] = used
        children.setdefault(parent, []).append(process)
    total, waiting = 0, [pid]
    while waiting:
        process = waiting.pop()
        total += ticks.get(process, 0)
        waiting += children.get(process, ())
    return total / TICKS_A_SECOND


def _processes() -> Iterator[tuple[int, int, int]]:
    """Yields id, parent and ticks of each process, as in proc_pid_stat(5)."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # gone meanwhile
            # The name, in brackets, may hold anything.
            fields = (process / "stat").read_text(errors="replace").rpartition(")")[2]
            parent, used = fields.split()[1], fields.split()[11:15]
            yield int(process.name), int(parent), sum(map(int, used))


class Progress:
    """What a process has done so far, and since when it has done nothing.

    The moments passed in, in seconds, may have any origin.
    """

    def __init__(self, pid: int, log: Path, *, now: float) -> None:
        self._pid, self._log = pid, log
        self._state = (0.0, 0)
        self._sampled_at = now - SAMPLE_SECONDS
        self._changed_at = now

    @property
    def idle_seconds(self) -> float:
        """For how long it had done nothing at the last look, not until now."""
        return max(0.0, self._sampled_at - self._changed_at)

    @property
    def cpu_seconds(self) -> float:
        """The CPU time at the last look."""
        return self._state[0]

    def look(self, now: float) -> None:
        """Look again, unless that was a moment ago: it reads all of /proc."""
        if now - self._sampled_at < SAMPLE_SECONDS:
            return
        self._sampled_at = now
        state = (cpu_seconds(self._pid), self._log.stat().st_size)
        if state != self._state:
            self._state, self._changed_at = state, now
