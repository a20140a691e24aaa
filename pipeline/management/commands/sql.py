"""Prints the statements of the pipeline, whole, to be read and explained."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from accounts.models import Namespace
from api import spelling
from pipeline import statements


class Command(BaseCommand):
    help = (
        "Print a statement as it runs for a namespace: of a kind of metrics, or of a "
        "stage. Without a name: list the names."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", help="of a kind or a stage")
        parser.add_argument("--namespace", default="default")
        parser.add_argument(
            "--minutes", type=int, default=5, help="of history up to now that is dirty"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        name, minutes = options["name"], options["minutes"]
        if name is None:
            self.stdout.write("\n".join(statements.NAMES))
            return
        if name not in statements.NAMES:
            hint = spelling.question(name, statements.NAMES)
            raise CommandError(f"there is no statement named {name!r}{hint}")
        if minutes < 1:
            raise CommandError("--minutes: expected 1 or more")
        now = datetime.now(UTC)
        statement, parameters = statements.example(
            name,
            namespace_id=self.namespace_id(options["namespace"]),
            start_at=now - timedelta(minutes=minutes),
            at=now,
        )
        with connection.cursor() as cursor:
            self.stdout.write(cursor.mogrify(statement, parameters) + ";")

    def namespace_id(self, name: str) -> int:
        """Returns the id of a namespace. Raises CommandError for an unknown one."""
        known = dict(Namespace.objects.values_list("name", "pk"))
        if name not in known:
            hint = spelling.question(name, known)
            raise CommandError(f"there is no namespace named {name!r}{hint}")
        return known[name]
