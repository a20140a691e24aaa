"""Tables of numbers: columns over the same cells, and the rows of a spreadsheet."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo

from analytics.formulas.formula import Formula
from analytics.formulas.rationals import Rationals

Row = list[str | float | Decimal | None]
WHOLE = slice(None)


class Label(NamedTuple):
    """What people call a KPI or a metric, and its unit."""

    text: str
    unit: str


@dataclass(frozen=True)
class Column:
    """A KPI's or a metric's numbers: one value a cell, and one for all of them.

    `formula` is over `sums`, which have as many fractions as there are cells, and then
    that of all cells; without a formula that can be read, and without one of its
    metrics, all are gaps. `segment` is the path of the leaf whose numbers they are;
    None: the namespace's.
    """

    name: str
    formula: Formula | None
    sums: Mapping[str, Rationals]
    cells: int
    segment: str | None = None

    @property
    def heading(self) -> str:
        """What it is called in a spreadsheet."""
        return f"{self.name} [{self.segment}]" if self.segment else self.name

    def series(self, cells: slice = WHOLE) -> Rationals:
        """Returns the exact numbers of some cells; without a choice, of all and then
        the aggregate.
        """
        names = self.formula.names if self.formula else ()
        if self.formula is None or not self.sums.keys() >= set(names):
            return Rationals.gaps(len(range(self.cells + 1)[cells]))
        return self.formula.series({name: self.sums[name][cells] for name in names})

    @cached_property
    def numbers(self) -> list[float | None]:
        """The values, then the aggregate."""
        return self.series().numbers()

    @property
    def values(self) -> list[float | None]:
        return self.numbers[:-1]

    @property
    def aggregate(self) -> float | None:
        return self.numbers[-1]


@dataclass(frozen=True, slots=True)
class Table:
    """Columns over the same cells; `start_timestamps` in seconds.

    `previous` has as many cells and the same columns, for the time compared with;
    `complete` says of each cell whether all is counted in it, where that was asked for.
    `end_timestamp` is where the aggregates end, if they do before the last cell does.
    """

    start_timestamps: list[float]
    columns: list[Column]
    warnings: list[str]
    previous: "Table | None" = None
    complete: list[bool] | None = None
    end_timestamp: float | None = None


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
    marks: list[Row] = []
    if table.complete is not None:
        marks = [
            ["complete", *(str(complete).lower() for complete in table.complete), None]
        ]
    return [
        starts,
        *marks,
        *([column.heading, *column.series().digits()] for column in table.columns),
    ]


def file_name(what: str, table: Table, *, zone: ZoneInfo) -> str:
    """Returns `what` with the local dates on which the first and last cell begin."""
    ends = table.start_timestamps[:1] + table.start_timestamps[-1:]
    days = [datetime.fromtimestamp(at, zone).date().isoformat() for at in ends]
    return "_".join([what, *days]) + ".csv"
