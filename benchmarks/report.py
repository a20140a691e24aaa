"""What a benchmark found: a ratio, the bar it is held against, and how it was got."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table; `met` compares the ratio with the bar."""

    what: str
    ratio: float
    bar: float
    at_least: bool
    details: str

    @property
    def met(self) -> bool:
        return self.ratio >= self.bar if self.at_least else self.ratio <= self.bar

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        verdict = "met" if self.met else "SHORT"
        return (
            f"{verdict:5} {self.what}: {self.ratio:.2f} (bar {sign} {self.bar:g})\n"
            f"      {self.details}"
        )


def seconds(work: Callable[[], object]) -> float:
    """Returns how long `work` takes, once."""
    started_at = time.perf_counter()
    work()
    return time.perf_counter() - started_at


def median_seconds(work: Callable[[], object], *, rounds: int) -> float:
    """Returns the median duration of `rounds` runs, after one that is not counted."""
    work()
    return statistics.median(seconds(work) for _ in range(rounds))


def milliseconds(samples: Sequence[float]) -> str:
    """Returns the median and the 99th percentile of durations given in seconds."""
    cuts = statistics.quantiles(samples, n=100)
    return f"p50 {cuts[49] * 1e3:.2f} ms, p99 {cuts[98] * 1e3:.2f} ms"
