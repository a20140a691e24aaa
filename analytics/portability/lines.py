"""The lines of a CSV file of buckets: what each may hold."""

import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from api import schema_errors, spelling
from timegrid import buckets
from timegrid.buckets import FIRST_AT, FIVE_MINUTES, LAST_AT

SHOWN = 40  # characters of what is refused
COLUMNS = ["namespace", "metric", "segment", "start_at", "value"]
START = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:Z|\+00:00)", re.ASCII)
VALUE = re.compile(r"-?\d{1,26}(?:\.\d{1,6})?", re.ASCII)  # a day's sum still fits


class TransferError(ValueError):
    """Buckets that cannot be told or taken; the message says which and why.

    `line` is that of the file, where it is about one.
    """

    def __init__(self, problem: str, *, line: int | None = None) -> None:
        super().__init__(problem)
        self.line = line


@dataclass(frozen=True, slots=True)
class Rules:
    """What a line may hold.

    `metrics` are ids by name, `computed` the names of those that history may change
    from `live_at` on. None of `namespaces` and `live_at`: whatever is sent.
    """

    metrics: Mapping[str, int]
    computed: AbstractSet[str]
    namespaces: AbstractSet[str] | None
    live_at: datetime | None


Bucket = tuple[str, int, str, str]  # namespace, metric id, start and value


def checked(row: Sequence[str], *, rules: Rules) -> Bucket:
    """Returns the bucket of a row. Raises TransferError."""
    if len(row) != len(COLUMNS):
        raise TransferError(f"expected {len(COLUMNS)} columns, found {len(row)}")
    namespace, metric, segment, start, value = row
    check_namespace(namespace, known=rules.namespaces)
    if metric not in rules.metrics:
        raise TransferError(missing("metric", metric, rules.metrics))
    if segment != "0":
        raise TransferError(f"segment {short(segment)} is not 0, the whole namespace")
    check_start(start, live_at=rules.live_at if metric in rules.computed else None)
    if not VALUE.fullmatch(value):
        expected = "a decimal number with at most 26 digits before the point, 6 after"
        raise TransferError(f"value {short(value)} is not {expected}")
    return namespace, rules.metrics[metric], start, value


def missing(kind: str, name: str, known: Iterable[str]) -> str:
    """Returns in words that nothing has a name, and what is like it."""
    hint = spelling.question(name, known)
    return f"there is no {kind} named {short(name)}{hint}"


def short(text: str) -> str:
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}…")


def check_namespace(name: str, *, known: AbstractSet[str] | None) -> None:
    """Raises TransferError for a namespace that nothing can be loaded into."""
    if known is not None and name not in known:
        problem = missing("namespace", name, known)
        raise TransferError(f"{problem} (see --create-namespaces)")
    if not schema_errors.is_text(name):
        raise TransferError(
            f"namespace {short(name)} is not {schema_errors.TEXT_EXPECTED}"
        )


def check_start(text: str, *, live_at: datetime | None) -> None:
    """Raises TransferError for what begins no five minutes, or not before `live_at`."""
    try:
        at = datetime.fromisoformat(text) if START.fullmatch(text) else None
    except ValueError:
        at = None
    if at is None or at != buckets.floor(at, resolution=FIVE_MINUTES):
        expected = "the start of five minutes such as 2026-03-04T12:05:00Z"
        raise TransferError(f"start_at {short(text)} is not {expected}")
    if not FIRST_AT <= at < LAST_AT:
        raise TransferError(f"start_at {short(text)} is not in the years 2 to 9998")
    if live_at and at >= live_at:
        raise TransferError(
            f"start_at {short(text)} is not before {live_at:%Y-%m-%d}: from then on, "
            "this metric may be computed anew from history (see --replace)"
        )
