"""Files of numbers: rows for spreadsheets, columns for programs, in bounded memory.

A number is written with all of its digits, a gap is an empty cell or null, and text
that a spreadsheet would compute is made harmless.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from access.renderers import harmless
from analytics.tables import Column, Row

BATCH = 50_000  # numbers that are written between two signs of life
HEADING = 22  # characters of a column's width

TITLES = {"kpis": "KPIs", "metrics": "Metrics"}
LABELS = {"kpis": "kpi", "metrics": "name"}  # in JSON

Tell = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The columns of one kind, "kpis" or "metrics", over some number of cells.

    Their numbers are computed when they are written: sums take less memory.
    """

    key: str
    columns: list[Column]
    cells: int

    def headings(self, prefix: str = "") -> list[str]:
        return [f"{prefix}{one.heading}" for one in self.columns]


@dataclass(frozen=True, slots=True)
class Book:
    """Sheets over the same cells, which start then, and what is to be said of them."""

    starts: list[datetime]
    zone: ZoneInfo
    sheets: list[Sheet]
    about: dict[str, str]
    warnings: list[str]
    made_at: datetime

    @property
    def numbers(self) -> int:
        return sum(len(one.columns) * one.cells for one in self.sheets)


def write_csv(path: Path, book: Book, *, tell: Tell) -> None:
    """Writes one table, with the columns of all sheets side by side."""
    heads = [head for one in book.sheets for head in one.headings(prefix(book, one))]
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(map(harmless, ["start", *heads]))
        for batch in batches(book, book.sheets, tell=tell):
            table.writerows(batch)


def prefix(book: Book, sheet: Sheet) -> str:
    """Returns what tells a metric from a KPI of its name beside it."""
    return "metric " if len(book.sheets) > 1 and sheet.key == "metrics" else ""


def batches(book: Book, sheets: list[Sheet], *, tell: Tell) -> Iterator[list[Row]]:
    """Yields rows of a start and the numbers of its cell, then one of totals.

    Tells of a batch's numbers when it is asked for the next one.
    """
    columns = [column for one in sheets for column in one.columns]
    size = max(1, BATCH // max(1, len(columns)))
    for lower in range(0, len(book.starts), size):
        upper = min(lower + size, len(book.starts))
        starts = [local(at, book.zone) for at in book.starts[lower:upper]]
        numbers = [one.series(slice(lower, upper)).digits() for one in columns]
        yield [list(row) for row in zip(starts, *numbers, strict=True)]
        tell(len(columns) * (upper - lower))
    totals = [one.series(slice(-1, None)).digits() for one in columns]
    yield [["total", *(total for [total] in totals)]]


def local(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat()


class ExactWorksheet(Worksheet):  # type: ignore[misc]  # the package has no types
    """Writes floats with as many digits as they have: the package stops at 16."""

    def _xml_number_element(self, number: float, attributes: Any = ()) -> None:
        told = "".join(f' {key}="{value}"' for key, value in attributes)
        self.fh.write(f"<c{told}><v>{number!r}</v></c>")


def write_xlsx(path: Path, book: Book, *, tell: Tell) -> None:
    """Writes a workbook with a sheet a kind, and one about them.

    What it keeps in the meantime stands in the file's folder.
    """
    options = {"constant_memory": True, "tmpdir": str(path.parent)}
    with Workbook(str(path), options) as workbook:
        workbook.set_properties({"created": book.made_at})
        bold = workbook.add_format({"bold": True})
        for sheet in book.sheets:
            page = workbook.add_worksheet(TITLES[sheet.key], ExactWorksheet)
            page.freeze_panes(1, 1)
            page.set_column(0, len(sheet.columns), HEADING)
            fill_row(page, 0, ["start", *sheet.headings()], bold)
            rows = (row for part in batches(book, [sheet], tell=tell) for row in part)
            for number, row in enumerate(rows, start=1):
                fill_row(page, number, row)
        about = workbook.add_worksheet("About")
        about.set_column(0, 1, HEADING)
        told: list[Row] = [
            [key.replace("_", " "), one] for key, one in book.about.items()
        ]
        told += [["warning", one] for one in book.warnings]
        for number, pair in enumerate(told):
            fill_row(about, number, pair)


def fill_row(page: Worksheet, number: int, row: Row, style: Any = None) -> None:
    """Writes text as text, whatever it looks like, and nothing for a gap."""
    for place, cell in enumerate(row):
        if isinstance(cell, str):
            page.write_string(number, place, harmless(cell), style)
        elif cell is not None:
            page.write_number(number, place, float(cell), style)


def write_json(path: Path, book: Book, *, tell: Tell) -> None:
    """Writes what the API answers, and what the file is about."""
    with path.open("wb") as file:
        starts = orjson.dumps([at.timestamp() for at in book.starts])
        file.write(b'{"start_timestamps":' + starts)
        for sheet in book.sheets:
            file.write(f',"{sheet.key}":['.encode())
            for place, one in enumerate(sheet.columns):
                file.write(b"," if place else b"")
                file.write(json_column(sheet.key, one))
                tell(sheet.cells)
            file.write(b"]")
        if book.warnings:
            file.write(b',"warnings":' + orjson.dumps(book.warnings))
        file.write(b',"about":' + orjson.dumps(book.about) + b"}")


def json_column(key: str, one: Column) -> bytes:
    numbers = one.series().floats()  # NaN is written as null
    found: dict[str, Any] = {LABELS[key]: one.name}
    if one.segment:
        found["segment"] = one.segment
    if key == "kpis":
        found["aggregate"] = numbers[-1]
    found["values"] = numbers[:-1]
    return orjson.dumps(found, option=orjson.OPT_SERIALIZE_NUMPY)


WRITERS: dict[str, Callable[..., None]] = {
    "csv": write_csv,
    "xlsx": write_xlsx,
    "json": write_json,
}
