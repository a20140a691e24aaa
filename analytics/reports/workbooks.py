"""Excel files: dates are dates, money is money, and headings are what people read.

Excel knows no time zones: its dates are what the clock of the report's zone shows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from analytics.models import Unit
from analytics.reports.sheets import Book, Sheet, Tell, batches
from analytics.series.tables import Column
from api.renderers import harmless

TITLES = {"kpis": "KPIs", "metrics": "Metrics"}
SIGNS: dict[str, str] = {Unit.USD: " ($)", Unit.PERCENTAGE: " (%)"}
MONEY, PERCENT = '"$"#,##0.00;-"$"#,##0.00', '#,##0.00"%"'  # 1 is 1 %
WHOLE, RATIO = "#,##0", "#,##0.00"
DAY, MINUTE = "yyyy-mm-dd", "yyyy-mm-dd hh:mm"
FIRST_YEAR = 1900  # of a date in Excel: earlier ones are text
NARROW, WIDE = 12, 40  # characters of a column

Cell = str | float | datetime | None


class ExactWorksheet(Worksheet):  # type: ignore[misc]  # the package has no types
    """Writes floats with as many digits as they have: the package stops at 16."""

    def _xml_number_element(self, number: float, attributes: Any = ()) -> None:
        written = "".join(f' {key}="{value}"' for key, value in attributes)
        self.fh.write(f"<c{written}><v>{number!r}</v></c>")


@dataclass(frozen=True, slots=True)
class Styles:
    """The formats of a workbook: of headings, of dates, and of numbers by column."""

    heading: Any
    date: Any
    numbers: list[Any]
    totals: list[Any]


def write(path: Path, book: Book, *, tell: Tell) -> None:
    """Writes a workbook with a sheet a kind, and one about them.

    What it keeps in the meantime stands in the file's folder.
    """
    options = {"constant_memory": True, "tmpdir": str(path.parent)}
    with Workbook(str(path), options) as workbook:
        workbook.set_properties({"created": book.made_at})
        for sheet in book.sheets:
            write_sheet(workbook, book, sheet, tell=tell)
        write_about(workbook, book)


def write_sheet(workbook: Workbook, book: Book, sheet: Sheet, *, tell: Tell) -> None:
    page = workbook.add_worksheet(TITLES[sheet.key], ExactWorksheet)
    styles = styled(workbook, book, sheet)
    page.freeze_panes(1, 1)
    headings = [f"Start ({book.zone.key})", *(heading(sheet, c) for c in sheet.columns)]
    for index, text in enumerate(headings):
        page.set_column(index, index, min(max(NARROW, len(text) + 2), WIDE))
    fill_row(page, 0, headings, [styles.heading] * len(headings))
    starts = partial(shown, book=book)
    read = batches(book, [sheet], start=starts, tell=tell)
    totals = [styles.heading, *styles.totals]
    for number, [start, *numbers] in enumerate(chain.from_iterable(read), start=1):
        if number > len(book.starts):
            fill_row(page, number, ["Total", *numbers], totals)
        else:
            fill_row(page, number, [start, *numbers], [styles.date, *styles.numbers])


def styled(workbook: Workbook, book: Book, sheet: Sheet) -> Styles:
    """Returns the formats of a sheet; what begins at midnight is shown as a day."""
    clocks = (at.astimezone(book.zone) for at in book.starts)
    days = all((at.hour, at.minute) == (0, 0) for at in clocks)
    formats = [number_format(sheet, column) for column in sheet.columns]
    made = {
        (text, bold): workbook.add_format({"num_format": text, "bold": bold})
        for text in {*formats, DAY, MINUTE}
        for bold in (False, True)
    }
    return Styles(
        heading=workbook.add_format({"bold": True, "text_wrap": True, "valign": "top"}),
        date=made[DAY if days else MINUTE, False],
        numbers=[made[text, False] for text in formats],
        totals=[made[text, True] for text in formats],
    )


def heading(sheet: Sheet, column: Column) -> str:
    """Returns what people call a column, with its leaf and its unit."""
    label = sheet.labels[column.name]
    leaf = f" [{column.segment}]" if column.segment else ""
    return f"{label.text}{leaf}{SIGNS.get(label.unit, '')}"


def number_format(sheet: Sheet, column: Column) -> str:
    unit = sheet.labels[column.name].unit
    if unit == Unit.USD:
        return MONEY
    if unit == Unit.PERCENTAGE:
        return PERCENT
    return RATIO if column.formula and "/" in column.formula.text else WHOLE


def shown(at: datetime, *, book: Book) -> Cell:
    """Returns what the clock of the report's zone shows, as Excel holds dates."""
    clock = at.astimezone(book.zone)
    return clock.replace(tzinfo=None) if clock.year >= FIRST_YEAR else clock.isoformat()


def write_about(workbook: Workbook, book: Book) -> None:
    page = workbook.add_worksheet("About")
    page.set_column(0, 1, 2 * NARROW)
    style = workbook.add_format({"num_format": MINUTE, "align": "left"})
    rows: list[tuple[str, Cell]] = [
        (name.replace("_", " "), shown(fact, book=book))
        if isinstance(fact, datetime)
        else (name.replace("_", " "), fact)
        for name, fact in book.about.items()
    ]
    rows += [("warning", warning) for warning in book.warnings]
    for number, row in enumerate(rows):
        fill_row(page, number, row, [style, style])


def fill_row(
    page: Worksheet, number: int, row: Iterable[Any], styles: Iterable[Any]
) -> None:
    """Writes text as text, whatever it looks like, and nothing for a gap."""
    for index, (cell, style) in enumerate(zip(row, styles, strict=True)):
        if isinstance(cell, str):
            page.write_string(number, index, harmless(cell), style)
        elif isinstance(cell, datetime):
            page.write_datetime(number, index, cell, style)
        elif cell is not None:
            page.write_number(number, index, float(cell), style)
