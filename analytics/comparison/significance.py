"""How far two groups of users differ, and how much of that may be chance.

Each group's users are cut into disjoint parts, drawn by a hash of their ids. All that
one user does lies in one part, so the parts are independent draws, however much a
user's sessions or orders resemble each other. Arrays may have any leading axes: many
comparisons are made at once.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analytics.comparison import student
from analytics.formulas.rationals import Rationals

Floats = NDArray[np.float64]
Parts = TypeVar("Parts", Floats, Rationals)

CONFIDENCE = 0.95
SURE = 1 - CONFIDENCE  # a p-value below it is called a difference
SAME = 1e-9  # a spread below this part of the value is rounding


class Estimate(NamedTuple):
    """A group's value and its variance; NaN where something is divided by nothing."""

    value: Floats
    variance: Floats


class Interval(NamedTuple):
    """A value and the ends of its 95 % interval; NaN where nothing is known."""

    value: Floats
    lower: Floats
    upper: Floats


class Contrast(NamedTuple):
    """B against A: B - A, its two-sided p-value, and B / A - 1."""

    difference: Interval
    p_value: Floats
    lift: Interval


def estimate(
    parts: Mapping[str, Parts], *, of: Callable[[Mapping[str, Parts]], Floats]
) -> Estimate:
    """Returns `of` the sums of all parts, with its variance by the grouped jackknife.

    `parts` are arrays of shape (…, number of parts); `of` keeps the shape of what it is
    given. Each part is left out once and the rest is scaled up to the whole, so totals
    vary as they should (Efron and Tibshirani 1993, An Introduction to the Bootstrap,
    ch. 11; Shao and Tu 1995, The Jackknife and Bootstrap, ch. 2). NaN where `of` is NaN
    without one of the parts.
    """
    count = next(iter(parts.values())).shape[-1]
    value = of({name: each.sum(axis=-1) for name, each in parts.items()})
    rest = of({name: left_out(each) for name, each in parts.items()})
    spread = rest - rest.mean(axis=-1, keepdims=True)
    return Estimate(value, (count - 1) / count * np.square(spread).sum(axis=-1))


def left_out(parts: Parts) -> Parts:
    """Returns, part by part, the sum of all others, scaled up to the whole."""
    count = parts.shape[-1]
    rest = parts.sum(axis=-1, keepdims=True) - parts
    scaled: Parts = rest * count / (count - 1)
    return scaled


def contrast(*, a: Estimate, b: Estimate, parts: int) -> Contrast:
    """Returns how B differs from A, two groups without a user in common.

    Interval and p-value of the difference by Student's t with the degrees of freedom of
    Welch (1947, Biometrika 34:28) and Satterthwaite (1946, Biometrics Bulletin 2:110).
    All is NaN where the parts do not vary: nothing tells how much chance there is.
    """
    with np.errstate(all="ignore"):
        difference = b.value - a.value
        variance = a.variance + b.variance
        rounding = SAME * np.maximum(np.abs(a.value), np.abs(b.value))
        error = np.where(variance > np.square(rounding), np.sqrt(variance), np.nan)
        freedom = (parts - 1) * error**4 / (a.variance**2 + b.variance**2)
        reach = student.quantile(freedom, confidence=CONFIDENCE)
        p_value = student.two_sided(difference / error, freedom=freedom)
    lower, upper = difference - reach * error, difference + reach * error
    return Contrast(Interval(difference, lower, upper), p_value, lift(a, b, reach))


def lift(a: Estimate, b: Estimate, reach: Floats) -> Interval:
    """Returns by which part of A's value B is above it.

    The interval is Fieller's (1954, J. Royal Stat. Soc. B 16:175): it is without zero
    exactly where the difference's is. `reach` is Student's quantile. NaN where A itself
    may be zero, and where it is negative.
    """
    with np.errstate(all="ignore"):
        firm = a.value**2 - reach**2 * a.variance
        firm = np.where((firm > 0) & (a.value > 0), firm, np.nan)
        middle = a.value * b.value / firm
        half = reach * np.sqrt(b.variance * firm + a.variance * b.value**2) / firm
        ratio = np.where(np.isnan(firm), np.nan, b.value / a.value)
    return Interval(ratio - 1, middle - half - 1, middle + half - 1)


def mismatch(*, users: ArrayLike, shares: ArrayLike) -> Floats:
    """Returns how likely users part at least as unevenly as they did: a p-value.

    Both are of shape (…, 2); shares of any scale. Pearson's chi-square with one degree
    of freedom: right where at least 5 users are expected in each group.
    """
    found = np.asarray(users, np.float64)
    fractions = np.asarray(shares, np.float64)
    fractions = fractions / fractions.sum(axis=-1, keepdims=True)
    expected = found.sum(axis=-1, keepdims=True) * fractions
    square = (np.square(found - expected) / expected).sum(axis=-1)
    return student.chi_square_tail(square)
