"""Reports made: read in one moment of the data, written, and handed to the storage."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any

from django.db import connection

from accounts.models import Namespace
from analytics.models import Report
from analytics.reports import expiry, plans, queue, sheets, storing, workbooks
from analytics.reports.plans import Plan, PlanError
from analytics.reports.queue import LostError
from analytics.reports.sheets import Book, Sheet, Tell
from analytics.series import queries, readings, sums
from analytics.series import values as series
from analytics.series.readings import Reading, SegmentSums
from db.sql import snapshot
from timegrid import buckets
from timegrid.buckets import TooManyCells

PIECE = 400_000  # sums of metrics that are read at once
SLOWEST = 1_000_000  # bytes a second, to a storage elsewhere
RENEWAL = queue.HOLD.total_seconds() / 3
MAX_BYTES = 200_000_000  # of a file, and of what it is made of meanwhile
TOO_LONG = (
    f"The file would have more than {MAX_BYTES // 1_000_000} MB: choose a coarser "
    "granularity, a shorter span, fewer names or a smaller segmentation."
)

WRITERS: dict[str, Callable[..., None]] = {
    "csv": sheets.write_csv,
    "xlsx": workbooks.write,
    "json": sheets.write_json,
}
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
    with renewed(report, clock=clock), snapshot():
        plan, book = read(report, at=clock())
    with storing.workplace() as folder:
        path = folder / f"report.{report.payload['format']}"
        write(path, book, report=report, clock=clock)
        seconds = queue.HOLD.seconds + path.stat().st_size / SLOWEST
        queue.hold(report, progress=99, at=clock(), seconds=seconds)
        file = storing.keep(path)
    try:
        file_name = plan.file_name(path.suffix)
        queue.complete(report, file=file, file_name=file_name, at=clock())
    except LostError:
        storing.discard(file.name)
        raise
    expiry.make_room(namespace_id=report.namespace_id)


@contextmanager
def renewed(report: Report, *, clock: Clock) -> Iterator[None]:
    """Holds on to a report while its numbers are read, however long that takes.

    In a session of its own: the one that reads shows nothing before it ends.
    """
    over = Event()

    def renew() -> None:
        try:
            while not over.wait(RENEWAL):
                queue.renew(report, at=clock())
        except LostError:
            pass  # whoever reads learns of it when next holding on to the report
        finally:
            connection.close()

    thread = Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def read(report: Report, *, at: datetime) -> tuple[Plan, Book]:
    """Returns all numbers of a report, and what is to be said of them.

    A span without an end goes up to when the report was asked for, whenever that is
    read. Raises PlanError and TooManyCells.
    """
    payload = report.payload
    plan = plans.plan(
        namespace_id=report.namespace_id, payload=payload, now=report.requested_at
    )
    numbers = reading(plan)
    book = Book(
        starts=plan.edges[:-1],
        zone=plan.zone,
        sheets=filled(plan, numbers),
        about=about(plan, payload=payload, at=at),
        warnings=[*plan.warnings, *doubts(plan, numbers)],
        made_at=at,
    )
    return plan, book


def reading(plan: Plan) -> Reading:
    """Returns all sums, read piece by piece, so that no statement returns very much."""
    step = min(
        buckets.MAX_CELLS, PIECE // max(1, len(plan.names) * plan.segment_count) + 1
    )
    pieces = [
        readings.read(
            plan.edges[lower : lower + step + 1],
            plan.names,
            namespace_id=plan.namespace_id,
            segmentation=plan.segmentation,
        )
        for lower in range(0, max(1, plan.cells), step)
    ]
    segments = [
        SegmentSums(
            first.path, sums.joined([first.sums, *(other.sums for other in others)])
        )
        for first, *others in zip(*(piece.segments for piece in pieces), strict=True)
    ]
    return Reading(plan.edges, segments, pieces[0].stale)


def filled(plan: Plan, numbers: Reading) -> list[Sheet]:
    """Returns a sheet a kind, with its columns."""
    made, segments = [], numbers.segments
    if plan.formulas is not None:
        kpis = series.kpi_columns(plan.formulas, segments, cells=plan.cells)
        made.append(Sheet("kpis", kpis, plan.cells, plan.kpi_labels))
    if plan.metrics is not None:
        metrics = series.metric_columns(
            plan.metrics, numbers.segments, cells=plan.cells
        )
        made.append(Sheet("metrics", metrics, plan.cells, plan.metric_labels))
    return made


def doubts(plan: Plan, numbers: Reading) -> list[str]:
    """Returns warnings of KPIs and leaves whose numbers are not there."""
    partial = queries.partial(plan.segmentation, names=plan.names, since=plan.edges[0])
    return series.doubts(plan.formulas or {}, numbers) + partial


def about(
    plan: Plan, *, payload: Mapping[str, Any], at: datetime
) -> dict[str, str | datetime]:
    """Returns what a file is about, for whoever finds it later."""
    start, end = (plan.edges[index].astimezone(plan.zone) for index in (0, -1))
    as_of = queries.data_as_of(namespace_id=plan.namespace_id, now=at)
    return {
        "namespace": Namespace.objects.get(pk=plan.namespace_id).name,
        "start": start,
        "end": end,
        "timezone": plan.zone.key,
        "granularity": payload.get("granularity") or "chosen by the length of the span",
        "segmentation": plan.segmentation.name if plan.segmentation else "none",
        "complete_up_to": as_of,
        "made_at": at,
    }


def write(path: Path, book: Book, *, report: Report, clock: Clock) -> None:
    """Writes the file. Raises LostError, PlanError and OSError."""
    tell = holding(report, path.parent, numbers=book.numbers, clock=clock)
    WRITERS[report.payload["format"]](path, book, tell=tell)
    require_size(path.parent)


def require_size(folder: Path) -> None:
    """Raises PlanError where a file, or what it is made of, has grown too long."""
    if sum(file.stat().st_size for file in folder.iterdir()) > MAX_BYTES:
        raise PlanError("granularity", TOO_LONG)


def holding(report: Report, folder: Path, *, numbers: int, clock: Clock) -> Tell:
    """Returns what is told how many more numbers were written: it holds the report.

    It does so at every percent. Raises LostError, and PlanError for a file that grows
    too long.
    """
    done, shown = 0, -1

    def tell(more: int) -> None:
        nonlocal done, shown
        done += more
        percent = 98 * done // max(1, numbers)
        if percent > shown:
            queue.hold(report, progress=percent, at=clock())
            require_size(folder)
            shown = percent

    return tell
