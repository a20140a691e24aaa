"""Events from the rows of a CSV file: its delimiter, its header, its cells."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any

from api import decoding
from events.event_body import VALUE_EXPECTED, Event
from events.files import lines
from events.files.dialects import COMMA, POINT, UNCERTAIN, Dialect
from events.files.fields import Fields
from events.files.lines import LineError, Plain, Rules

DELIMITERS = ",;\t|"
ROWS = 5_000  # in a list of events
SEPARATOR = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)  # Excel's own first line
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
VALUES = {
    POINT: f"{VALUE_EXPECTED}, with a decimal point (see --decimal)",
    COMMA: f"{VALUE_EXPECTED}, with a decimal comma (see --decimal)",
    UNCERTAIN: f"{VALUE_EXPECTED}, that can be read in one way (see --decimal)",
}
GROUPED = re.compile(r"[+-]?\d{1,3}(\.\d{3})+", re.ASCII)  # 1.234, or 1234 to some
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}

Row = tuple[int, list[str]]  # the number of its last line, and its cells


class Rows:
    """The events of a file's rows; `ignored` names the columns that are left out."""

    def __init__(self, dialect: Dialect, *, rules: Rules) -> None:
        self.ignored: list[str] = []
        self._dialect, self._rules = dialect, rules
        self._constants = converted(dialect.fields.constants)
        self._odd = CONTROL.search("".join(dialect.fields.constants.values()))

    def events(self, blocks: Iterable[str]) -> Iterator[list[Event]]:
        """Yields the events of whole lines, the first of which are the header.

        Raises LineError.
        """
        reader = rows(blocks, delimiter=self._dialect.delimiter)
        line, header = names(reader)
        columns = list(
            positions(header, fields=self._dialect.fields, line=line).items()
        )
        self.ignored = leftover(header, fields=self._dialect.fields, line=line)
        width = len(header)
        events = (self._event(row, columns, width) for row in reader)
        while some := list(islice(events, ROWS)):
            yield some

    def _event(self, row: Row, columns: Sequence[tuple[str, int]], width: int) -> Event:
        line, cells = row
        if len(cells) != width and (len(cells) < width or any(cells[width:])):
            problem = f"expected {width} cells as in the header, not {len(cells)}"
            raise LineError(line, problem)
        sent = {name: cell for name, at in columns if (cell := cells[at])}
        fields = converted(sent, decimal=self._dialect.decimal)
        fields.update(self._constants)
        if isinstance(fields.get("value"), str):
            expected = VALUES[self._dialect.decimal]
            raise LineError(line, str(lines.fault(fields, "value", expected)))
        if "datetime" in fields:
            lines.read_time(fields, self._dialect.times, line)
        # A look at all texts takes a quarter of the time of one at each.
        odd = self._odd or CONTROL.search("".join(cells))
        return lines.event(fields, line, self._rules, Event if odd else Plain)


def rows(texts: Iterable[str], *, delimiter: str) -> Iterator[Row]:
    """Yields the rows that are not empty, but for Excel's own. Raises LineError."""
    reader = csv.reader(split(texts), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            own = reader.line_num == 1 and separator(delimiter.join(cells))
            if not own and any(map(str.strip, cells)):
                yield reader.line_num, cells
    except csv.Error as error:
        raise LineError(max(reader.line_num, 1), f"expected CSV ({error})") from None


def split(texts: Iterable[str]) -> Iterator[str]:
    """Yields lines with the ends they have, as a reader of CSV wants them."""
    for text in texts:
        yield from io.StringIO(text, newline="")


def separator(line: str) -> str | None:
    """Returns the delimiter that a first line such as `sep=;` tells."""
    match = SEPARATOR.fullmatch(line)
    return match[1] if match else None


def names(rows: Iterator[Row]) -> Row:
    """Returns the header, without spaces around its names."""
    line, cells = next(rows, (1, []))
    return line, [name.strip() for name in cells]


def positions(header: Sequence[str], *, fields: Fields, line: int) -> dict[str, int]:
    """Returns field → number of its column. Raises LineError."""
    columns = {}
    for name, column in fields.sources.items():
        if column in header:
            columns[name] = header.index(column)
        if name in fields.names or column in header:
            how = "more than one" if column in header else "no"
            if header.count(column) != 1:
                shown = repr(column[: lines.SHOWN])
                raise LineError(line, f"{name}: there is {how} column {shown}")
    return columns


def leftover(header: Sequence[str], *, fields: Fields, line: int) -> list[str]:
    """Returns the columns that are no field. Raises LineError.

    Where a field that an event needs has no column, that is told, unless another column
    is plainly meant for it.
    """
    left = fields.leftover(filter(None, header), line=line)
    for name in lines.REQUIRED:
        if name not in fields.constants and fields.sources.get(name) not in header:
            raise LineError(line, f"{name}: expected a column, or a mapping to one")
    unnamed = (f"column {at}" for at, name in enumerate(header, 1) if not name)
    return [*left, *unnamed]


def delimiter(head: str, *, fields: Fields) -> str:
    """Returns what separates the cells of a file that begins so.

    It is what `sep=` says, else what makes a header with most of the columns that are
    looked for, else what makes the longest one.
    """
    if named := separator(head.partition("\n")[0]):
        return named
    wanted = set(fields.sources.values())

    def fitness(candidate: str) -> tuple[int, int]:
        try:
            header = names(rows([head], delimiter=candidate))[1]
        except LineError:
            return 0, 0
        return len(wanted & set(header)), len(header)

    return max(DELIMITERS, key=fitness)


def moments(head: str, *, fields: Fields, delimiter: str) -> Iterator[tuple[int, str]]:
    """Yields the times of the rows of a file's beginning, with their lines.

    Ends where something is wrong: whoever reads the file will tell it.
    """
    try:
        reader = rows([head], delimiter=delimiter)
        line, header = names(reader)
        at = positions(header, fields=fields, line=line).get("datetime", len(header))
        for line, cells in reader:
            if len(cells) > at and cells[at]:
                yield line, cells[at]
    except LineError:
        return


def converted(sent: Mapping[str, str], *, decimal: str = POINT) -> dict[str, Any]:
    """Returns fields with those that are no texts as what JSON would hold."""
    fields: dict[str, Any] = dict(sent)
    value, goal = sent.get("value"), sent.get("ensure_goal")
    if value is not None:
        fields["value"] = number(value, decimal=decimal)
    if goal is not None:
        fields["ensure_goal"] = BOOLEANS.get(goal.strip().lower(), goal)
    return fields


def number(text: str, *, decimal: str) -> Decimal | str:
    """Returns what a text says in digits and a decimal point or comma, else the text.

    Thousands are never separated.
    """
    digits = text.strip()
    if decimal == COMMA:
        digits = digits.translate({ord(","): ".", ord("."): ","})
    elif decimal == UNCERTAIN and GROUPED.fullmatch(digits):
        return text
    return decoding.NUMBER(digits) if NUMBER.fullmatch(digits) else text
