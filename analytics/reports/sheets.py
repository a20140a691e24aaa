"""Files of numbers: rows as CSV, columns as JSON, in bounded memory.

A number is written with all of its digits, a gap is an empty cell or null, and text
that a spreadsheet would compute is made harmless.
"""

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from analytics.series.tables import Column, Label
from api.renderers import harmless

BATCH = 50_000  # numbers that are written between two signs of life
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
    labels: Mapping[str, Label]

    def headings(self, prefix: str = "") -> list[str]:
        return [f"{prefix}{column.heading}" for column in self.columns]


@dataclass(frozen=True, slots=True)
class Book:
    """Sheets over the same cells, which start then, and what is to be said of them."""

    starts: list[datetime]
    zone: ZoneInfo
    sheets: list[Sheet]
    about: dict[str, str | datetime]
    warnings: list[str]
    made_at: datetime

    @property
    def numbers(self) -> int:
        return sum(len(sheet.columns) * sheet.cells for sheet in self.sheets)


def write_csv(path: Path, book: Book, *, tell: Tell) -> None:
    """Writes one table, with the columns of all sheets side by side."""
    heads = [
        heading
        for sheet in book.sheets
        for heading in sheet.headings(prefix(book, sheet))
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(map(harmless, ["start", *heads]))
        start = partial(local, zone=book.zone)
        for batch in batches(book, book.sheets, start=start, tell=tell):
            table.writerows(batch)


def prefix(book: Book, sheet: Sheet) -> str:
    """Returns what tells a metric from a KPI of its name beside it."""
    return "metric " if len(book.sheets) > 1 and sheet.key == "metrics" else ""


def batches(
    book: Book, sheets: list[Sheet], *, start: Callable[[datetime], Any], tell: Tell
) -> Iterator[list[list[Any]]]:
    """Yields rows of a start and the numbers of its cell, then one of totals.

    `start` says how a start is written. Tells of a batch's numbers when it is asked for
    the next one.
    """
    columns = [column for sheet in sheets for column in sheet.columns]
    size = max(1, BATCH // max(1, len(columns)))
    for lower in range(0, len(book.starts), size):
        upper = min(lower + size, len(book.starts))
        starts = map(start, book.starts[lower:upper])
        numbers = [column.series(slice(lower, upper)).digits() for column in columns]
        yield [list(row) for row in zip(starts, *numbers, strict=True)]
        tell(len(columns) * (upper - lower))
    totals = [column.series(slice(-1, None)).digits() for column in columns]
    yield [["total", *(total for [total] in totals)]]


def local(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat()


def write_json(path: Path, book: Book, *, tell: Tell) -> None:
    """Writes what the API answers, and what the file is about."""
    with path.open("wb") as file:
        starts = orjson.dumps([at.timestamp() for at in book.starts])
        file.write(b'{"start_timestamps":' + starts)
        for sheet in book.sheets:
            file.write(f',"{sheet.key}":['.encode())
            for index, column in enumerate(sheet.columns):
                file.write(b"," if index else b"")
                file.write(json_column(sheet.key, column))
                tell(sheet.cells)
            file.write(b"]")
        if book.warnings:
            file.write(b',"warnings":' + orjson.dumps(book.warnings))
        file.write(b',"about":' + orjson.dumps(book.about) + b"}")


def json_column(key: str, column: Column) -> bytes:
    numbers = column.series().floats()  # NaN is written as null
    body: dict[str, Any] = {LABELS[key]: column.name}
    if column.segment:
        body["segment"] = column.segment
    if key == "kpis":
        body["aggregate"] = numbers[-1]
    body["values"] = numbers[:-1]
    return orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)
