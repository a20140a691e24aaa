"""Events as JSON objects, one a line.

They are decoded many at once, and their texts not looked at one by one; only where that
finds something odd are they looked at again, slowly, to say what is wrong, or because
the fields have other names or the times another form.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from decimal import Decimal
from functools import lru_cache
from typing import Any, cast

import msgspec

from api.decoding import exact_decoder
from events.event_body import Event
from events.files import columns, lines, time_formats
from events.files.dialects import Dialect
from events.files.fields import picked
from events.files.lines import MISFITS, LineError, Plain, Rules
from timegrid import times

# JSON holds these control characters as they are, and others only escaped.
CONTROL = re.compile(rb"\x7f|\xc2[\x80-\x9f]")
NEW_FIELDS = 100  # that are decoded quickly: more are no names, but data

OBJECT = exact_decoder(dict[str, Any])


@lru_cache
def plain_decoder(ignored: tuple[str, ...]) -> msgspec.json.Decoder[Plain]:
    """Returns what decodes events that have no other unknown fields than these."""
    names = {f"ignored_{number}": name for number, name in enumerate(ignored)}
    struct = msgspec.defstruct(
        "Expected",
        [(name, msgspec.Raw, msgspec.Raw()) for name in names],
        bases=(Plain,),
        rename=names,
        forbid_unknown_fields=True,
        gc=False,
    )
    return exact_decoder(cast(type[Plain], struct))


class JsonLines:
    """The events of a file's lines; `ignored` names the fields that are left out."""

    def __init__(self, dialect: Dialect, *, rules: Rules) -> None:
        self.ignored: list[str] = []
        self._fields, self._times, self._rules = dialect.fields, dialect.times, rules
        self._sources = dialect.fields.sources
        self._constants = columns.converted(dialect.fields.constants)
        self._plain = dialect.fields.own and dialect.times.name == time_formats.ISO
        self._decoder = plain_decoder(())

    def events(self, blocks: Iterable[str]) -> Iterator[list[Event]]:
        """Yields the events of whole lines. Raises LineError."""
        line = 1
        for block in blocks:
            yield self.decoded(block.encode(), numbers=itertools.count(line))
            line += block.count("\n")

    def decoded(self, block: bytes, *, numbers: Iterable[int]) -> list[Event]:
        """Returns the events of whole lines, of which these are the numbers.

        Empty lines are skipped. Raises LineError.
        """
        if self._plain and is_plain(block):
            try:
                events = self._decoder.decode_lines(block)
                if len(events) == block.count(b"\n"):
                    return self._rules.accept(list(events))
            except MISFITS:
                pass
        rows = zip(numbers, block.split(b"\n"), strict=False)
        return [self._event(raw, line) for line, raw in rows if raw.strip()]

    def _event(self, raw: bytes, line: int) -> Event:
        try:
            sent = OBJECT.decode(raw)
        except MISFITS:
            raise LineError(line, lines.problem(None)) from None
        self._ignore(self._fields.leftover(sent, line=line))
        fields = picked(sent, self._sources) | self._constants
        at = fields.get("datetime")
        if isinstance(at, str) or (self._times.is_number and is_number(at)):
            lines.read_time(fields, self._times, line)
        return lines.event(fields, line, self._rules)

    def _ignore(self, names: Iterable[str]) -> None:
        """Leaves fields out, and lets the lines to come be decoded at once with them.

        But for those that would be meant for a field where that one is missing.
        """
        new = [name for name in names if name not in self.ignored]
        if new and len(self.ignored) < NEW_FIELDS:
            self.ignored += new[:NEW_FIELDS]
            safe = [name for name in self.ignored if not self._fields.meant(name)]
            self._decoder = plain_decoder(tuple(safe if self._plain else ()))


def moments(
    rows: Iterable[tuple[int, str]], *, sources: Mapping[str, str]
) -> Iterator[tuple[int, str]]:
    """Yields the times in lines, with their numbers."""
    for line, text in rows:
        with suppress(*MISFITS):
            sent = OBJECT.decode(text)
            if at := sent.get(sources.get("datetime", "")):
                yield line, str(at)


def is_plain(block: bytes) -> bool:
    """Says whether its texts surely hold no control character, and times are exact."""
    if b"\\" in block or b"\x7f" in block or not times.is_plain(block):
        return False
    return b"\xc2" not in block or not CONTROL.search(block)


def is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)
