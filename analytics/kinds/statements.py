"""How the kinds sum history, in one statement over all dirty buckets.

A kind's SELECT yields (metric id, start of five minutes, segments, shard, value): what
counts is one event after the other, and `$segments`, over its `user_key` and
`occurred_at`, is the array of the numbers that its value is stored under: the whole,
and its leaf of each segmentation. `$shard` is the user's. Two more keys to group by; so
the leaves sum to the whole, whatever the kind. It reads

- `metric`: id, kind, event_name_id (0 stands for any event), after_id;
- `dirty`: history in the dirty spans, scanned once for all kinds that share a scan:
  `tally`, `line`, `attributed`, `session_candidate`; `span.starts` are their starts;
- `lookback`: history in and before the spans, only looked up, by index.

No value depends on more of the past than the kind's lookback, so history need not be
kept for longer.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from analytics.kinds.rules import LOOKBACK, RULES, SCANS, Rule
from analytics.kinds.segments import Segments
from db.statements import Blocks, complete
from timegrid.buckets import Span

_SQL = Blocks(__file__)
UNION = "\nUNION ALL\n"


def sums(*, spans: Sequence[Span], kinds: Collection[str], segments: Segments) -> str:
    """Returns the SELECT of (metric_id, segment, start_at, value, shard_values)
    in the spans, without zeros.

    Parameters: namespace_id, `segments`, the numbers that values are stored under, and
    in parallel metrics, kinds, names and afters. The spans, sorted, stand in it as
    constants: only then can the planner tell a few minutes, read by index, from whole
    days, read in sequence.
    """
    rules = [RULES[kind] for kind in RULES if kind in kinds]
    statement = _SQL.fill(
        "sums",
        tables=",\n".join(tables(spans, rules)),
        kinds=UNION.join(rule.sums for rule in rules),
        shard_values=segments.shard_values,
    )
    return complete(statement, segments=segments.expression, shard=segments.shard)


def tables(spans: Sequence[Span], rules: Sequence[Rule]) -> list[str]:
    """Returns the common table expressions that the sums of kinds read."""
    scans = {name for rule in rules for name in rule.scans}
    past = Span(spans[0].start_at - LOOKBACK, spans[-1].end_at)
    return [
        *materialized({"metric": _SQL.fill("metric"), "span": starts(spans)}),
        *inlined(
            {
                "dirty": history(spans),
                "lookback": history([past]),
                "carried": _SQL.fill("carried", within=within(spans, "start_at")),
            }
        ),
        *materialized({name: scan for name, scan in SCANS.items() if name in scans}),
    ]


def invalidated(*, spans: Sequence[Span], kinds: Collection[str]) -> str | None:
    """Returns the SELECT of the starts of buckets that arrivals in `spans` change.

    Parameters: those of `sums`, and batches, the ids of the batches that arrived. None
    where no kind looks back.
    """
    selects = dict.fromkeys(
        select for kind in RULES if kind in kinds for select in RULES[kind].invalidated
    )
    if not selects:
        return None
    following = Span(spans[0].start_at, spans[-1].end_at + LOOKBACK)
    tables = [
        *materialized({"metric": _SQL.fill("metric")}),
        *inlined({"dirty": history(spans), "following": history([following])}),
        *materialized({"arrived": _SQL.fill("arrived")}),
    ]
    return complete(
        _SQL.fill("invalidated", tables=",\n".join(tables), kinds=UNION.join(selects))
    )


def history(spans: Sequence[Span]) -> str:
    return _SQL.fill("history", within=within(spans, "occurred_at"))


def materialized(tables: Mapping[str, str]) -> list[str]:
    """Returns common table expressions that are computed once."""
    return [f"{name} AS MATERIALIZED (\n{text}\n)" for name, text in tables.items()]


def inlined(tables: Mapping[str, str]) -> list[str]:
    """Returns common table expressions that are free until read."""
    return [f"{name} AS NOT MATERIALIZED (\n{text}\n)" for name, text in tables.items()]


def starts(spans: Sequence[Span]) -> str:
    moments = ", ".join(f"'{span.start_at}'" for span in spans)
    return _SQL.fill("span", starts=moments)


def within(spans: Iterable[Span], column: str) -> str:
    """Returns the condition that a column of timestamps lies in one of the spans."""
    conditions = (
        f"({column} >= '{span.start_at}' AND {column} < '{span.end_at}')"
        for span in spans
    )
    return f"({' OR '.join(conditions)})"
