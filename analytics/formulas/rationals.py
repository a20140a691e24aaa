"""Exact arithmetic over arrays: fractions of whole numbers, however long these are.

Sums of metrics are whole millionths, and a formula over them is a fraction: nothing is
rounded before it is written, so a difference that is nothing is 0, and what is divided
by it a gap. Numbers are computed in machine words as long as they surely fit, and in
Python's integers beyond.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import gcd
from operator import add, mul, sub
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

MILLIONTHS = 1_000_000
WORD = 2**63 - 1  # the largest whole number of a machine word
FLOAT = 2**53  # up to it, floats hold every whole number, and divide them rightly
DIGITS = 10**15  # below it, the shortest text of a float is the exact number

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Integers:
    """Whole numbers of which none is farther from 0 than `bound`, which is at least 1.

    `values` are a number, or an array of machine words or of Python's integers.
    """

    values: Any
    bound: int

    @classmethod
    def of(cls, values: Any) -> Self:
        """Returns a whole number, or an array of some."""
        if isinstance(values, int):
            return cls(values, max(1, abs(values)))
        bound = max(int(values.max()), -int(values.min())) if values.size else 0
        # Long ones may have been left out since.
        values = values.astype(np.int64, copy=False) if bound <= WORD else values
        return cls(values, max(1, bound))

    @property
    def wide(self) -> Any:
        """The values in integers that have no limit."""
        return self.values if isinstance(self.values, int) else self.values.astype("O")

    def __mul__(self, other: Self) -> Self:
        return self._with(other, mul, bound=self.bound * other.bound)

    def __add__(self, other: Self) -> Self:
        return self._with(other, add, bound=self.bound + other.bound)

    def __sub__(self, other: Self) -> Self:
        return self._with(other, sub, bound=self.bound + other.bound)

    def sum(self, *, axis: int, keepdims: bool) -> Self:
        """Returns the sums along an axis of an array."""
        bound = self.bound * self.values.shape[axis]
        values = self.wide if bound > WORD else self.values
        return type(self)(values.sum(axis=axis, keepdims=keepdims), bound)

    def where(self, other: Self) -> Self:
        """Returns 0 where another is 0."""
        if isinstance(other.values, int):
            return self if other.values else type(self)(0 * self.values, 1)
        values = self.values if self.bound <= WORD else np.asarray(self.values, "O")
        return type(self)(np.where(other.values != 0, values, 0), self.bound)

    def _with(
        self, other: Self, work: Callable[[Any, Any], Any], *, bound: int
    ) -> Self:
        if bound > WORD:
            return type(self)(work(self.wide, other.wide), bound)
        return type(self)(work(self.values, other.values), bound)


ONE = Integers(1, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Rationals:
    """Fractions, a cell each; where the denominator is 0 there is a gap."""

    numerators: Integers
    denominators: Integers = ONE

    @classmethod
    def of(cls, values: Any, *, per: int = 1) -> Self:
        """Returns an array of whole numbers, divided by `per`."""
        return cls(Integers.of(values), Integers.of(per))

    @classmethod
    def gaps(cls, length: int) -> Self:
        """Returns a series of nothing but gaps."""
        return cls(Integers.of(np.zeros(length, np.int64)), Integers(0, 1))

    @classmethod
    def constant(cls, number: Fraction | Decimal) -> Self:
        return cls(*map(Integers.of, number.as_integer_ratio()))

    def __add__(self, other: Self) -> Self:
        return self._combined(other, add)

    def __sub__(self, other: Self) -> Self:
        return self._combined(other, sub)

    def __mul__(self, other: Self | int) -> Self:
        if isinstance(other, int):
            other = type(self)(Integers.of(other))
        return type(self)(
            self.numerators * other.numerators, self.denominators * other.denominators
        )

    def __truediv__(self, other: Self | int) -> Self:
        if isinstance(other, int):
            other = type(self)(Integers.of(other))
        a, b = reduced(self.denominators, other.denominators)
        divisors = (a * other.numerators).where(other.denominators)
        return type(self)(self.numerators * b, divisors)

    def __getitem__(self, cells: slice) -> Self:
        """Returns some of the cells of a series."""
        return type(self)(
            *(
                each
                if isinstance(each.values, int)
                else Integers(each.values[cells], each.bound)
                for each in (self.numerators, self.denominators)
            )
        )

    @property
    def shape(self) -> tuple[int, ...]:
        return np.shape(self.numerators.values)

    def sum(self, *, axis: int, keepdims: bool = False) -> Self:
        """Returns the sums along an axis, where denominators are all the same."""
        below = self.denominators
        if not isinstance(below.values, int) and not keepdims:
            below = Integers(below.values.squeeze(axis), below.bound)
        return type(self)(self.numerators.sum(axis=axis, keepdims=keepdims), below)

    def _combined(
        self, other: Self, work: Callable[[Integers, Integers], Integers]
    ) -> Self:
        a, b = self.denominators, other.denominators
        scalars = isinstance(a.values, int) and isinstance(b.values, int)
        if scalars and a.values == b.values:
            return type(self)(work(self.numerators, other.numerators), a)
        return type(self)(work(self.numerators * b, other.numerators * a), a * b)

    def floats(self) -> Floats:
        """Returns the floats that are nearest to the fractions; NaN is a gap, and what
        is beyond all floats.
        """
        above, below = self.numerators, self.denominators
        if max(above.bound, below.bound) > FLOAT:
            quotients = np.frompyfunc(quotient, 2, 1)(above.values, below.values)
            return np.asarray(quotients, np.float64) + 0.0
        with np.errstate(all="ignore"):
            quotients = np.true_divide(above.values, below.values)
        # Nobody should read -0.0.
        return np.where(np.not_equal(below.values, 0), quotients, np.nan) + 0.0

    def numbers(self) -> list[float | None]:
        """Returns the floats of a series, None for a gap."""
        return gaps(self.floats())

    def digits(self) -> list[float | Decimal | None]:
        """Returns the numbers of a series to be written with all of their digits.

        A fraction that ends by itself, as no quotient is sure to, is exact: a Decimal
        where it has more digits than a float.
        """
        digits: list[float | Decimal | None] = list(self.numbers())
        decimals = decimals_of(self.denominators.values)
        if decimals is None:
            return digits
        factor = 10**decimals // self.denominators.values
        if self.numerators.bound * abs(factor) >= DIGITS:
            for index, value in enumerate(self.numerators.wide * factor):
                if abs(value) >= DIGITS:
                    digits[index] = decimal(value, decimals)
        return digits


def gaps(array: Floats) -> list[float | None]:
    """Returns the values of a one-dimensional array, with None in the place of NaN."""
    values: list[float | None] = array.tolist()
    for index in np.flatnonzero(np.isnan(array)).tolist():
        values[index] = None
    return values


def integers(text: str) -> NDArray[Any]:
    """Returns the whole numbers of a text, parted by spaces."""
    words = np.fromstring(text, np.int64, sep=" ")
    # Where a number is too long for a word, numpy puts the largest.
    return array(list(map(int, text.split()))) if (words == WORD).any() else words


def array(numbers: list[int]) -> NDArray[Any]:
    """Returns whole numbers as machine words, if all of them fit."""
    try:
        return np.array(numbers, np.int64)
    except OverflowError:
        return np.array(numbers, "O")


def reduced(a: Integers, b: Integers) -> tuple[Integers, Integers]:
    """Returns two denominators without what they have in common, where that is plain.

    Gaps stay gaps.
    """
    if isinstance(a.values, int) and isinstance(b.values, int) and a.values * b.values:
        common = gcd(a.values, b.values)
        return Integers.of(a.values // common), Integers.of(b.values // common)
    return a, b


def quotient(above: int, below: int) -> float:
    try:
        return above / below
    except (ZeroDivisionError, OverflowError):
        return np.nan


def decimals_of(denominator: Any) -> int | None:
    """Returns how many decimals every fraction of a denominator has; None: no end."""
    if not isinstance(denominator, int) or denominator == 0:
        return None
    rest, decimals = abs(denominator), 0
    while (common := gcd(rest, 10)) > 1:
        rest, decimals = rest // common, decimals + 1
    return decimals if rest == 1 else None


def decimal(value: int, decimals: int) -> Decimal:
    """Returns value / 10^decimals as it is written: with a decimal, as floats are."""
    while decimals > 1 and value % 10 == 0:
        value, decimals = value // 10, decimals - 1
    return Decimal(f"{value}e-{decimals}")
