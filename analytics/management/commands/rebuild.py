"""Computes metrics anew over the history that is kept, and shows how far it is."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from analytics.buckets import backfill, metric_backfill
from analytics.buckets.metric_backfill import NotRebuildableError
from analytics.models import Metric
from api.options import require_known

COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TextColumn("days,"),
    TimeRemainingColumn(),
    TextColumn("left"),
)


class Command(BaseCommand):
    help = (
        "Compute changed or new metrics anew over the history that is kept. Stopped "
        "half-way, it is gone on with by the next rebuild or by a worker."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("metrics", nargs="*", metavar="METRIC")
        parser.add_argument(
            "--stale", action="store_true", help="all that need it, instead of names"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        names = options["metrics"]
        if bool(names) == options["stale"]:
            raise CommandError("name the metrics, or write --stale")
        metrics = named(names) if names else metric_backfill.stale()
        try:
            numbers = metric_backfill.request(metrics=metrics, at=datetime.now(UTC))
        except NotRebuildableError as error:
            raise CommandError(str(error)) from None
        self.work(numbers)
        self.conclude([metric.pk for metric in metrics])

    def work(self, numbers: Sequence[int]) -> None:
        """Works beside any worker: the days of a rebuild are done one by one."""
        # Without a terminal there is no bar, so that a log gets the result alone.
        interactive = self.stdout.isatty()
        with Progress(*COLUMNS, console=Console(), disable=not interactive) as bar:
            for number in numbers:
                task = bar.add_task("", total=None)
                while row := backfill.advance(number, at=datetime.now(UTC), wait=True):
                    name, done, total = str(row.metric), row.done, row.total
                    bar.update(task, description=name, completed=done, total=total)

    def conclude(self, numbers: Sequence[int]) -> None:
        metrics = Metric.objects.filter(pk__in=numbers)
        for metric in metrics:
            if not metric.stale:
                since = metric_backfill.since(kind=metric.kind, at=datetime.now(UTC))
                self.stdout.write(
                    f"{metric.name}: rebuilt from {since:%Y-%m-%d %H:%M} UTC on; "
                    "older buckets stay as they were"
                )
        if stale := [metric.name for metric in metrics if metric.stale]:
            raise CommandError(f"edited meanwhile, not rebuilt: {', '.join(stale)}")
        if not numbers:
            self.stdout.write("nothing to rebuild")


def named(names: Sequence[str]) -> list[Metric]:
    """Returns metrics by their names. Raises CommandError, with a name alike."""
    metrics = {metric.name: metric for metric in Metric.objects.all()}
    require_known(names, metrics, kind="metric")
    return [metrics[name] for name in dict.fromkeys(names)]
