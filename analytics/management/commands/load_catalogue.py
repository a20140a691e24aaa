"""Adds the shipped metrics and KPIs."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analytics import catalogue, rebuilds, services


class Command(BaseCommand):
    help = "Add the shipped metrics and KPIs that are missing; nothing is overwritten."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--event",
            action="append",
            default=[],
            metavar="NAME=YOURS",
            help="your name for one of: " + ", ".join(catalogue.EVENTS),
        )

    def handle(self, *args: Any, **options: Any) -> None:
        names = dict(pair.partition("=")[::2] for pair in options["event"])
        if wrong := [name for name in names if name not in catalogue.EVENTS]:
            known = ", ".join(catalogue.EVENTS)
            raise CommandError(f"unknown event {wrong[0]!r}; expected one of {known}")
        if not all(names.values()):
            raise CommandError("write --event NAME=YOURS, such as purchase=order_paid")
        called = [names.get(name, name) for name in catalogue.EVENTS]
        if len(set(called)) < len(called):
            raise CommandError("two events cannot have one name")
        added = services.load_catalogue(event_names=names)
        self.stdout.write(f"{added} metrics and KPIs added")
        if stale := " ".join(metric.name for metric in rebuilds.stale()):
            self.stdout.write(f"events came before: run manage.py rebuild {stale}")
