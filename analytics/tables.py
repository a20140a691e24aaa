"""Tables of numbers: columns over the same cells, and the rows of a spreadsheet."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from events import buckets

Row = list[str | float | None]


@dataclass(frozen=True, slots=True)
class Column:
    """A KPI's or a metric's numbers: one value a cell, and one for all of them.

    `segment` is the path of the leaf whose numbers they are; None: the namespace's.
    """

    name: str
    values: list[float | None]
    aggregate: float | None
    segment: str | None = None

    @property
    def heading(self) -> str:
        """What it is called in a spreadsheet."""
        return f"{self.name} [{self.segment}]" if self.segment else self.name


@dataclass(frozen=True, slots=True)
class Table:
    """Columns over the same cells; `start_timestamps` in seconds.

    `previous` has as many cells and the same columns, for the time compared with;
    `complete` says of each cell whether all is counted in it, where that was asked for.
    """

    start_timestamps: list[float]
    columns: list[Column]
    warnings: list[str]
    previous: "Table | None" = None
    complete: list[bool] | None = None


def joined(
    cuts: Sequence[Sequence[datetime]],
    columns: Sequence[list[Column]],
    *,
    warnings: list[str],
) -> Table:
    """Returns the table of the first cut's columns; those of a second are `previous`.

    A cut is the edges of its cells.
    """
    table, *previous = (
        Table(buckets.timestamps(edges), found, warnings)
        for edges, found in zip(cuts, columns, strict=True)
    )
    return replace(table, previous=previous[0]) if previous else table


def with_complete(table: Table, told: Sequence[list[bool]]) -> Table:
    """Returns the table with what is `complete` of it, and of what it is compared
    with.
    """
    complete, *of_previous = told
    previous = table.previous and replace(table.previous, complete=of_previous[0])
    return replace(table, complete=complete, previous=previous)


def rows(table: Table, *, zone: ZoneInfo) -> list[Row]:
    """Returns the table as a spreadsheet shows it: names, a row a cell, and a total.

    Times are ISO 8601 by the clock of `zone`; None is a gap.
    """
    columns = sheet(table, total="total", zone=zone)
    if table.previous:
        before = sheet(table.previous, total=None, zone=zone)
        columns += [[f"previous {heading}", *cells] for heading, *cells in before]
    return [list(row) for row in zip(*columns, strict=True)]


def sheet(table: Table, *, total: str | None, zone: ZoneInfo) -> list[Row]:
    """Returns the column of times and those of numbers, each below its heading."""
    times = [datetime.fromtimestamp(at, zone) for at in table.start_timestamps]
    starts: Row = ["start", *(at.isoformat() for at in times), total]
    complete: list[Row] = []
    if table.complete is not None:
        complete = [["complete", *(str(one).lower() for one in table.complete), None]]
    return [
        starts,
        *complete,
        *([one.heading, *one.values, one.aggregate] for one in table.columns),
    ]


def file_name(what: str, table: Table, *, zone: ZoneInfo) -> str:
    """Returns `what` with the local dates on which the first and last cell begin."""
    ends = table.start_timestamps[:1] + table.start_timestamps[-1:]
    days = [datetime.fromtimestamp(at, zone).date().isoformat() for at in ends]
    return "_".join([what, *days]) + ".csv"
