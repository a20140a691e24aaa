"""The kinds of metrics: how each sums history, in one statement over all dirty buckets.

A kind's SELECT yields (metric id, start of five minutes, segments, shard, value): what
counts is one event after the other, and `$segments`, over its `user_key` and
`occurred_at`, is the array of the numbers that its value is stored under: the whole,
and its leaf of each segmentation. `$shard` is the user's. Two more keys to group by; so
the leaves sum to the whole, whatever the kind. It reads

- `metric`: id, kind, event_name_id (0 stands for any event), after_id;
- `dirty`: history in the dirty spans, scanned once for all kinds that share a scan:
  `tally`, `line`, `attributed`, `spell`; `span.starts` are the starts of the spans;
- `near`: history in and before the spans, only looked up, by index.

No value depends on more of the past than the kind's look-back, so history need not be
kept for longer.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from string import Template

from analytics.kinds import attribution, orders, sessions, tally
from analytics.kinds.segments import Segments
from analytics.models import Kind
from timegrid.buckets import LAST_AT, Span


@dataclass(frozen=True, slots=True)
class Rule:
    """How a kind is computed from history.

    `reads` are the shared scans that `sums` needs; each of `later` selects the moments
    of events whose part in the sums changes with events that `arrived` before them.
    """

    sums: str
    reads: tuple[str, ...]
    look_back: timedelta = timedelta(0)
    later: tuple[str, ...] = ()


SCANS = {
    "tally": tally.TALLY,
    "line": orders.LINE,
    "attributed": attribution.ATTRIBUTED,
    "spell": sessions.SPELL,
}
RULES = {
    Kind.COUNT: Rule(tally.COUNT, ("tally",)),
    Kind.SUM: Rule(tally.SUM, ("tally",)),
    Kind.UNIQUE: Rule(tally.UNIQUE, ("tally",)),
    Kind.ORDERS: Rule(
        orders.ORDERS, ("line",), look_back=timedelta(hours=24), later=(orders.LATER,)
    ),
    Kind.SESSIONS: Rule(
        sessions.SESSIONS,
        ("spell",),
        look_back=timedelta(hours=24),
        later=(sessions.LATER,),
    ),
    Kind.SESSIONS_WITH: Rule(
        sessions.SESSIONS_WITH,
        ("line",),
        look_back=timedelta(hours=48),
        later=(sessions.LATER,),
    ),
    Kind.ATTRIBUTED_SUM: Rule(
        attribution.SUM,
        ("line", "attributed"),
        look_back=timedelta(hours=48),
        later=(attribution.LATER,),
    ),
    Kind.ATTRIBUTED_ORDERS: Rule(
        attribution.ORDERS,
        ("line", "attributed"),
        look_back=timedelta(hours=72),
        later=(attribution.LATER, orders.LATER),
    ),
}
PRICED = (Kind.SUM, Kind.ATTRIBUTED_SUM)
LOOK_BACK = max(rule.look_back for rule in RULES.values())
METRIC = """
    SELECT * FROM unnest(
        %(metrics)s::bigint[], %(kinds)s::text[], %(names)s::int[], %(afters)s::int[]
    ) AS metric (id, kind, event_name_id, after_id)
"""
HISTORY = "SELECT * FROM events_history WHERE namespace_id = %(namespace_id)s AND "
CARRIED = """
    SELECT metric_id, segment, start_at, value FROM analytics_carried
    WHERE namespace_id = %(namespace_id)s AND segment = ANY(%(segments)s::int[]) AND
"""
ARRIVED = """
    SELECT user_key, event_name_id, occurred_at, item_id, order_id FROM dirty
    WHERE batch_id = ANY(%(batches)s::bigint[])
"""


def look_back(kind: str) -> timedelta:
    """Returns how far before a bucket the history must reach that it is summed from.

    Of a kind that is not computed from history, nothing is needed.
    """
    return RULES[Kind(kind)].look_back if kind in RULES else timedelta(0)


def sums(*, spans: Sequence[Span], kinds: Collection[str], segments: Segments) -> str:
    """Returns the SELECT of (metric_id, segment, start_at, value, parts) in the spans,
    without zeros.

    Parameters: namespace_id, `segments`, the numbers that values are stored under, and
    in parallel metrics, kinds, names and afters. The spans, sorted, stand in it as
    constants: only then can the planner tell a few minutes, read by index, from whole
    days, read in sequence.
    """
    rules = [RULES[kind] for kind in RULES if kind in kinds]
    scans = {name for rule in rules for name in rule.reads}
    near = Span(spans[0].start_at - LOOK_BACK, spans[-1].end_at)
    tables = common(
        {"metric": METRIC, "span": starts(spans)},
        inlined={
            "dirty": HISTORY + within(spans, "occurred_at"),
            "near": HISTORY + within([near], "occurred_at"),
            "carried": CARRIED + within(spans, "start_at"),
        },
    ) + common({name: scan for name, scan in SCANS.items() if name in scans})
    union = " UNION ALL ".join(rule.sums for rule in rules)
    statement = f"""WITH {", ".join(tables)}
        SELECT metric_id, segment, start_at, sum(value) AS value,
            {segments.parts} AS parts
        FROM ({union}) AS sums (metric_id, start_at, segments, shard, value),
            unnest(segments) AS segment
        GROUP BY 1, 2, 3 HAVING sum(value) <> 0"""
    keys = {"segments": segments.expression, "shard": segments.shard}
    return Template(statement).substitute(keys)


def gaps(spans: Sequence[Span]) -> list[Span]:
    """Returns what lies after each span: as far as kinds look back, or to the next."""
    ends = [*(span.start_at for span in spans[1:]), LAST_AT]
    return [
        Span(span.end_at, min(span.end_at + LOOK_BACK, end))
        for span, end in zip(spans, ends, strict=True)
    ]


def leading(spans: Sequence[Span], *, filled: Sequence[Span]) -> list[Span]:
    """Returns the spans that are looked back on from gaps which hold events.

    Both are sorted.
    """
    ends = [gap.end_at for gap in filled]
    first = (bisect_right(ends, span.end_at) for span in spans)
    return [
        span
        for span, number in zip(spans, first, strict=True)
        if number < len(filled) and filled[number].start_at < span.end_at + LOOK_BACK
    ]


def later(*, spans: Sequence[Span], kinds: Collection[str]) -> str | None:
    """Returns the SELECT of the starts of buckets that arrivals in `spans` change.

    Parameters: those of `sums`, and batches, the ids of the batches that arrived. None
    where no kind looks back.
    """
    selects = dict.fromkeys(
        select for kind in RULES if kind in kinds for select in RULES[kind].later
    )
    if not selects:
        return None
    near = Span(spans[0].start_at, spans[-1].end_at + LOOK_BACK)
    tables = common(
        {"metric": METRIC},
        inlined={
            "dirty": HISTORY + within(spans, "occurred_at"),
            "near": HISTORY + within([near], "occurred_at"),
        },
    ) + common({"arrived": ARRIVED})
    union = " UNION ALL ".join(selects)
    return f"""WITH {", ".join(tables)}
        SELECT DISTINCT date_bin('5 minutes', at, 'epoch') AS start_at
        FROM ({union}) AS later (at) WHERE at IS NOT NULL ORDER BY start_at"""


def common(
    tables: dict[str, str], *, inlined: dict[str, str] | None = None
) -> list[str]:
    """Returns common table expressions; those inlined are free until read."""
    return [
        *(f"{name} AS MATERIALIZED ({select})" for name, select in tables.items()),
        *(
            f"{name} AS NOT MATERIALIZED ({select})"
            for name, select in (inlined or {}).items()
        ),
    ]


def starts(spans: Sequence[Span]) -> str:
    moments = ", ".join(f"'{span.start_at}'" for span in spans)
    return f"SELECT ARRAY[{moments}]::timestamptz[] AS starts"


def within(spans: Iterable[Span], column: str) -> str:
    """Returns the condition that a column of timestamps lies in one of the spans."""
    return "({})".format(
        " OR ".join(
            f"({column} >= '{span.start_at}' AND {column} < '{span.end_at}')"
            for span in spans
        )
    )
