"""Files of events: plain or gzip, JSON lines or CSV, read in bounded memory.

Every pass over the same files cuts them into the same lists of events.
"""

import gzip
import shutil
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from events import buckets, columns, lines
from events.body import Event
from events.buckets import FIRST_AT, FIVE_MINUTES, LAST_AT, Span
from events.columns import Columns
from events.lines import LineError, Rules

BLOCK = 2**20  # bytes read at once, and the most of a line
ROWS = 5_000  # of CSV, in a list
GZIP = b"\x1f\x8b"
BOM = b"\xef\xbb\xbf"


class Form(StrEnum):
    """How a file writes events."""

    JSONL = "jsonl"
    CSV = "csv"


SUFFIXES = {
    ".jsonl": Form.JSONL,
    ".ndjson": Form.JSONL,
    ".json": Form.JSONL,
    ".csv": Form.CSV,
}


class FileError(ValueError):
    """A file, or a line of it, was refused; the message begins with its name."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file, what messages call it, and how it is read."""

    path: Path
    name: str
    form: Form
    columns: Columns = field(default_factory=Columns)


@contextmanager
def spooled(stream: BinaryIO) -> Iterator[Path]:
    """Yields a file that holds what a stream does: it can be read more than once.

    It has no name of its own, so that nothing of it outlives the process, even killed.
    """
    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(stream, file)
        file.flush()
        yield Path(f"/proc/self/fd/{file.fileno()}")


def guess(path: Path, *, name: str) -> Form:
    """Returns the form of a file, by its name or by how it begins. Raises FileError."""
    suffix = Path(name.removesuffix(".gz")).suffix.lower()
    if suffix in SUFFIXES:
        return SUFFIXES[suffix]
    with opened(path, name=name) as (_, content):
        begin = content.read(BLOCK).removeprefix(BOM).lstrip()
    return Form.JSONL if begin[:1] in (b"{", b"") else Form.CSV


@contextmanager
def opened(path: Path, *, name: str) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """Yields a file as it lies on the disk, and what it holds. Raises FileError."""
    try:
        with path.open("rb") as file:
            packed = file.read(len(GZIP)) == GZIP
            file.seek(0)
            content = gzip.GzipFile(fileobj=file) if packed else file
            yield file, content  # type: ignore[misc]  # it reads like any file
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise FileError(f"{name}: expected a complete gzip file") from None
    except OSError as error:
        raise FileError(f"{name}: {error.strerror}") from None


class Reading:
    """One pass over files: yields their events, in order, in lists of some thousands.

    Raises FileError. `consumed` is how many bytes of the files are read so far; in the
    end, `digest` stands for what they hold and how it is understood.
    """

    def __init__(self, sources: Sequence[Source], *, rules: Rules) -> None:
        self.sources = sources
        self.rules = rules
        self.consumed = 0
        self._hash = blake2b(digest_size=32)

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    def __iter__(self) -> Iterator[list[Event]]:
        for source in self.sources:
            try:
                yield from self._read(source)
            except LineError as error:
                raise FileError(f"{source.name}:{error.line}: {error}") from None

    def _read(self, source: Source) -> Iterator[list[Event]]:
        begin = self.consumed
        self._hash.update(repr((source.form, source.columns)).encode())
        with opened(source.path, name=source.name) as (file, content):
            for events in self._events(source, self._blocks(content)):
                self.consumed = begin + file.tell()
                yield events

    def _events(self, source: Source, blocks: Iterator[bytes]) -> Iterator[list[Event]]:
        if source.form == Form.CSV:
            found = columns.events(blocks, columns=source.columns, rules=self.rules)
            while events := list(islice(found, ROWS)):
                yield events
        else:
            first = 1
            for block in blocks:
                yield lines.from_json(block, first=first, rules=self.rules)
                first += block.count(b"\n")

    def _blocks(self, content: BinaryIO) -> Iterator[bytes]:
        """Yields whole lines, about BLOCK bytes of them, all with an end."""
        rest, size, number = b"", 0, 1
        while read := content.read(BLOCK):
            self._hash.update(read)
            rest += read if size else read.removeprefix(BOM)
            size += len(read)
            whole, end, rest = rest.rpartition(b"\n")
            number += whole.count(b"\n") + len(end)
            if whole:
                yield whole + end
            if len(rest) > BLOCK:
                raise LineError(number, "expected lines of at most 1 MiB")
        if rest:
            yield rest + b"\n"
        self._hash.update(f"\0{size}".encode())


@dataclass(slots=True)
class Survey:
    """What files hold: how many events, of which names, and when they occurred.

    `lag` is by how much at most an event comes after a later one, where they are not
    in the same list.
    """

    names: Counter[str] = field(default_factory=Counter)
    first_at: datetime = LAST_AT
    last_at: datetime = FIRST_AT
    lag: timedelta = timedelta()

    def add(self, events: Sequence[Event]) -> None:
        """Takes some more events into account."""
        moments = [one.datetime for one in events]
        self.names.update([one.event_name for one in events])
        earliest = min(moments, default=LAST_AT)
        self.lag = max(self.lag, self.last_at - earliest)
        self.first_at = min(self.first_at, earliest)
        self.last_at = max(self.last_at, max(moments, default=FIRST_AT))

    @property
    def events(self) -> int:
        return self.names.total()

    @property
    def span(self) -> Span:
        """The five minutes of the first event to those of the last. Needs an event."""
        end_at = buckets.floor(self.last_at, resolution=FIVE_MINUTES)
        return Span(
            buckets.floor(self.first_at, resolution=FIVE_MINUTES),
            end_at + timedelta(seconds=FIVE_MINUTES),
        )
