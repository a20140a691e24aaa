"""Loads buckets that `export_buckets` wrote."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import Progress

from analytics.models import AggregationRun
from analytics.portability import services as transfers
from analytics.portability.lines import TransferError
from events.files import encodings, reading
from events.files.reading import BLOCK, FileError


@contextmanager
def opened(source: str) -> Iterator[Iterator[str]]:
    """Yields the lines of a file, unpacked where it is packed; `-` is standard input.

    On a terminal, a bar shows how much of it is read. Raises FileError.
    """
    hidden = not sys.stderr.isatty()
    with (
        reading.readable(source) as path,
        reading.opened(path, name=source) as (file, content),
        Progress(console=Console(stderr=True), transient=True, disable=hidden) as bar,
    ):
        task = bar.add_task(source, total=path.stat().st_size)

        def chunks() -> Iterator[bytes]:
            while chunk := content.read(BLOCK):
                bar.update(task, completed=file.tell())
                yield chunk

        texts = encodings.texts(chunks(), encoding=encodings.UTF_8)
        yield encodings.blocks(texts, most=BLOCK)


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
            runs = self.load(source, **options)
            for run in runs:
                self.stdout.write(f"{run.namespace}: {run.buckets:,} buckets written")
            if not runs:
                self.stdout.write(f"{source}: no buckets")

    def load(self, source: str, **options: Any) -> list[AggregationRun]:
        """Loads a file. Raises CommandError, with its name and line."""
        try:
            with opened(source) as lines:
                return transfers.load(
                    lines,
                    at=datetime.now(UTC),
                    replace=options["replace"],
                    create_namespaces=options["create_namespaces"],
                )
        except FileError as error:
            raise CommandError(str(error)) from None
        except TransferError as error:
            where = f"{source}:{error.line}" if error.line else source
            raise CommandError(f"{where}: {error}") from None
