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
    rows_by_leaf = {leaf: row for row, leaf in enumerate(leaves)}
    names = {metric.pk: metric.name for metric in metrics}
    sums = {name: np.zeros((len(leaves), SHARDS), "O") for name in names.values()}
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
        sums[names[metric_id]][rows_by_leaf[leaf], shard] = int(total)
    return sums


def needed(names: AbstractSet[str], metrics: Mapping[str, Metric]) -> list[Metric]:
    """Returns the metrics of those names that can be split by parts, and `users`."""
    counting = users(metrics)
    return [
        metric
        for name, metric in metrics.items()
        if metric is counting or (name in names and not fault(name, metrics))
    ]


def users(metrics: Mapping[str, Metric]) -> Metric | None:
    """Returns the metric that counts users at the first event they ever send."""
    counting = (
        metric
        for metric in metrics.values()
        if metric.kind == Kind.UNIQUE and not metric.event_name and not metric.stale
    )
    return next(counting, None)


def fault(name: str, metrics: Mapping[str, Metric]) -> str | None:
    """Returns why a metric cannot be split by parts, if it cannot."""
    metric = metrics.get(name)
    if metric is None:
        return f"the metric {name} is gone or inactive"
    if metric.kind == Kind.EXTERNAL:
        return f"the metric {name} is pushed, and nobody says for which users"
    if metric.stale:
        return f"the metric {name} waits for its rebuild"
    return None
