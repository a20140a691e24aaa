"""Events from the rows of a CSV file, whose columns may have names of their own."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from events import body, lines
from events.body import Event
from events.lines import LineError, Rules

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}

Row = tuple[int, list[str]]  # the number of its last line, and its cells


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a field is found: field → column, and fields that are the same throughout.

    What is not named is looked for in the column of its own name.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)

    def places(self, header: Sequence[str]) -> list[tuple[str, int]]:
        """Returns field and position of its column. Raises LineError."""
        own = {name: name for name in body.PROPERTIES if name in header}
        wanted = own | {**self.names}
        for name, column in wanted.items():
            if header.count(column) != 1 and name not in self.constants:
                how = "no column" if column not in header else "more than one column"
                raise LineError(1, f"{name}: there is {how} {column!r}")
        for name in lines.REQUIRED:
            if name not in {**wanted, **self.constants}:
                raise LineError(1, f"{name}: expected a column, or a mapping to one")
        return [
            (name, header.index(column))
            for name, column in wanted.items()
            if name not in self.constants
        ]


def rows(blocks: Iterable[bytes]) -> Iterator[Row]:
    """Yields the rows that are not empty. Raises LineError."""
    reader = csv.reader(texts(blocks), strict=True)
    try:
        for cells in reader:
            if cells:
                yield reader.line_num, cells
    except csv.Error as error:
        raise LineError(reader.line_num, f"expected CSV ({error})") from None
    except UnicodeDecodeError:
        raise LineError(reader.line_num + 1, "expected text in UTF-8") from None


def texts(blocks: Iterable[bytes]) -> Iterator[str]:
    """Yields lines with the ends they have, as a reader of CSV wants them."""
    for block in blocks:
        yield from io.StringIO(block.decode(), newline="")


def events(
    blocks: Iterable[bytes], *, columns: Columns, rules: Rules
) -> Iterator[Event]:
    """Yields the events of whole lines, the first of which is the header.

    Raises LineError.
    """
    found = rows(blocks)
    _, header = next(found, (1, []))
    places = columns.places(header)
    for line, cells in found:
        if len(cells) != len(header):
            problem = f"expected {len(header)} cells as in the header, not {len(cells)}"
            raise LineError(line, problem)
        sent = {name: cell for name, at in places if (cell := cells[at])}
        yield event(converted({**sent, **columns.constants}), line, rules)


def converted(sent: Mapping[str, str]) -> dict[str, Any]:
    """Returns fields with those that are no texts as what JSON would hold."""
    fields: dict[str, Any] = dict(sent)
    value, goal = sent.get("value"), sent.get("ensure_goal")
    if value is not None and NUMBER.fullmatch(value):
        fields["value"] = body.NUMBER(value)
    if goal is not None:
        fields["ensure_goal"] = BOOLEANS.get(goal.lower(), goal)
    return fields


def event(fields: dict[str, Any], line: int, rules: Rules) -> Event:
    try:
        return rules.accept([body.event(fields)])[0]
    except lines.FaultError as fault:
        raise LineError(line, str(fault)) from None
    except lines.MISFITS:
        known = fields | (
            {"value": 0} if isinstance(fields.get("value"), Decimal) else {}
        )
        raise LineError(line, lines.problem(known)) from None
