"""Prints a new API token, alone, on standard output."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from access import services
from access.models import DEFAULT_NAMESPACE, Namespace, Role
from access.options import Once


class Command(BaseCommand):
    help = "Create an API token (and its account if needed) and print it alone."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the account's name, created if needed")
        parser.add_argument("--role", choices=Role.values, required=True, action=Once)
        parser.add_argument(
            "--namespace",
            nargs="+",
            action="extend",
            help="namespaces the account belongs to (root sees every one); repeatable; "
            f"default: {DEFAULT_NAMESPACE}",
        )

    def handle(self, *args: Any, **options: Any) -> str:
        named = options["namespace"] or []
        known = set(Namespace.objects.values_list("name", flat=True))
        try:
            token = services.issue_token(
                username=options["name"],
                role=options["role"],
                namespaces=named or [DEFAULT_NAMESPACE],
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        for name in sorted({*named} - known):
            self.stderr.write(f"namespace {name!r} is new")
        return token
