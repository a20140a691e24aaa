"""The sums of metrics over the cells of an answer, in one statement.

Sums are made in NUMERIC and stay exact: they come as text with six decimals, all those
of a metric in one, so a year of days for ten KPIs costs no time worth mentioning to
send and to read.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.formulas import rationals
from analytics.formulas.rationals import MILLIONTHS, WORD, Integers, Rationals
from analytics.models import WHOLE, is_stale
from db import sql
from db.statements import complete
from events.arrivals import POSTGRES_EPOCH
from timegrid import buckets

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
SELECT metric.name, segments.number, metric.kind, metric.event_name, metric.after,
    metric.built_as, sums.total, sums.starts, sums.cell_values
FROM analytics_metric AS metric, unnest(%(segments)s::int[]) AS segments (number),
LATERAL (
    SELECT coalesce(sum(value), 0.000000)::text AS total,
        coalesce(string_agg(timestamptz_send(start_at), ''), '') AS starts,
        coalesce(string_agg(value::text, ' '), '') AS cell_values
    FROM ($by_cell) AS by_cell (start_at, value)
) AS sums
WHERE metric.name = ANY(%(names)s) AND metric.active
    -- What other programs push, they push for the whole.
    AND (segments.number = 0 OR metric.kind <> 'external')
"""
EPOCH_SECONDS = int(POSTGRES_EPOCH.timestamp())


class Sums(NamedTuple):
    """Of each segment the sums by metric: one a cell, then that of all cells.

    `stale` names the metrics that wait for their rebuild.
    """

    of_segments: list[dict[str, Rationals]]
    stale: AbstractSet[str]


def read_sums(
    *,
    namespace_id: int,
    names: AbstractSet[str],
    segments: Sequence[int],
    edges: Sequence[datetime],
) -> Sums:
    """Returns the sums of active metrics.

    A metric that waits for its rebuild has none in leaves: what is in them since they
    were filled is not in the whole yet.
    """
    seconds = np.array([int(edge.timestamp()) for edge in edges])
    sums: dict[int, dict[str, Rationals]] = {number: {} for number in segments}
    stale, per = set(), denominators(seconds)
    for name, number, kind, event_name, after, built_as, *packed in fetch_rows(
        namespace_id=namespace_id, names=names, segments=segments, edges=edges
    ):
        if waits := is_stale(kind, event_name, after, built_as=built_as):
            stale.add(name)
        if number == WHOLE or not waits:
            sums[number][name] = Rationals(filled(*packed, seconds=seconds), per)
    return Sums(list(sums.values()), stale)


def fetch_rows(
    *,
    namespace_id: int,
    names: AbstractSet[str],
    segments: Sequence[int],
    edges: Sequence[datetime],
) -> list[tuple[Any, ...]]:
    """Returns the rows of SUMS, one a metric and segment.

    They are read at the coarsest resolution that fits; where every cell is one stored
    bucket there is nothing to group.
    """
    whole_seconds = [int(edge.timestamp()) for edge in edges]
    resolution = buckets.resolution_of(whole_seconds)
    grouped = bool((np.diff(whole_seconds) != resolution).any())
    return sql.fetch(
        complete(SUMS, by_cell=CELLS if grouped else BUCKETS),
        namespace_id=namespace_id,
        names=sorted(names),
        segments=list(segments),
        resolution=resolution,
        start=edges[0],
        end=edges[-1],
        edges=sql.array(whole_seconds if grouped else []),
    )


def filled(
    total: str, starts: bytes, values: str, *, seconds: NDArray[np.int64]
) -> Integers:
    """Returns values in their cells, zero in cells without any, and the total, all in
    millionths.

    `starts` are packed as PostgreSQL's timestamps (microseconds since 2000), `values`
    are parted by spaces, with six decimals each; `seconds` are the edges.
    """
    whole = int(total.replace(".", ""))
    each = rationals.integers(values.replace(".", ""))
    fits = abs(whole) <= WORD and each.dtype == np.int64
    series = np.zeros(len(seconds), np.int64 if fits else "O")
    at = np.frombuffer(starts, ">i8") // 1_000_000 + EPOCH_SECONDS
    series[np.searchsorted(seconds, at, side="right") - 1] = each
    series[-1] = whole
    return Integers.of(series)


def ended(
    whole: Mapping[str, Rationals],
    cell: int,
    pieces: Sequence[Mapping[str, Rationals]],
) -> dict[str, Rationals]:
    """Returns sums whose cell at `cell` has what is in the pieces, and nothing without
    any; the cells after it are not in the sum of all.
    """
    return {
        name: shortened(whole[name], cell, [total(piece[name]) for piece in pieces])
        for name in in_all([whole, *pieces])
    }


def shortened(series: Rationals, cell: int, pieces: Sequence[int]) -> Rationals:
    values = series.numerators.values.tolist()
    known = np.broadcast_to(series.denominators.values, len(values)).copy()
    values[cell] = sum(pieces)
    values[-1] = sum(values[: cell + 1])
    if not pieces:
        known[cell] = 0
        known[-1] = known[: cell + 1].max()
    return Rationals(Integers.of(rationals.array(values)), Integers.of(known))


def joined(pieces: Sequence[Mapping[str, Rationals]]) -> dict[str, Rationals]:
    """Returns sums over the cells of all pieces, one after another, of some length."""
    return {
        name: concatenated([piece[name] for piece in pieces]) for name in in_all(pieces)
    }


def concatenated(pieces: Sequence[Rationals]) -> Rationals:
    cells = [piece.numerators.values[:-1] for piece in pieces]
    whole = rationals.array([sum(map(total, pieces))])
    return Rationals.of(np.concatenate([*cells, whole]), per=MILLIONTHS)


def in_all(pieces: Sequence[Mapping[str, Rationals]]) -> list[str]:
    """Returns the metrics that were active in every reading."""
    first, *others = pieces
    return [name for name in first if all(name in other for other in others)]


def total(series: Rationals) -> int:
    """Returns the sum of all cells, in millionths."""
    return int(series.numerators.values[-1])


def denominators(seconds: NDArray[np.int64]) -> Integers:
    """Returns that of all cells or, where some have no length, of each: of these, 0."""
    lengths = np.diff(seconds)
    if (lengths > 0).all():
        return Integers.of(MILLIONTHS)
    return Integers.of(np.where(np.append(lengths, 1) > 0, MILLIONTHS, 0))
