"""What a report will hold: names that exist, and cells that fit into a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from analytics.formulas import formula
from analytics.models import KPI, Metric
from analytics.series import queries
from analytics.series import values as series
from analytics.series.tables import Label
from analytics.series.values import Formulas
from segmentation import queries as segmentation
from segmentation.resolved import ResolvedSegmentation
from timegrid import buckets, periods
from timegrid.buckets import Granularity, TooManyCells
from timegrid.periods import Period

MAX_CELLS = 110_000  # a leap year of five minutes, and some
MAX_NUMBERS = 8_000_000  # 64 MB while they are written
MAX_COLUMNS = 16_000  # of a spreadsheet


class PlanError(ValueError):
    """A report cannot be made of what was asked for; `field` is to blame."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


@dataclass(frozen=True, slots=True)
class Plan:
    """KPIs by name and metrics, over cells by their edges; None: not of that kind."""

    namespace_id: int
    segmentation: ResolvedSegmentation | None
    formulas: Formulas | None
    metrics: list[str] | None
    kpi_labels: Mapping[str, Label]
    metric_labels: Mapping[str, Label]
    edges: list[datetime]
    zone: ZoneInfo
    warnings: list[str]

    @property
    def cells(self) -> int:
        return len(self.edges) - 1

    @property
    def names(self) -> set[str]:
        """The metrics that both kinds need."""
        return series.metrics_of(self.formulas or {}) | {*(self.metrics or [])}

    @property
    def segment_count(self) -> int:
        """The whole and the leaves."""
        return 1 + (len(self.segmentation.segments) if self.segmentation else 0)

    def file_name(self, suffix: str) -> str:
        """Returns what a download is called: the days of its first and last cell."""
        ends = self.edges[:-1][:1] + self.edges[:-1][-1:]
        days = [at.astimezone(self.zone).date().isoformat() for at in ends]
        return "_".join(["report", *days]) + suffix


def plan(*, namespace_id: int, payload: Mapping[str, Any], now: datetime) -> Plan:
    """Returns what a report of this payload holds, in at most six queries.

    The payload has `segmentation_id`, `kpis`, `metrics` (names), `start_timestamp`,
    `end_timestamp` (float seconds UTC), `granularity`, `timezone` and `format`, each
    of which may be missing; without any name, it is about all KPIs. A span without an
    end ends `now`. Raises PlanError.
    """
    kpis, metrics = payload.get("kpis") or [], payload.get("metrics") or []
    rows, unknown = queries.catalogue(kpis) if kpis or not metrics else (None, [])
    units, unknown_too = active(metrics) if metrics else (None, [])
    when = period(payload)
    made = Plan(
        namespace_id=namespace_id,
        segmentation=chosen(payload.get("segmentation_id"), namespace_id=namespace_id),
        formulas=None if rows is None else formulas(rows),
        metrics=None if units is None else list(units),
        kpi_labels={kpi.name: Label(kpi.display_name, kpi.unit) for kpi in rows or []},
        metric_labels={
            name: Label(words(name), unit) for name, unit in (units or {}).items()
        },
        edges=edges(when, namespace_id=namespace_id, now=now),
        zone=when.zone,
        warnings=unknown + unknown_too,
    )
    require_room(made)
    return made


def formulas(kpis: Sequence[KPI]) -> Formulas:
    return {kpi.name: formula.read(kpi.formula) for kpi in kpis}


def active(names: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Returns the units of active metrics, and warnings for unknown names."""
    rows = Metric.objects.filter(active=True).order_by("name")
    units = dict(rows.values_list("name", "unit"))
    known, warnings = queries.known(list(units), names, what="metric")
    return {name: units[name] for name in known}, warnings


def words(name: str) -> str:
    """Returns a metric's name as people read it: it has no other."""
    return name.replace("_", " ").capitalize()


def chosen(
    segmentation_id: str | None, *, namespace_id: int
) -> ResolvedSegmentation | None:
    """Returns the segmentation asked for, if one is. Raises PlanError."""
    if segmentation_id is None:
        return None
    resolved = segmentation.resolved_segmentation(
        namespace_id=namespace_id, segmentation_id=segmentation_id
    )
    if resolved is None:
        reason = f"The segmentation {segmentation_id} does not exist."
        raise PlanError("segmentation_id", reason)
    return resolved


def period(payload: Mapping[str, Any]) -> Period:
    """Returns the part of the data that a payload asks for."""
    start, end, granularity, zone = (
        payload.get(name)
        for name in ("start_timestamp", "end_timestamp", "granularity", "timezone")
    )
    return Period(
        start=None if start is None else buckets.moment(start),
        end=None if end is None else buckets.moment(end),
        granularity=Granularity(granularity) if granularity else None,
        zone=ZoneInfo(zone or "UTC"),
    )


def edges(when: Period, *, namespace_id: int, now: datetime) -> list[datetime]:
    """Returns the edges of the cells. Raises PlanError for too many."""
    first = queries.first_bucket(namespace_id, when)
    rows = Metric.objects.annotate(first_at=first).values_list("first_at", flat=True)
    try:
        return periods.cells(when, first_at=rows.first(), now=now, most=MAX_CELLS)
    except TooManyCells as error:
        raise PlanError("granularity", str(error)) from None


def require_room(plan: Plan) -> None:
    """Raises PlanError for more than a file may hold."""
    names = len(plan.formulas or {}) + len(plan.metrics or [])
    columns, numbers = (
        names * plan.segment_count,
        names * plan.segment_count * plan.cells,
    )
    if columns > MAX_COLUMNS:
        what, most = f"{columns:,} columns", MAX_COLUMNS
    elif numbers > MAX_NUMBERS:
        what, most = f"{numbers:,} numbers", MAX_NUMBERS
    else:
        return
    raise PlanError(
        "granularity",
        f"The report would have {what}, and at most {most:,} are written: choose a "
        "coarser granularity, a shorter span, fewer names or a smaller segmentation.",
    )
