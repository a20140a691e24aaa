"""Loads buckets that `export_buckets` wrote."""

import gzip
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BufferedReader, TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import wrap_file

from analytics import transfers
from analytics.lines import TransferError

GZIP = b"\x1f\x8b"
UNREADABLE = (OSError, EOFError, UnicodeDecodeError, zlib.error)


@contextmanager
def opened(source: str) -> Iterator[TextIOWrapper]:
    """Yields the lines of a file, unpacked where it is packed; `-` is standard input.

    On a terminal, a bar shows how much of a file is read.
    """
    if source == "-":
        stdin = sys.stdin.buffer
        packed = isinstance(stdin, BufferedReader) and stdin.peek(2)[:2] == GZIP
        yield text(stdin, packed=packed)
        return
    path = Path(source)
    with path.open("rb") as file:
        packed = file.peek(2)[:2] == GZIP
        with wrap_file(
            file,
            path.stat().st_size,
            description=path.name,
            console=Console(stderr=True),
            transient=True,
            disable=not sys.stderr.isatty(),
        ) as watched:
            yield text(watched, packed=packed)


def text(file: BinaryIO, *, packed: bool) -> TextIOWrapper:
    unpacked = gzip.GzipFile(fileobj=file) if packed else file
    return TextIOWrapper(unpacked, encoding="utf-8", newline="")


class Command(BaseCommand):
    help = "Load buckets from CSV files of export_buckets, each as a whole or not."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "files", nargs="+", metavar="FILE", help="packed or not; - standard input"
        )
        parser.add_argument(
            "--replace",
            action="store_true",
            help="replace the buckets of the file's metrics in the file's span, and "
            "load days that events may still change",
        )
        parser.add_argument(
            "--create-namespaces",
            action="store_true",
            help="make the namespaces that are missing",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        for source in options["files"]:
            try:
                with opened(source) as lines:
                    runs = transfers.load(
                        lines,
                        at=datetime.now(UTC),
                        replace=options["replace"],
                        create_namespaces=options["create_namespaces"],
                    )
            except (TransferError, *UNREADABLE) as error:
                raise CommandError(f"{source}: {error}") from None
            for run in runs:
                self.stdout.write(f"{run.namespace}: {run.buckets:,} buckets written")
            if not runs:
                self.stdout.write(f"{source}: no buckets")
