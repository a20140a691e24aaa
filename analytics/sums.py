"""The sums of metrics over the cells of an answer, in one statement.

Sums are made in NUMERIC and become floats at the very end, packed into one string of
bytes a metric: a year of days for ten KPIs costs no time worth mentioning to send.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from access import sql
from analytics.formula import Series
from events import buckets
from events.arrivals import POSTGRES_EPOCH

BUCKETS = """
SELECT start_at, value FROM analytics_bucket
WHERE namespace_id = %(namespace_id)s AND resolution = %(resolution)s
    AND metric_id = metric.id AND segment = segments.number
    AND start_at >= %(start)s AND start_at < %(end)s
"""
CELLS = f"""
SELECT min(start_at), sum(value)
FROM edge, ({BUCKETS}) AS bucket (start_at, value)
GROUP BY width_bucket(start_at, edge.edges)
"""
SUMS = """
WITH edge AS MATERIALIZED (
    SELECT array_agg(to_timestamp(second) ORDER BY second) AS edges
    FROM unnest(%(edges)s::bigint[]) AS second
)
SELECT metric.name, segments.number, sums.total, sums.starts, sums.cell_values
FROM analytics_metric AS metric, unnest(%(segments)s::int[]) AS segments (number),
LATERAL (
    SELECT coalesce(sum(value), 0)::float8 AS total,
        coalesce(string_agg(timestamptz_send(start_at), ''), '') AS starts,
        coalesce(string_agg(float8send(value::float8), ''), '') AS cell_values
    FROM ({by_cell}) AS by_cell (start_at, value)
) AS sums
WHERE metric.name = ANY(%(names)s) AND metric.active
    -- What other programs push, they push for the whole.
    AND (segments.number = 0 OR metric.kind <> 'external')
"""
EPOCH_SECONDS = int(POSTGRES_EPOCH.timestamp())


def of(
    *,
    namespace_id: int,
    names: AbstractSet[str],
    segments: Sequence[int],
    edges: Sequence[datetime],
) -> list[dict[str, Series]]:
    """Returns for each segment the sums of active metrics: one a cell, then the sum of
    all cells.

    They are read at the coarsest resolution that fits; where every cell is one stored
    bucket there is nothing to group.
    """
    seconds = np.array([int(edge.timestamp()) for edge in edges])
    resolution = buckets.resolution_for(edges)
    grouped = bool((np.diff(seconds) != resolution).any())
    rows = sql.fetch(
        SUMS.replace("{by_cell}", CELLS if grouped else BUCKETS),
        namespace_id=namespace_id,
        names=sorted(names),
        segments=list(segments),
        resolution=resolution,
        start=edges[0],
        end=edges[-1],
        edges=sql.array(seconds.tolist() if grouped else []),
    )
    found: dict[int, dict[str, Series]] = {number: {} for number in segments}
    for name, number, *packed in rows:
        found[number][name] = filled(*packed, seconds=seconds)
    return list(found.values())


def filled(
    total: float, starts: bytes, values: bytes, *, seconds: NDArray[np.int64]
) -> Series:
    """Returns values in their cells, zero in cells without any, and the total.

    A cell of no length has none: NaN. `starts` are packed as PostgreSQL's timestamps
    (microseconds since 2000), `values` as its floats; `seconds` are the edges.
    """
    series = np.where(np.diff(seconds, append=np.inf) > 0, 0.0, np.nan)
    at = np.frombuffer(starts, ">i8") // 1_000_000 + EPOCH_SECONDS
    cells = np.searchsorted(seconds, at, side="right") - 1
    series[cells] = np.frombuffer(values, ">f8")
    series[-1] = total
    return series
