"""Buckets as CSV, to move an installation: five minutes only, hours and days follow."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts import services as accounts
from analytics.buckets import recompute, runs
from analytics.kinds import segments
from analytics.models import AggregationRun, Cause, Kind, Metric
from analytics.portability.lines import COLUMNS, Rules, TransferError, checked, missing
from db import sql
from events import queries as events
from events.files import columns
from events.files.lines import LineError
from timegrid.buckets import FIVE_MINUTES, Span

DUMP = """
COPY (
    SELECT namespace.name AS namespace, metric.name AS metric, segment,
        to_char(start_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS start_at,
        trim_scale(value) AS value
    FROM analytics_bucket AS bucket
    JOIN accounts_namespace AS namespace ON namespace.id = namespace_id
    JOIN analytics_metric AS metric ON metric.id = metric_id
    WHERE resolution = 300 AND segment = 0
        AND (%(namespaces)s::text[] = '{}' OR namespace.name = ANY(%(namespaces)s))
        AND (%(metrics)s::text[] = '{}' OR metric.name = ANY(%(metrics)s))
        AND bucket.start_at >= %(start)s AND bucket.start_at < %(end)s
    ORDER BY namespace.name COLLATE "C", metric.name COLLATE "C", segment,
        bucket.start_at
) TO STDOUT (FORMAT CSV, HEADER)
"""
STAGE = """
CREATE TEMPORARY TABLE loaded (
    line bigint, namespace text, metric_id bigint, start_at timestamptz, value numeric
)
"""
COPY = "COPY loaded FROM STDIN"
NAMESPACES = "SELECT name FROM accounts_namespace"
REPEATED = """
SELECT min(line), max(line) FROM loaded
GROUP BY namespace, metric_id, start_at HAVING count(*) > 1
ORDER BY 2 LIMIT 1
"""
OWNED = """
SELECT namespace, min(start_at), max(start_at) + interval '5 minutes',
    array_agg(DISTINCT metric_id), count(*) FILTER (WHERE value <> 0)
FROM loaded GROUP BY 1
"""
TAKEN = """
SELECT metric.name, to_char(bucket.start_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
FROM analytics_bucket AS bucket JOIN analytics_metric AS metric ON metric.id = metric_id
WHERE namespace_id = %(namespace_id)s AND resolution = 300
    AND metric_id = ANY(%(metrics)s) AND segment = 0
    AND bucket.start_at >= %(start)s AND bucket.start_at < %(end)s
LIMIT 1
"""
FILL = """
INSERT INTO analytics_bucket
    (namespace_id, resolution, metric_id, segment, start_at, value, run_id)
SELECT share.namespace_id, 300, metric_id, 0, start_at, value, share.run_id
FROM loaded JOIN unnest(%(names)s::text[], %(ids)s::bigint[], %(runs)s::bigint[])
    AS share (name, namespace_id, run_id) ON share.name = loaded.namespace
WHERE value <> 0
"""


def dump(
    write: Callable[[bytes], object],
    *,
    namespaces: Sequence[str],
    metrics: Sequence[str],
    span: Span,
) -> int:
    """Writes a header and the buckets that start in the span; returns how many.

    No names means all. Sorted by name, segment and time: the same buckets are the same
    bytes. Raises TransferError for a name that is unknown.
    """
    names = {"namespaces": list(namespaces), "metrics": list(metrics)}
    require("namespace", namespaces, known=[name for (name,) in sql.fetch(NAMESPACES)])
    require("metric", metrics, known=Metric.objects.values_list("name", flat=True))
    edges = {"start": span.start_at, "end": span.end_at}
    with sql.copying(DUMP, **names, **edges) as copy:
        for row in copy:
            write(bytes(row))
        return copy.cursor.rowcount


def require(kind: str, names: Iterable[str], *, known: Collection[str]) -> None:
    """Raises TransferError for the first of the names that nothing has."""
    for name in names:
        if name not in known:
            raise TransferError(missing(kind, name, known))


@dataclass(frozen=True, slots=True)
class Owned:
    """What a file owns of a namespace: metrics, from its first bucket to its last."""

    namespace_id: int
    name: str
    span: Span
    metrics: list[int]
    buckets: int


@transaction.atomic
def load(
    lines: Iterable[str],
    *,
    at: datetime,
    replace: bool = False,
    create_namespaces: bool = False,
) -> list[AggregationRun]:
    """Stores the buckets of a CSV file, all or none, and the hours and days above them.

    The file owns, in each namespace it names, the span from its first bucket to its
    last, for the metrics it names there: buckets that are stored in it are refused or
    replaced. Returns one run for each namespace. Raises TransferError.
    """
    sql.execute(STAGE)
    stage(lines, rules=rules(at=at, replace=replace, create=create_namespaces))
    if repeated := sql.fetch(REPEATED):
        first, again = repeated[0]
        problem = f"the bucket of line {first} comes again"
        raise TransferError(problem, line=again)
    shares = owned()
    for share in shares:
        sql.lock("aggregate", key=share.namespace_id)
        sql.lock("push", key=share.namespace_id)
        clear(share, replace=replace)
    begun = filled(shares, at=at)
    sql.execute("DROP TABLE loaded")
    return begun


def rules(*, at: datetime, replace: bool, create: bool) -> Rules:
    """Returns what lines may hold now, in two statements."""
    metrics = list(Metric.objects.all())
    known = {name for (name,) in sql.fetch(NAMESPACES)}
    return Rules(
        metrics={metric.name: metric.pk for metric in metrics},
        computed={metric.name for metric in metrics if metric.kind != Kind.EXTERNAL},
        namespaces=None if create else known,
        live_at=None if replace else events.history_from(at=at),
    )


def stage(lines: Iterable[str], *, rules: Rules) -> None:
    """Checks every line and copies it to where the database can compare them all."""
    rows = columns.rows(lines, delimiter=",")
    line = 1
    try:
        line, header = columns.names(rows)
        if header != COLUMNS:
            raise TransferError(f"expected the columns {','.join(COLUMNS)}")
        with sql.copying(COPY) as copy:
            for line, row in rows:
                copy.write_row((line, *checked(row, rules=rules)))
    except LineError as error:
        raise TransferError(str(error), line=error.line) from None
    except TransferError as error:
        raise TransferError(str(error), line=line) from None


def owned() -> list[Owned]:
    """Returns what the file owns, by namespace id; missing namespaces are made."""
    rows = sql.fetch(OWNED)
    ids = accounts.ensure_namespaces(row[0] for row in rows)
    shares = [
        Owned(ids[name], name, Span(start, end), metrics, buckets)
        for name, start, end, metrics, buckets in rows
    ]
    # In one order everywhere, so that two loads never wait for each other.
    return sorted(shares, key=lambda share: share.namespace_id)


def clear(share: Owned, *, replace: bool) -> None:
    """Makes room for what the file owns. Raises TransferError if it may not."""
    where = {"namespace_id": share.namespace_id, "metrics": share.metrics}
    if replace:
        numbers = segments.every(namespace_id=share.namespace_id).numbers
        recompute.clear(FIVE_MINUTES, [share.span], segments=numbers, **where)
        return
    edges = {"start": share.span.start_at, "end": share.span.end_at}
    if taken := sql.fetch(TAKEN, **where, **edges):
        metric, start = taken[0]
        raise TransferError(
            f"namespace {share.name!r} has buckets of {metric} already, such as at "
            f"{start} UTC (see --replace)"
        )


def filled(shares: Sequence[Owned], *, at: datetime) -> list[AggregationRun]:
    """Stores the buckets in one statement, then the hours and days above."""
    begun = [
        runs.begin(namespace_id=share.namespace_id, cause=Cause.LOAD, at=at)
        for share in shares
    ]
    sql.execute(
        FILL,
        names=[share.name for share in shares],
        ids=[share.namespace_id for share in shares],
        runs=[run.pk for run in begun],
    )
    for share, run in zip(shares, begun, strict=True):
        above = recompute.roll_up(
            namespace_id=share.namespace_id,
            metrics=share.metrics,
            segments=segments.every(namespace_id=share.namespace_id).numbers,
            spans=[share.span],
            run_id=run.pk,
        )
        runs.finish(run, buckets=share.buckets + above)
    return begun
