"""Prints a new API token, alone, on standard output."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from access import services
from access.models import DEFAULT_NAMESPACE, Role


class Command(BaseCommand):
    help = "Create an API token (and its account if needed) and print it alone."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the account's name, created if needed")
        parser.add_argument("--role", choices=Role.values, required=True)
        parser.add_argument(
            "--namespace",
            nargs="+",
            default=[DEFAULT_NAMESPACE],
            help="namespaces the account belongs to (root sees every one)",
        )

    def handle(self, *args: Any, **options: Any) -> str:
        try:
            return services.issue_token(
                username=options["name"],
                role=options["role"],
                namespaces=options["namespace"],
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
