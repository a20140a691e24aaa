"""Files of events: plain or gzip, JSON or CSV, read in bounded memory.

Every pass over the same files cuts them into the same lists of events.
"""

import gzip
import shutil
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, Protocol

from events.event_body import Event
from events.files import encodings, recognition
from events.files.columns import Rows
from events.files.dialects import Dialect, Form
from events.files.encodings import EncodingError
from events.files.json_arrays import JsonArray
from events.files.json_lines import JsonLines
from events.files.lines import LineError, Rules
from events.files.recognition import Options
from timegrid import buckets
from timegrid.buckets import FIRST_AT, FIVE_MINUTES, LAST_AT, Span

BLOCK = 2**20  # bytes read at once, and the most of a line
GZIP = b"\x1f\x8b"


class FileError(ValueError):
    """A file, or a line of it, was refused; the message begins with its name."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file, what messages call it, what was told of it and how it is read."""

    path: Path
    name: str
    options: Options
    dialect: Dialect

    def remarks(self, ignored: Sequence[str]) -> str:
        """Returns in words what is unusual in how it is read, and what is left out."""
        return recognition.remarks(self.dialect, options=self.options, ignored=ignored)


def source(path: Path, *, name: str, options: Options) -> Source:
    """Returns a file that was looked into. Raises FileError."""
    with opened(path, name=name) as (_, content), in_lines(name):
        head = content.read(BLOCK)
        complete = not content.read(1)
        dialect = recognition.dialect(
            head, name=name, options=options, complete=complete
        )
    return Source(path, name, options, dialect)


@contextmanager
def spooled(stream: BinaryIO) -> Iterator[Path]:
    """Yields a file that holds what a stream does: it can be read more than once.

    It has no name of its own, so that nothing of it outlives the process, even killed.
    """
    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(stream, file)
        file.flush()
        yield Path(f"/proc/self/fd/{file.fileno()}")


@contextmanager
def readable(name: str) -> Iterator[Path]:
    """Yields a file that can be read more than once: `-` is standard input."""
    path = Path(name)
    if name == "-":
        with spooled(sys.stdin.buffer) as path:
            yield path
    elif path.is_fifo():
        with path.open("rb") as stream, spooled(stream) as path:
            yield path
    else:
        yield path


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


@contextmanager
def in_lines(name: str) -> Iterator[None]:
    """Lets what is wrong in a line be told with the name of the file."""
    try:
        yield
    except EncodingError as error:
        hint = "for another encoding, give --encoding"
        raise FileError(f"{name}:{error.line}: {error}: {hint}") from None
    except LineError as error:
        raise FileError(f"{name}:{error.line}: {error}") from None


class Reading:
    """One pass over files: yields their events, in order, in lists of some thousands.

    Raises FileError. `consumed` is how many bytes of the files are read so far; in the
    end, `digest` stands for what they hold and how it is understood, and `ignored` has
    the names that were left out of each.
    """

    def __init__(self, sources: Sequence[Source], *, rules: Rules) -> None:
        self.sources = sources
        self.rules = rules
        self.consumed = 0
        self.ignored: list[Sequence[str]] = []
        self._hash = blake2b(digest_size=32)

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    def __iter__(self) -> Iterator[list[Event]]:
        for source in self.sources:
            with in_lines(source.name):
                yield from self._read(source)

    def remarks(self) -> list[str]:
        """Returns in words what is unusual in the files that were read."""
        pairs = zip(self.sources, self.ignored, strict=True)
        remarks = [(source.name, source.remarks(names)) for source, names in pairs]
        return [f"{name}: {remark}" for name, remark in remarks if remark]

    def _read(self, source: Source) -> Iterator[list[Event]]:
        begin = self.consumed
        self._hash.update(repr(source.dialect).encode())
        with opened(source.path, name=source.name) as (file, content):
            chunks = self._chunks(content)
            texts = encodings.texts(chunks, encoding=source.dialect.encoding)
            for events in self._events(source.dialect, texts):
                self.consumed = begin + file.tell()
                yield events

    def _events(self, dialect: Dialect, texts: Iterator[str]) -> Iterator[list[Event]]:
        if dialect.form == Form.JSON:
            parser: Parser = JsonArray(dialect, rules=self.rules, most=BLOCK)
        else:
            texts = encodings.blocks(texts, most=BLOCK)
            rows = dialect.form == Form.CSV
            parser = (Rows if rows else JsonLines)(dialect, rules=self.rules)
        yield from parser.events(texts)
        self.ignored.append(parser.ignored)

    def _chunks(self, content: BinaryIO) -> Iterator[bytes]:
        size = 0
        while chunk := content.read(BLOCK):
            self._hash.update(chunk)
            size += len(chunk)
            yield chunk
        self._hash.update(f"\0{size}".encode())


class Parser(Protocol):
    """What makes events of the text of one file."""

    @property
    def ignored(self) -> Sequence[str]:
        """Names in the file that are no fields, as far as it is read."""

    def events(self, texts: Iterator[str]) -> Iterator[list[Event]]:
        """Yields events. Raises LineError."""


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
        moments = [event.datetime for event in events]
        self.names.update([event.event_name for event in events])
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
