"""`manage.py check`, which looks at the KPIs in the database as well."""

from django.core.management.base import CommandParser
from django.core.management.commands import check
from django.db import DEFAULT_DB_ALIAS


class Command(check.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        """As Django's; unless told otherwise, of KPIs too, and warnings fail."""
        super().add_arguments(parser)
        parser.set_defaults(databases=[DEFAULT_DB_ALIAS], fail_level="WARNING")
