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
        namespaces = {
            namespace.name: namespace
            for namespace in Namespace.objects.order_by("name")
        }
        require_known(names, namespaces, kind="namespace")
        differs = False
        for namespace in (namespaces[name] for name in names or namespaces):
            verified = verification.verify(
                namespace_id=namespace.pk, now=datetime.now(UTC)
            )
            self.tell(namespace.name, verified)
            differs = differs or bool(verified.counts)
        self.stdout.write(f"checked in {monotonic() - began:,.1f} s")
        if differs:
            raise CommandError("stored numbers differ from what they should be")

    def tell(self, namespace: str, verified: Verified) -> None:
        """Prints what was checked in a namespace, and the first differences."""
        total = verified.counts.total()
        said = f"{total:,} differences" if total else "no difference"
        checked = f"{verified.buckets:,} buckets, {verified.days:,} days of history"
        self.stdout.write(f"{namespace}: {checked}: {said}")
        for difference in verified.first:
            self.stdout.write(f"  {sentence(difference)}")
        if total > SHOWN:
            self.stdout.write(f"  and {total - SHOWN:,} more; by metric:")
            for metric, number in verified.counts.most_common():
                self.stdout.write(f"  {metric}: {number:,}")


def sentence(difference: Difference) -> str:
    """Returns a difference in a line."""
    start = f"{difference.start_at:%Y-%m-%d %H:%M}"
    bucket = f"{difference.metric}, {difference.resolution} s from {start}"
    stored, expected = (
        value or "absent" for value in (difference.stored, difference.expected)
    )
    return f"{bucket}: {stored}, should be {expected} ({difference.check})"
