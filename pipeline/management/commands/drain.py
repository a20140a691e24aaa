"""By hand, what the drain task does every two seconds."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from events import failures
from pipeline import drain


class Command(BaseCommand):
    help = "Count the events that wait in the inbox and move them into history."

    def handle(self, *args: Any, **options: Any) -> None:
        total = 0
        while drained := drain.drain_all(at=datetime.now(UTC)):
            total += drained
        self.stdout.write(f"{total:,} events drained")
        if failing := failures.current("drain"):
            raise CommandError("; ".join(failing))
