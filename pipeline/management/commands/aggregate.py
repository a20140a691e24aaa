"""By hand, what the aggregation task does every five minutes."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from events import failures
from pipeline import aggregate


class Command(BaseCommand):
    help = "Recompute the buckets that new events touched."

    def handle(self, *args: Any, **options: Any) -> None:
        runs = aggregate.aggregate_all(at=datetime.now(UTC))
        for run in runs:
            self.stdout.write(
                f"{run.namespace}: {run.events:,} events of {run.batches:,} batches, "
                f"{run.buckets:,} buckets written"
            )
        if not runs:
            self.stdout.write("nothing to aggregate")
        if failing := failures.current("aggregate"):
            raise CommandError("; ".join(failing))
