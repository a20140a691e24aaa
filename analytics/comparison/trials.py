"""What an A/B test found: KPIs in group A and in group B, and what that says."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple, SupportsFloat

import numpy as np

from analytics.comparison import significance, verdicts
from analytics.comparison.significance import Estimate, Floats, Interval
from analytics.comparison.verdicts import ConfidenceInterval, Outcome, Said
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


class SampleRatioCheck(NamedTuple):
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
    ratio: SampleRatioCheck


class Finding(NamedTuple):
    """A KPI in both groups, what that says, and the numbers of each group as it is."""

    outcome: Outcome
    said: Said
    plain: tuple[float | None, float | None]


def ratio(users: Sample | None, *, shares: Pair) -> SampleRatioCheck:
    """Returns whether the groups' sizes are such as the draw makes them."""
    if users is None:
        reason = "no active metric counts the users first seen with any event"
        return SampleRatioCheck(None, None, None, reason)
    in_a, in_b = users.parts.sum(axis=-1).floats().tolist()
    of_a = (in_a + in_b) * shares[0] / sum(shares)
    of_b = in_a + in_b - of_a
    if min(of_a, of_b) < verdicts.MIN_EXPECTED:
        few = f"at least {verdicts.MIN_EXPECTED} users must be expected in each group"
        return SampleRatioCheck((in_a, in_b), (of_a, of_b), None, few)
    p_value = significance.mismatch(users=(in_a, in_b), shares=shares)
    return SampleRatioCheck((in_a, in_b), (of_a, of_b), float(p_value), None)


def unknown(question: Question, *, reason: str) -> Finding:
    """Returns a KPI of which nothing can be computed."""
    nothing = Outcome(question.name, question.unit, None, None, None, None, None)
    return Finding(nothing, verdicts.not_computable(reason), (None, None))


def finding(question: Question, *, trial: Trial) -> Finding:
    """Returns a KPI in both groups. All metrics of its formula must be sampled."""
    parts = {name: trial.samples[name].parts for name in question.names}
    result = outcome(question, parts=parts, shares=trial.shares)
    sums = {name: each.sum(axis=-1) for name, each in parts.items()}
    plain_a, plain_b = map(known, question.of(sums))
    verdict = said(result, names=question.names, trial=trial)
    return Finding(result, verdict, (plain_a, plain_b))


def outcome(
    question: Question, *, parts: Mapping[str, Rationals], shares: Pair
) -> Outcome:
    """Returns the numbers of a KPI, as if all participants were in each group."""
    hundredths = np.array([[round(share * 100)] for share in shares])
    scale = Rationals.of(hundredths, per=100 * 100)
    scaled = {name: each / scale for name, each in parts.items()}
    both = significance.estimate(scaled, of=question.of)
    a, b = map(Estimate, both.value, both.variance)
    count = next(iter(parts.values())).shape[-1]
    contrast = significance.contrast(a=a, b=b, parts=count)
    return Outcome(
        name=question.name,
        unit=question.unit,
        a=known(a.value),
        b=known(b.value),
        difference=interval_of(contrast.difference),
        lift=interval_of(contrast.lift, scale=100),
        p_value=known(contrast.p_value),
    )


def said(outcome: Outcome, *, names: Iterable[str], trial: Trial) -> Said:
    """Returns the verdict: the first thing that forbids one, or what was found."""
    if mismatch := trial.ratio.mismatch:
        return mismatch
    young = verdicts.young(trial.elapsed)
    scarce_metrics = [
        reason for name in names for reason in scarce(name, trial.samples[name])
    ]
    computed = outcome.a is not None and outcome.b is not None
    if young or (scarce_metrics and computed):
        return verdicts.too_early([*young, *scarce_metrics])
    return verdicts.concluded(outcome)


def scarce(name: str, sample: Sample) -> list[str]:
    return verdicts.underpowered(
        name, parts=sample.parts.floats(), counts=sample.counts
    )


def known(value: SupportsFloat) -> float | None:
    """Returns a number, None for NaN."""
    number = float(value)
    return None if math.isnan(number) else number


def interval_of(interval: Interval, *, scale: float = 1) -> ConfidenceInterval | None:
    """Returns the numbers of an interval, None where nothing is known."""
    value, lower, upper = (float(each) * scale for each in interval)
    return (
        None if math.isnan(lower + upper) else ConfidenceInterval(value, lower, upper)
    )
