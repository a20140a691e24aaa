"""By hand, what the retention task does every hour."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from events import failures
from pipeline import retain


class Command(BaseCommand):
    help = "Make the coming days of history and drop those past keeping."

    def handle(self, *args: Any, **options: Any) -> None:
        dropped = retain.drop_past(now=datetime.now(UTC))
        days = ", ".join(map(str, dropped)) or "none"
        self.stdout.write(f"days dropped: {days}")
        if failing := failures.current("retain"):
            raise CommandError("; ".join(failing))
