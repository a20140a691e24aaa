"""Prints a new API token, alone, on standard output."""

from argparse import ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import services
from accounts.models import DEFAULT_NAMESPACE, Namespace, Role
from api import spelling
from api.options import Once

LONGEST = 36_500


def days(text: str) -> int:
    """Returns a number of days. Raises ArgumentTypeError."""
    if not text.isdecimal() or not 0 < int(text) <= LONGEST:
        raise ArgumentTypeError(f"expected a whole number from 1 to {LONGEST:,}")
    return int(text)


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

        expiry = parser.add_mutually_exclusive_group()
        expiry.add_argument(
            "--days",
            type=days,
            action=Once,
            default=settings.TOKEN_DAYS,
            help="how long the token is valid; default: TOKEN_DAYS",
        )
        expiry.add_argument(
            "--never",
            action="store_const",
            const=0,
            dest="days",
            help="the token is valid until it is revoked",
        )

    def handle(self, *args: Any, **options: Any) -> str:
        named = options["namespace"] or []
        known = set(Namespace.objects.values_list("name", flat=True))
        try:
            token = services.issue_token(
                username=options["name"],
                role=options["role"],
                namespaces=named or [DEFAULT_NAMESPACE],
                lifetime=timedelta(options["days"]) if options["days"] else None,
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        if self.stderr.isatty():  # a program that reads both wants the token alone
            self.tell({*named} - known, known)
        return token

    def tell(self, new: set[str], known: set[str]) -> None:
        for name in sorted(new):
            question = spelling.question(name, known)
            self.stderr.write(f"namespace {name!r} is new{question}")
