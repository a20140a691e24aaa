"""The statements of drain and aggregation, with the parameters of a namespace."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from analytics.buckets import recompute
from analytics.kinds import rules, segments, specs, statements
from analytics.kinds.specs import MetricSpec
from events import services as event_services
from timegrid import buckets
from timegrid.buckets import FIVE_MINUTES, HOUR, Span

Example = tuple[str, dict[str, Any]]


def example(
    name: str, *, namespace_id: int, start_at: datetime, at: datetime
) -> Example:
    """Returns the statement of a name of NAMES, and its parameters.

    Dirty is what lies between the two moments, in whole five minutes. Run ids, batches
    and inbox ids are made up: 1. Raises KeyError for another name.
    """
    spans = buckets.widened([Span(start_at, at)], resolution=FIVE_MINUTES)
    metrics = specs.computed(namespace_id)
    statement, parameters = STATEMENTS[name](metrics, namespace_id, spans)
    shared = {
        "namespace_id": namespace_id,
        "segments": segments.every(namespace_id=namespace_id).numbers,
        "run_id": 1,
        "batches": "{1}",
        "at": at,
        **recompute.edges(spans),
        **specs.parameters(metrics),
    }
    return statement, shared | parameters


def insert(
    metrics: Sequence[MetricSpec],
    namespace_id: int,
    spans: Sequence[Span],
    *,
    kind: str | None,
) -> Example:
    """The buckets of one kind, or of all kinds that the metrics have."""
    kinds = {spec.kind for spec in metrics} if kind is None else {kind}
    return (
        recompute.insertion(
            spans=spans,
            kinds=kinds or set(rules.RULES),
            segments=segments.every(namespace_id=namespace_id),
        ),
        {},
    )


def invalidated(
    metrics: Sequence[MetricSpec], namespace_id: int, spans: Sequence[Span]
) -> Example:
    """The five minutes that new events change later on."""
    return statements.invalidated(spans=spans, kinds=set(rules.RULES)) or "", {}


def roll_up(
    metrics: Sequence[MetricSpec], namespace_id: int, spans: Sequence[Span]
) -> Example:
    """From five minutes to hours."""
    return recompute.ROLL_UP, {"finer": FIVE_MINUTES, "resolution": HOUR}


def take_pending(
    metrics: Sequence[MetricSpec], namespace_id: int, spans: Sequence[Span]
) -> Example:
    """What an aggregation begins with."""
    priced = [spec.event_name_id for spec in metrics if spec.kind in rules.PRICED]
    sealed_at = spans[0].start_at
    return event_services.TAKE_PENDING, {"priced": priced, "sealed_at": sealed_at}


def drain(
    metrics: Sequence[MetricSpec], namespace_id: int, spans: Sequence[Span]
) -> Example:
    """Out of the inbox of shard 0, into history."""
    marks = {"ids": "{1}", "of_name": "{1}", "of_user": "{1}"}
    return event_services.MOVE, {"shard": 0, **marks}


STATEMENTS: dict[str, Callable[..., Example]] = {
    "drain": drain,
    "take_pending": take_pending,
    "invalidated": invalidated,
    "aggregate": partial(insert, kind=None),
    "roll_up": roll_up,
    **{str(kind): partial(insert, kind=kind) for kind in rules.RULES},
}
NAMES = tuple(STATEMENTS)
