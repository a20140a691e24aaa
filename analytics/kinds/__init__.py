"""The kinds of metrics: how each sums history, in one statement over all dirty buckets.

A kind's SELECT yields (metric id, start of five minutes, value). It reads `metric`
(id, kind, event_name_id, after_id; an event_name_id of 0 stands for any event) and the
scans of the dirty spans that kinds share: `tally`, `line`, `attributed`, `spell`. What
lies outside the spans is only looked up, by index. No value depends on more of the past
than the kind's look-back, so history need not be kept for longer.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from analytics.kinds import attribution, orders, sessions, tally
from analytics.models import Kind
from events.buckets import LAST_AT, Span


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
ARRIVED = """
    SELECT user_key, event_name_id, occurred_at, item_id, order_id FROM events_history
    WHERE namespace_id = %(namespace_id)s AND batch_id = ANY(%(batches)s::bigint[])
        AND {touched} AND EXISTS (
            SELECT FROM events_history
            WHERE namespace_id = %(namespace_id)s AND {after}
        )
"""


def look_back(kind: str) -> timedelta:
    """Returns how far before a bucket the history must reach that it is summed from."""
    return RULES[Kind(kind)].look_back


def sums(*, spans: Sequence[Span], kinds: Collection[str]) -> str:
    """Returns the SELECT of (metric id, start, value) in the spans, without zeros.

    Parameters: namespace_id, and in parallel metrics, kinds, names and afters. The
    spans stand in it as constants: only then can the planner tell a few minutes, read
    by index, from whole days, read in sequence.
    """
    rules = [rule for kind, rule in RULES.items() if kind in kinds]
    scans = {"metric": METRIC} | {
        name: scan
        for name, scan in SCANS.items()
        if any(name in r.reads for r in rules)
    }
    selects = " UNION ALL ".join(rule.sums for rule in rules) or NOTHING
    statement = f"{common(scans)} SELECT * FROM ({selects}) {COLUMNS} WHERE value <> 0"
    for column in ("occurred_at", "start_at"):
        statement = statement.replace(f"{{{column}}}", within(spans, column))
    return statement


COLUMNS = "AS sums (metric_id, start_at, value)"
NOTHING = "SELECT 0, now(), 0 WHERE false"


def later(*, spans: Sequence[Span], kinds: Collection[str]) -> str | None:
    """Returns the SELECT of the starts of buckets that arrivals in `spans` change.

    Parameters: those of `sums`, and batches, the ids of the batches that arrived. None
    where no kind looks back.
    """
    rules = [rule for kind, rule in RULES.items() if kind in kinds]
    selects = dict.fromkeys(select for rule in rules for select in rule.later)
    if not selects:
        return None
    arrived = ARRIVED.replace("{touched}", within(spans, "occurred_at"))
    arrived = arrived.replace("{after}", within(after(spans), "occurred_at"))
    union = " UNION ALL ".join(selects)
    return f"""{common({"metric": METRIC, "arrived": arrived})}
        SELECT DISTINCT date_bin('5 minutes', at, 'epoch') AS start_at
        FROM ({union}) AS later (at) WHERE at IS NOT NULL ORDER BY start_at"""


def after(spans: Sequence[Span]) -> list[Span]:
    """Returns what lies after each span: as far as kinds look back, or to the next."""
    ends = [*(span.start_at for span in spans[1:]), LAST_AT]
    return [
        Span(span.end_at, min(span.end_at + LOOK_BACK, end))
        for span, end in zip(spans, ends, strict=True)
    ]


def common(tables: dict[str, str]) -> str:
    return "WITH " + ", ".join(
        f"{name} AS MATERIALIZED ({select})" for name, select in tables.items()
    )


def within(spans: Iterable[Span], column: str) -> str:
    """Returns the condition that a column of timestamps lies in one of the spans."""
    return "({})".format(
        " OR ".join(
            f"({column} >= '{span.start_at}' AND {column} < '{span.end_at}')"
            for span in spans
        )
    )
