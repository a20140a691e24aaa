"""What a comparison says, in words that promise no more than its numbers.

Whether more is better is for people to know: a verdict says which group is higher.
"""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from analytics.comparison.significance import SURE, Floats

MIN_TIME = timedelta(days=7)  # people shop otherwise on Sundays than on Mondays
MIN_PARTS = 15  # of the 16 in which a group's users are
MIN_COUNT = 100
MIN_EXPECTED = 5  # users in a group, for chi-square to hold
MISMATCH = 0.001

_SUFFIXES = {"percentage": " %", "usd": " usd", "count": ""}
_POINTS = {**_SUFFIXES, "percentage": " percentage points"}


class Verdict(StrEnum):
    """What a comparison says of a KPI."""

    B_HIGHER = "b_higher"
    A_HIGHER = "a_higher"
    NO_DIFFERENCE = "no_difference"
    TOO_EARLY = "too_early"
    NOT_COMPUTABLE = "not_computable"
    MISMATCH = "mismatch"


class Said(NamedTuple):
    """A verdict, and why, for people."""

    verdict: Verdict
    sentence: str


class ConfidenceInterval(NamedTuple):
    """A number with the ends of its 95 % interval."""

    value: float
    lower: float
    upper: float


class Outcome(NamedTuple):
    """The numbers of a KPI in both groups; what could not be computed is None.

    `lift` is in percent of A, and only known where A is firmly above zero.
    """

    name: str
    unit: str
    a: float | None
    b: float | None
    difference: ConfidenceInterval | None
    lift: ConfidenceInterval | None
    p_value: float | None


def concluded(outcome: Outcome) -> Said:
    """Returns what the numbers say, once nothing forbids to read them."""
    if outcome.a is None or outcome.b is None:
        group = "A" if outcome.a is None else "B"
        return not_computable(f"in {group} something is divided by nothing")
    if outcome.difference is None or outcome.p_value is None:
        return not_computable(
            "nothing tells how much of it is chance, because all parts of the users "
            "are alike, or without one of them something is divided by nothing"
        )
    by = (
        by_how_much(outcome.lift, " %")
        if outcome.lift
        else by_how_much(outcome.difference, _POINTS.get(outcome.unit, ""))
    )
    a, b = (shown(value, outcome.unit) for value in (outcome.a, outcome.b))
    numbers = f"{b} in B against {a} in A, {by}"
    if outcome.p_value >= SURE:
        said = f"{outcome.name} shows no difference beyond chance: {numbers}."
        return Said(Verdict.NO_DIFFERENCE, said)
    if outcome.difference.value > 0:
        return Said(Verdict.B_HIGHER, f"{outcome.name} is higher in B: {numbers}.")
    return Said(Verdict.A_HIGHER, f"{outcome.name} is lower in B: {numbers}.")


def too_early(reasons: Sequence[str]) -> Said:
    return Said(Verdict.TOO_EARLY, f"Too early to say: {'; '.join(reasons)}.")


def not_computable(reason: str) -> Said:
    return Said(Verdict.NOT_COMPUTABLE, f"This cannot be compared: {reason}.")


def mismatched(users: Sequence[float], expected: Sequence[float]) -> Said:
    """Returns that groups of such sizes cannot come from the draw alone."""
    (in_a, in_b), (of_a, of_b) = users, expected
    return Said(
        Verdict.MISMATCH,
        f"Do not trust this: {in_a:,.0f} users were first seen in A and {in_b:,.0f} in "
        f"B, where {of_a:,.0f} and {of_b:,.0f} were to be expected. Something other "
        "than the draw decides who is counted, so the groups cannot be compared.",
    )


def young(elapsed: timedelta) -> list[str]:
    """Returns that there are too few days of data, if there are."""
    if elapsed >= MIN_TIME:
        return []
    days = elapsed / timedelta(days=1)
    # Rounded down: 6.99 days are not 7.0.
    return [f"there are {int(days * 10) / 10} of {MIN_TIME.days} days of data"]


def underpowered(name: str, *, parts: Floats, counts: bool) -> list[str]:
    """Returns which group has too little of a metric, by its values in the parts.

    `parts` has a row for each group; `counts` tells whether the metric counts things,
    and so has to reach MIN_COUNT. A metric that is zero everywhere, such as refunds
    where nobody asked for one, is no hindrance.
    """
    if not parts.any():
        return []
    both = zip("AB", parts, strict=True)
    reasons = (few(name, each, group=group, counts=counts) for group, each in both)
    return [reason for reason in reasons if reason]


def few(name: str, parts: Floats, *, group: str, counts: bool) -> str | None:
    filled, total = np.count_nonzero(parts), float(parts.sum())
    if filled < MIN_PARTS:
        return (
            f"{name} has values in {filled} of the {len(parts)} parts of {group}'s "
            f"users, and {MIN_PARTS} are needed"
        )
    if counts and total < MIN_COUNT:
        return f"{name} is {number(total)} in {group}, and {MIN_COUNT} are needed"
    return None


def by_how_much(interval: ConfidenceInterval, unit: str) -> str:
    value, lower, upper = (signed(end) + unit for end in interval)
    return f"{value} (95 % interval {lower} to {upper})"


def shown(value: float, unit: str) -> str:
    return number(value) + _SUFFIXES.get(unit, "")


def number(value: float) -> str:
    """Returns three digits, or all before the point, in groups of three."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def signed(value: float) -> str:
    return f"{value:+,.0f}" if abs(value) >= 10 else f"{value:+.2g}"
