"""Writes buckets as CSV, to be loaded elsewhere by `import_buckets`."""

import gzip
import os
import sys
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analytics.portability import services as transfers
from analytics.portability.lines import TransferError
from api.options import Once
from timegrid.buckets import FIRST_AT, LAST_AT, Span, SpanError


def moment(text: str) -> datetime:
    """Returns a date or time in UTC unless it says otherwise.

    Raises ArgumentTypeError.
    """
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        expected = "a date or time, such as 2026-03-04 or 2026-03-04T12:00Z"
        raise ArgumentTypeError(f"expected {expected}") from None


@contextmanager
def written(target: str) -> Iterator[Callable[[bytes], object]]:
    """Yields a `write` into a file that appears whole or not at all, or into `-`."""
    if target == "-":
        yield sys.stdout.buffer.write
        sys.stdout.buffer.flush()
        return
    path = Path(target)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with unfinished.open("wb") as file:
            with packed(file, name=path.name) as stream:
                yield stream.write
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def packed(file: BinaryIO, *, name: str) -> Iterator[BinaryIO | gzip.GzipFile]:
    """Yields the file, or what packs into it where its name says so."""
    if not name.endswith(".gz"):
        yield file
        return
    # Without a name and a time in it, the same buckets are the same bytes.
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as stream:
        yield stream


class Command(BaseCommand):
    help = "Export buckets as CSV: namespace, metric, segment, start_at, value."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", metavar="FILE", help="packed if it ends in .gz; - standard output"
        )
        for name in ("namespace", "metric"):
            parser.add_argument(
                f"--{name}", action="append", default=[], help="repeatable; all if none"
            )
        parser.add_argument(
            "--start",
            type=moment,
            default=FIRST_AT,
            action=Once,
            help="ISO date or time; UTC",
        )
        parser.add_argument(
            "--end",
            type=moment,
            default=LAST_AT,
            action=Once,
            help="ISO date or time, exclusive",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        target = options["file"]
        try:
            span = Span(options["start"], options["end"])
            with written(target) as write:
                number = transfers.dump(
                    write,
                    namespaces=options["namespace"],
                    metrics=options["metric"],
                    span=span,
                )
        except (TransferError, SpanError) as error:
            raise CommandError(str(error)) from None
        except BrokenPipeError:
            raise  # who reads has enough
        except OSError as error:
            raise CommandError(f"{target}: {error.strerror}") from None
        if target != "-":
            self.stdout.write(f"{number:,} buckets written to {target}")
