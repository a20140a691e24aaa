"""Adds the shipped metrics and KPIs."""

from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analytics.buckets import metric_backfill
from analytics.catalogue import services, shipped
from api import schema_errors
from api.options import require_known


class Command(BaseCommand):
    help = "Add the shipped metrics and KPIs that are missing; nothing is overwritten."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--event",
            action="append",
            default=[],
            metavar="NAME=YOURS",
            help="your name for one of: " + ", ".join(shipped.EVENTS),
        )

    def handle(self, *args: Any, **options: Any) -> None:
        names = own_names(options["event"])
        called = [names.get(name, name) for name in shipped.EVENTS]
        if len(set(called)) < len(called):
            raise CommandError("two events cannot have one name")
        added = services.load_catalogue(event_names=names)
        self.stdout.write(f"{added} metrics and KPIs added")
        if stale := " ".join(metric.name for metric in metric_backfill.stale()):
            self.stdout.write(f"events came before: run manage.py rebuild {stale}")


def own_names(pairs: Sequence[str]) -> dict[str, str]:
    """Returns event → your name for it. Raises CommandError."""
    names: dict[str, str] = {}
    for pair in pairs:
        name, _, own = pair.partition("=")
        require_known([name], shipped.EVENTS, kind="event of the catalogue")
        if name in names:
            raise CommandError(f"--event {pair}: expected {name} once")
        if not schema_errors.is_text(own):
            expected = f"NAME=YOURS, such as {name}=my_{name}, yours of"
            raise CommandError(
                f"expected --event {expected} {schema_errors.TEXT_EXPECTED}"
            )
        names[name] = own
    return names
