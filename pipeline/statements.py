"""The statements of drain and aggregation, with the parameters of a namespace."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from analytics.buckets import recompute
from analytics.kinds import rules, segments, specs, statements
from analytics.kinds.segments import Segments
from events import services as event_services
from timegrid import buckets
from timegrid.buckets import FIVE_MINUTES, HOUR, Span

ROLL_UP = {"finer": FIVE_MINUTES, "resolution": HOUR}  # the first of two steps
# Of runs, batches and the inbox there is nothing yet: ids of one event, made up.
MADE_UP: dict[str, object] = {
    "run_id": 1,
    "batches": "{1}",
    "shard": 0,
    "ids": "{1}",
    "of_name": "{1}",
    "of_user": "{1}",
}


def insert(spans: Sequence[Span], stored: Segments, *, kinds: Sequence[str]) -> str:
    return recompute.insertion(spans=spans, kinds=kinds, segments=stored)


def invalidated(spans: Sequence[Span], _: Segments) -> str:
    return statements.invalidated(spans=spans, kinds=list(rules.RULES)) or ""


STATEMENTS: dict[str, Callable[[Sequence[Span], Segments], str]] = {
    "drain": lambda *_: event_services.MOVE,
    "take_pending": lambda *_: event_services.TAKE_PENDING,
    "invalidated": invalidated,
    "aggregate": partial(insert, kinds=list(rules.RULES)),
    "roll_up": lambda *_: recompute.ROLL_UP,
    **{str(kind): partial(insert, kinds=[kind]) for kind in rules.RULES},
}
NAMES = tuple(STATEMENTS)


def example(
    name: str, *, namespace_id: int, start_at: datetime, at: datetime
) -> tuple[str, dict[str, Any]]:
    """Returns the statement of a name of NAMES, and parameters for it and any other.

    Dirty is what lies between the two moments, in whole five minutes. Raises KeyError
    for another name.
    """
    spans = buckets.widened([Span(start_at, at)], resolution=FIVE_MINUTES)
    metrics = specs.computed(namespace_id)
    stored = segments.every(namespace_id=namespace_id)
    parameters = {
        **MADE_UP,
        **ROLL_UP,
        "namespace_id": namespace_id,
        "segments": stored.numbers,
        "at": at,
        "sealed_at": spans[0].start_at,
        "priced": [spec.event_name_id for spec in metrics if spec.kind in rules.PRICED],
        **recompute.edges(spans),
        **specs.parameters(metrics),
    }
    return STATEMENTS[name](spans, stored), parameters
