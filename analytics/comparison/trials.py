"""What an A/B test found: KPIs in group A and in group B, and what that says."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple, SupportsFloat

import numpy as np

from analytics.comparison import significance, verdicts
from analytics.comparison.significance import Estimate, Floats, Interval
from analytics.comparison.verdicts import Outcome, Reach, Said
from analytics.formulas.formula import Formula
from analytics.formulas.rationals import Rationals

Pair = tuple[float, float]  # of groups A and B


class Question(NamedTuple):
    """A KPI to compare."""

    name: str
    unit: str
    formula: Formula | None  # None: it cannot be read

    @property
    def names(self) -> tuple[str, ...]:
        """The metrics of its formula."""
        return self.formula.names if self.formula else ()

    def of(self, sums: Mapping[str, Rationals]) -> Floats:
        """Returns the KPI of such sums; NaN where something is divided by nothing."""
        if self.formula is None:
            raise ValueError(f"the formula of {self.name} cannot be read")
        return self.formula.series(sums).floats()


class Sample(NamedTuple):
    """A metric's sums: a row for each group, a column for each part of its users."""

    parts: Rationals
    counts: bool  # things, not money


class Ratio(NamedTuple):
    """The users first seen in A and in B, and how many were to be expected.

    `reason` says why that was not checked; `p_value` is None then.
    """

    users: Pair | None
    expected: Pair | None
    p_value: float | None
    reason: str | None

    @property
    def mismatch(self) -> Said | None:
        """What forbids to read anything else, where the groups are too uneven."""
        if not self.users or not self.expected or self.p_value is None:
            return None
        if self.p_value >= verdicts.MISMATCH:
            return None
        return verdicts.mismatched(self.users, self.expected)


@dataclass(frozen=True, slots=True)
class Trial:
    """A test as far as it is asked for: its numbers, and for how long it has any.

    `shares` are in percent of all users.
    """

    shares: Pair
    elapsed: timedelta
    samples: Mapping[str, Sample]
    ratio: Ratio


class Finding(NamedTuple):
    """A KPI in both groups, what that says, and the numbers of each group as it is."""

    outcome: Outcome
    said: Said
    plain: tuple[float | None, float | None]


def ratio(users: Sample | None, *, shares: Pair) -> Ratio:
    """Returns whether the groups' sizes are such as the draw makes them."""
    if users is None:
        reason = "no active metric counts the users first seen with any event"
        return Ratio(None, None, None, reason)
    in_a, in_b = users.parts.sum(axis=-1).floats().tolist()
    of_a = (in_a + in_b) * shares[0] / sum(shares)
    of_b = in_a + in_b - of_a
    if min(of_a, of_b) < verdicts.MIN_EXPECTED:
        few = f"at least {verdicts.MIN_EXPECTED} users must be expected in each group"
        return Ratio((in_a, in_b), (of_a, of_b), None, few)
    p_value = significance.mismatch(users=(in_a, in_b), shares=shares)
    return Ratio((in_a, in_b), (of_a, of_b), float(p_value), None)


def unknown(one: Question, *, reason: str) -> Finding:
    """Returns a KPI of which nothing can be computed."""
    nothing = Outcome(one.name, one.unit, None, None, None, None, None)
    return Finding(nothing, verdicts.not_computable(reason), (None, None))


def finding(one: Question, *, trial: Trial) -> Finding:
    """Returns a KPI in both groups. All metrics of its formula must be sampled."""
    parts = {name: trial.samples[name].parts for name in one.names}
    found = outcome(one, parts=parts, shares=trial.shares)
    sums = {name: each.sum(axis=-1) for name, each in parts.items()}
    plain_a, plain_b = map(known, one.of(sums))
    told = said(found, names=one.names, trial=trial)
    return Finding(found, told, (plain_a, plain_b))


def outcome(one: Question, *, parts: Mapping[str, Rationals], shares: Pair) -> Outcome:
    """Returns the numbers of a KPI, as if all participants were in each group."""
    hundredths = np.array([[round(share * 100)] for share in shares])
    scale = Rationals.of(hundredths, per=100 * 100)
    scaled = {name: each / scale for name, each in parts.items()}
    both = significance.estimate(scaled, of=one.of)
    a, b = map(Estimate, both.value, both.variance)
    number = next(iter(parts.values())).shape[-1]
    contrast = significance.contrast(a=a, b=b, parts=number)
    return Outcome(
        name=one.name,
        unit=one.unit,
        a=known(a.value),
        b=known(b.value),
        difference=reach(contrast.difference),
        lift=reach(contrast.lift, scale=100),
        p_value=known(contrast.p_value),
    )


def said(one: Outcome, *, names: Iterable[str], trial: Trial) -> Said:
    """Returns the verdict: the first thing that forbids one, or what was found."""
    if mismatch := trial.ratio.mismatch:
        return mismatch
    young = verdicts.young(trial.elapsed)
    thin = [reason for name in names for reason in scarce(name, trial.samples[name])]
    computed = one.a is not None and one.b is not None
    if young or (thin and computed):
        return verdicts.too_early([*young, *thin])
    return verdicts.concluded(one)


def scarce(name: str, one: Sample) -> list[str]:
    return verdicts.thin(name, parts=one.parts.floats(), counts=one.counts)


def known(value: SupportsFloat) -> float | None:
    """Returns a number, None for NaN."""
    number = float(value)
    return None if math.isnan(number) else number


def reach(interval: Interval, *, scale: float = 1) -> Reach | None:
    """Returns the numbers of an interval, None where nothing is known."""
    value, lower, upper = (float(each) * scale for each in interval)
    return None if math.isnan(lower + upper) else Reach(value, lower, upper)
