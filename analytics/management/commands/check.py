"""`manage.py check`, which looks at the KPIs in the database as well."""

from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands import check
from django.db import DEFAULT_DB_ALIAS


class Command(check.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        """As Django's, but that warnings fail."""
        super().add_arguments(parser)
        parser.set_defaults(fail_level="WARNING")

    def handle(self, *labels: Any, **options: Any) -> None:
        """Looks at the database, but for `--deploy`: a build has none."""
        if not options["databases"] and not options["deploy"]:
            options["databases"] = [DEFAULT_DB_ALIAS]
        super().handle(*labels, **options)
