"""Checks the stored numbers against each other and against history."""

from datetime import UTC, datetime
from time import monotonic
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Namespace
from analytics.reconciliation import services as verification
from analytics.reconciliation.services import SHOWN, Difference, Verified
from api.options import require_known


class Command(BaseCommand):
    help = (
        "Sum all buckets again, and recompute those whose history is still held; exit "
        "with 1 if any differs. Reads only, while everything else goes on."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--namespace",
            action="append",
            default=[],
            help="check this one only; repeatable; default: all",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        names, began = options["namespace"], monotonic()
        namespaces = {one.name: one for one in Namespace.objects.order_by("name")}
        require_known(names, namespaces, kind="namespace")
        differs = False
        for one in (namespaces[name] for name in names or namespaces):
            found = verification.verify(namespace_id=one.pk, now=datetime.now(UTC))
            self.tell(one.name, found)
            differs = differs or bool(found.counts)
        self.stdout.write(f"checked in {monotonic() - began:,.1f} s")
        if differs:
            raise CommandError("stored numbers differ from what they should be")

    def tell(self, namespace: str, found: Verified) -> None:
        """Prints what was checked in a namespace, and the first differences."""
        total = found.counts.total()
        said = f"{total:,} differences" if total else "no difference"
        checked = f"{found.buckets:,} buckets, {found.days:,} days of history"
        self.stdout.write(f"{namespace}: {checked}: {said}")
        for one in found.first:
            self.stdout.write(f"  {sentence(one)}")
        if total > SHOWN:
            self.stdout.write(f"  and {total - SHOWN:,} more; by metric:")
            for metric, number in found.counts.most_common():
                self.stdout.write(f"  {metric}: {number:,}")


def sentence(one: Difference) -> str:
    """Returns a difference in a line."""
    place = f"{one.metric}, {one.resolution} s from {one.start_at:%Y-%m-%d %H:%M}"
    stored, expected = (value or "absent" for value in (one.stored, one.expected))
    return f"{place}: {stored}, should be {expected} ({one.check})"
