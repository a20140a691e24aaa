"""Imports events from files, whatever their age, and shows how far it is."""

import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.progress import BarColumn, Progress, TextColumn

from accounts.models import DEFAULT_NAMESPACE, Namespace
from api import spelling
from api.options import Once
from events.files import reading
from events.files.reading import FileError, Source, readable
from events.imports import LostError
from events.names import NameLimitError
from pipeline.importing import options as file_options
from pipeline.importing import record
from pipeline.importing.own import ImportRefusedError, span_in_words
from pipeline.importing.record import Plan

REFUSALS = (FileError, ImportRefusedError, LostError, NameLimitError)
SECONDS = 5.0  # between two lines, where there is no terminal
COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(),
    TextColumn("{task.fields[line]}"),
)


def now() -> datetime:
    return datetime.now(UTC)


class Pace:
    """Tells of each stage how much is done, how fast, and how long the rest takes.

    As a bar, or in a line now and then.
    """

    def __init__(self, *, say: Callable[[str], None], bar: Progress | None) -> None:
        self._say, self._bar = say, bar
        self._stage, self._said_at = "", 0.0

    def show(self, stage: str, done: int, total: int) -> None:
        """Takes note of the progress in a stage."""
        moment = time.monotonic()
        if new := stage != self._stage:
            self._stage, self._began, self._first = stage, moment, done
            self._task = self._bar.add_task(stage, line="") if self._bar else None
        line = self._line(done, total, moment - self._began)
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total, line=line)
        elif new or moment - self._said_at >= SECONDS:
            self._said_at = moment
            self._say(f"{stage}: {line}")

    def _line(self, done: int, total: int, seconds: float) -> str:
        unit = "bytes" if self._stage == "reading" else "events"
        line = f"{done:,} of {total:,} {unit}"
        if done == self._first:
            return line
        rate = (done - self._first) / seconds
        left = timedelta(seconds=round((total - done) / rate))
        return f"{line}, {rate:,.0f}/s, {left} left"


class Command(BaseCommand):
    help = (
        "Import events from JSON or CSV, plain or gzip; `-` is standard input. "
        "Stopped half-way, the same command goes on from there."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE")
        parser.add_argument(
            "--namespace", default=DEFAULT_NAMESPACE, action=Once, help="made if new"
        )
        parser.add_argument(
            "--replace",
            action="store_true",
            help="forget the events and numbers that the span has",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="read and check, store nothing"
        )
        file_options.add_to(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with ExitStack() as stack:
                self.work(stack, **options)
        except REFUSALS as error:
            raise CommandError(str(error)) from None
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from None
        except KeyboardInterrupt:
            message = "stopped: the same command goes on from there"
            raise CommandError(message, returncode=130) from None

    def work(self, stack: ExitStack, **options: Any) -> None:
        began = time.monotonic()
        if again := [name for name, n in Counter(options["files"]).items() if n > 1]:
            raise CommandError(f"{again[0]}: expected once")
        sources = [source(name, options, stack) for name in options["files"]]
        bar = stack.enter_context(Progress(*COLUMNS)) if sys.stdout.isatty() else None
        show = Pace(say=self.stdout.write, bar=bar).show
        plan = record.plan(sources, namespace=options["namespace"], at=now(), show=show)
        for remark in [*plan.remarks, *remarks(options["namespace"])]:
            self.stdout.write(remark)
        if options["dry_run"]:
            self.stdout.write(plan_in_words(plan))
            return
        done = record.run(plan, replace=options["replace"], clock=now, show=show)
        seconds = time.monotonic() - began
        self.stdout.write(
            f"{done.recorded:,} events imported into {done.scope.name} in "
            f"{seconds:,.1f} s, {done.total / seconds:,.0f}/s; "
            f"{done.taken - done.recorded:,} repeats left out\n"
            f"span: {span_in_words(done.span)}"
        )


def source(name: str, options: dict[str, Any], stack: ExitStack) -> Source:
    """Returns a file; what can be read only once is put into one until the end.

    Raises FileError, and CommandError for an option that says nothing of it.
    """
    options_of_file = file_options.of_file(name, files=options["files"], given=options)
    path = stack.enter_context(readable(name))
    called = "standard input" if name == "-" else name
    return reading.source(path, name=called, options=options_of_file)


def remarks(namespace: str) -> list[str]:
    """Returns what is to be said of a namespace that is not there: another spelling
    makes another one. Raises ValidationError for a name that none may have.
    """
    known = set(Namespace.objects.values_list("name", flat=True))
    if namespace in known:
        return []
    Namespace._meta.get_field("name").clean(namespace, None)
    return [f"namespace {namespace!r} is new{spelling.question(namespace, known)}"]


def plan_in_words(plan: Plan) -> str:
    """Returns in words what an import would bring."""
    survey = plan.survey
    what = f"{survey.events:,} events would be imported into {plan.rules.namespace}"
    names = [f"{number:>14,} {name}" for name, number in survey.names.most_common()]
    return "\n".join([what, f"span: {span_in_words(survey.span)}", *names])
