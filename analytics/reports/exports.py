"""Reports made: read in one moment of the data, written, and handed to the storage."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from access.models import Namespace
from analytics import queries
from analytics.models import Report
from analytics.queries import Part
from analytics.reports import plans, queue, sheets, storing
from analytics.reports.plans import Plan, PlanError
from analytics.reports.queue import LostError
from analytics.reports.sheets import Book, Sheet, Tell
from analytics.tables import Column
from analytics.verification import snapshot
from events import buckets
from events.buckets import TooManyCells

PIECE = 400_000  # sums of metrics that are read at once
SLOWEST = 1_000_000  # bytes a second, to a storage elsewhere

Clock = Callable[[], datetime]
logger = logging.getLogger(__name__)


def make(report: Report, *, clock: Clock) -> None:
    """Makes a claimed report, or ends this attempt at it.

    What went wrong is in the log, and in words for people in the row; another attempt
    follows where it could go better.
    """
    try:
        produce(report, clock=clock)
    except LostError:
        logger.info("report %s was cancelled or taken over", report)
    except (PlanError, TooManyCells) as error:
        queue.fail(report, message=str(error), at=clock())
    except Exception as error:
        logger.exception("report %s could not be made", report)
        queue.postpone(report, message=reason(error), at=clock())


def reason(error: Exception) -> str:
    """Returns why there is no file, for people: no more than the kind of error."""
    strerror = error.strerror if isinstance(error, OSError) else None
    kind = strerror or type(error).__name__
    return f"The file could not be made or stored ({kind}): staff find more in the log."


def produce(report: Report, *, clock: Clock) -> None:
    """Writes the file of a claimed report and completes its row.

    Raises LostError, PlanError, TooManyCells, OSError and what the storage raises.
    """
    with snapshot():
        plan, book = read(report, at=clock())
    with storing.workplace() as folder:
        path = folder / f"report.{report.payload['format']}"
        write(path, book, report=report, clock=clock)
        seconds = queue.HOLD.seconds + path.stat().st_size / SLOWEST
        queue.hold(report, progress=99, at=clock(), seconds=seconds)
        kept = storing.keep(path)
    try:
        file_name = plan.file_name(path.suffix)
        queue.complete(report, kept=kept, file_name=file_name, at=clock())
    except LostError:
        storing.discard(kept.name)
        raise


def read(report: Report, *, at: datetime) -> tuple[Plan, Book]:
    """Returns all numbers of a report, and what is to be said of them.

    A span without an end goes up to when the report was asked for, whenever that is
    read. Raises PlanError and TooManyCells.
    """
    payload = report.payload
    plan = plans.plan(
        namespace_id=report.namespace_id, payload=payload, now=report.requested_at
    )
    book = Book(
        starts=plan.edges[:-1],
        zone=plan.zone,
        sheets=filled(plan),
        about=about(plan, payload=payload, at=at),
        warnings=[*plan.warnings, *doubts(plan)],
        made_at=at,
    )
    return plan, book


def filled(plan: Plan) -> list[Sheet]:
    """Returns a sheet a kind: the totals of its columns, and all their values.

    These are read piece by piece, so that no statement returns very much.
    """
    totals = columns(plan, plan.whole)
    values = {key: np.empty((len(kind), plan.cells)) for key, kind in totals.items()}
    step = min(buckets.MAX_CELLS, PIECE // max(1, len(plan.names) * plan.series) + 1)
    for lower in range(0, plan.cells, step):
        piece = columns(plan, plan.edges[lower : lower + step + 1])
        for key, kind in piece.items():
            for place, one in enumerate(kind):
                values[key][place, lower : lower + step] = np.array(one.values, float)
    return [Sheet(key, kind, values[key]) for key, kind in totals.items()]


def columns(plan: Plan, edges: Sequence[datetime]) -> dict[str, list[Column]]:
    """Returns the columns of each kind over some cells, in one statement."""
    told, found = parts(plan, edges), dict[str, list[Column]]()
    if plan.formulas is not None:
        found["kpis"] = [
            queries.column(name, one, part.sums, len(edges) - 1, segment=part.path)
            for name, one in plan.formulas.items()
            for part in told
        ]
    if plan.metrics is not None:
        found["metrics"] = [
            queries.metric_column(name, part.sums[name], segment=part.path)
            for name in plan.metrics
            for part in told
            if name in part.sums
        ]
    return found


def parts(plan: Plan, edges: Sequence[datetime]) -> list[Part]:
    [found] = queries.read(
        [edges], namespace_id=plan.namespace_id, names=plan.names, cut=plan.cut
    )
    return found


def doubts(plan: Plan) -> list[str]:
    """Returns warnings of KPIs and leaves whose numbers are not there."""
    names, since = list(plan.names), plan.edges[0]
    partial = queries.partial(plan.cut, names=names, since=since)
    return queries.gone(plan.formulas or {}, parts(plan, plan.whole)) + partial


def about(plan: Plan, *, payload: Mapping[str, Any], at: datetime) -> dict[str, str]:
    """Returns what a file is about, for whoever finds it later."""
    start, end = (one.astimezone(plan.zone).isoformat() for one in plan.whole)
    as_of = queries.data_as_of(namespace_id=plan.namespace_id, now=at)
    return {
        "namespace": Namespace.objects.get(pk=plan.namespace_id).name,
        "start": start,
        "end": end,
        "timezone": plan.zone.key,
        "granularity": payload.get("granularity") or "chosen by the length of the span",
        "segmentation": plan.cut.name if plan.cut else "none",
        "complete_up_to": as_of.isoformat(),
        "made_at": at.isoformat(),
    }


def write(path: Path, book: Book, *, report: Report, clock: Clock) -> None:
    """Writes the file. Raises LostError and OSError."""
    tell = holding(report, numbers=book.numbers, clock=clock)
    sheets.WRITERS[report.payload["format"]](path, book, tell=tell)


def holding(report: Report, *, numbers: int, clock: Clock) -> Tell:
    """Returns what is told how many more numbers were written: it holds the report.

    It does so at every percent, and raises LostError.
    """
    done, shown = 0, -1

    def tell(more: int) -> None:
        nonlocal done, shown
        done += more
        percent = 98 * done // max(1, numbers)
        if percent > shown:
            queue.hold(report, progress=percent, at=clock())
            shown = percent

    return tell
