"""The kinds: which statements sum each, and how far each looks back."""

from dataclasses import dataclass
from datetime import timedelta

from analytics.kinds import attribution, orders, sessions, tally
from analytics.kinds.lookback import CLICK, ORDER, SESSION, VISIT_LENGTH
from analytics.models import Kind


@dataclass(frozen=True, slots=True)
class Rule:
    """How a kind is computed from history.

    `scans` are the shared scans that `sums` needs; each of `invalidated` selects the
    moments of events whose share in the sums changes with events that `arrived` before
    them.
    """

    sums: str
    scans: tuple[str, ...]
    lookback: timedelta = timedelta(0)
    invalidated: tuple[str, ...] = ()


SCANS = {
    "tally": tally.TALLY,
    "line": orders.LINE,
    "attributed": attribution.ATTRIBUTED,
    "session_candidate": sessions.CANDIDATE,
}
RULES = {
    Kind.COUNT: Rule(tally.COUNT, ("tally",)),
    Kind.SUM: Rule(tally.SUM, ("tally",)),
    Kind.UNIQUE: Rule(tally.UNIQUE, ("tally",)),
    Kind.ORDERS: Rule(orders.ORDERS, ("line",), ORDER, (orders.INVALIDATED,)),
    Kind.SESSIONS: Rule(
        sessions.SESSIONS, ("session_candidate",), SESSION, (sessions.INVALIDATED,)
    ),
    Kind.SESSIONS_WITH: Rule(
        sessions.SESSIONS_WITH, ("line",), VISIT_LENGTH, (sessions.INVALIDATED,)
    ),
    Kind.ATTRIBUTED_SUM: Rule(
        attribution.SUM, ("line", "attributed"), CLICK, (attribution.INVALIDATED,)
    ),
    Kind.ATTRIBUTED_ORDERS: Rule(
        attribution.ORDERS,
        ("line", "attributed"),
        CLICK + ORDER,
        (attribution.INVALIDATED, orders.INVALIDATED),
    ),
}
PRICED = (Kind.SUM, Kind.ATTRIBUTED_SUM)
LOOKBACK = max(rule.lookback for rule in RULES.values())


def lookback(kind: str) -> timedelta:
    """Returns how far before a bucket the history must reach that it is summed from.

    Of a kind that is not computed from history, nothing is needed.
    """
    return RULES[Kind(kind)].lookback if kind in RULES else timedelta(0)
