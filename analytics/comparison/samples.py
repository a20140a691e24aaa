"""The sums of metrics over the parts of leaves, in one statement."""

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.models import Kind, Metric
from db import sql
from events.keys import SHARDS
from timegrid import buckets
from timegrid.buckets import Span

SUMS = """
SELECT metric_id, segment, shard - 1, (1000000 * sum(part))::numeric(50)::text
FROM analytics_bucket, unnest(shard_values) WITH ORDINALITY AS part (part, shard)
WHERE namespace_id = %(namespace_id)s AND resolution = %(resolution)s
    AND metric_id = ANY(%(metrics)s) AND segment = ANY(%(leaves)s::int[])
    AND start_at >= %(start)s AND start_at < %(end)s
GROUP BY 1, 2, 3
"""


def of(
    *,
    namespace_id: int,
    metrics: Collection[Metric],
    leaves: Sequence[int],
    days: Span,
) -> dict[str, NDArray[Any]]:
    """Returns the sums of metrics by name, in millionths, as integers without limit: a
    row for each leaf, a column for each part.

    `leaves` are the numbers of tested leaves, `days` whole days of UTC: the coarsest
    buckets are read, one a day.
    """
    places = {leaf: place for place, leaf in enumerate(leaves)}
    names = {one.pk: one.name for one in metrics}
    found = {name: np.zeros((len(leaves), SHARDS), "O") for name in names.values()}
    rows = sql.fetch(
        SUMS,
        namespace_id=namespace_id,
        resolution=buckets.DAY,
        metrics=list(names),
        leaves=sql.array(leaves),
        start=days.start_at,
        end=days.end_at,
    )
    for metric_id, leaf, shard, total in rows:
        found[names[metric_id]][places[leaf], shard] = int(total)
    return found


def needed(names: AbstractSet[str], metrics: Mapping[str, Metric]) -> list[Metric]:
    """Returns the metrics of those names that can be told of parts, and `users`."""
    counting = users(metrics)
    return [
        one
        for name, one in metrics.items()
        if one is counting or (name in names and not fault(name, metrics))
    ]


def users(metrics: Mapping[str, Metric]) -> Metric | None:
    """Returns the metric that counts users at the first event they ever send."""
    counting = (
        one
        for one in metrics.values()
        if one.kind == Kind.UNIQUE and not one.event_name and not one.stale
    )
    return next(counting, None)


def fault(name: str, metrics: Mapping[str, Metric]) -> str | None:
    """Returns why a metric cannot be told of parts, if it cannot."""
    one = metrics.get(name)
    if one is None:
        return f"the metric {name} is gone or inactive"
    if one.kind == Kind.EXTERNAL:
        return f"the metric {name} is pushed, and nobody says for which users"
    if one.stale:
        return f"the metric {name} waits for its rebuild"
    return None
