"""Aggregation cut by a segmentation of five leaves, against the same uncut."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.db import transaction

from analytics.buckets import recompute as bucket_recompute
from analytics.buckets import runs
from analytics.kinds import segments, specs
from analytics.kinds.segments import Segments
from analytics.models import Cause
from benchmarks.report import Finding, seconds
from segmentation import services as segmentation_services
from segmentation.groups import Allocation
from timegrid.buckets import Span

LEAF = {"type": "analytics"}
NAMES = ("one", "two")
HALF = Decimal(50)


def run(namespace_id: int, span: Span) -> Iterator[Finding]:
    """Computes a span of history with a segmentation and without."""
    for name in NAMES:
        made = Allocation(name, name, HALF, HALF, span.start_at, None)
        segmentation_services.create_test(
            made, namespace_id=namespace_id, at=span.start_at
        )
    segmentation_services.create_segmentation(
        namespace_id=namespace_id,
        name="five leaves",
        checked=node("one", node("two", LEAF)),
        at=span.start_at,
    )
    every = segments.every(namespace_id=namespace_id)
    whole = segments.whole_and([])
    for stored in (every, whole):  # the first of each is not counted
        recompute(namespace_id, span, stored)
    uncut = seconds(lambda: recompute(namespace_id, span, whole))
    cut = seconds(lambda: recompute(namespace_id, span, every))
    yield Finding(
        "aggregation with two A/B tests, five leaves / without",
        ratio=cut / uncut,
        bar=3.0,
        at_least=False,
        details=f"{cut:.2f} s; {uncut:.2f} s",
    )


def node(test: str, group_b: dict[str, Any]) -> dict[str, Any]:
    split = {"ab_test_id": test, "group_a": LEAF, "group_b": group_b}
    return {"type": "ab_test", "split": split, "skip": LEAF}


@transaction.atomic
def recompute(namespace_id: int, span: Span, stored: Segments) -> None:
    run = runs.begin(namespace_id=namespace_id, cause=Cause.EVENTS, at=span.start_at)
    bucket_recompute.recompute(
        namespace_id=namespace_id,
        metrics=specs.computed(namespace_id),
        segments=stored,
        spans=[span],
        run_id=run.pk,
    )
