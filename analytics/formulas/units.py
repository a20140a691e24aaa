"""Units of KPIs, by dimensional analysis: what a formula over metrics is measured in.

A metric is in `usd`, or a `count`, or a `percentage`: in percent, where 1 means 1 %.

- `a * b` and `a / b` multiply and divide what their sides are measured in.
- `a + b` and `a - b` need sides alike; a number is no count: `orders + 1` is refused.
- A ratio is in percent when multiplied by 100, which has to be written as 100, in
  whatever place: `100 * a / b`, `a / (b / 100)`. A metric in percent already is. Two
  ratios or numbers add up when both are in percent or neither is: `100 * (1 - a / b)`
  and `100 - 100 * a / b`, never `1 - 100 * a / b`.
- Among numbers alone, 100 is 100 % and `100 * 0.03` is 3 %, but `20 / 100` and 3 are
  plain numbers.
- To usd and counts, 100 is a number like any other (`revenue_in_cents / 100`); only a
  percentage of them has to be divided by 100: `revenue * discount / 100`.

| a formula that comes out    | has the unit            |
|-----------------------------|-------------------------|
| in usd, or in usd per count | usd                     |
| a count                     | count                   |
| in percent                  | percentage              |
| a ratio of counts           | count (items per order) |
| anything else               | none: it is refused     |
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from analytics.formulas.formula import Formula, FormulaError, fold, parse

USD, COUNT, PERCENTAGE = "usd", "count", "percentage"
UNLIKE = "{} is {} and {} is {}: they cannot be {}"
HINT = ", unless both are multiplied by 100"
UNSCALED = "The formula is a ratio, where 1 means 100 %; for a percentage, write 100 *"
NO_UNIT = (
    "The formula is {}; a KPI is in usd, in usd per count, a count, "
    "or a ratio multiplied by 100 once"
)
NUMBER = (0, 0)
_VERBS = {"+": "added", "-": "subtracted"}
_BINDS = {"+": 0, "-": 0, "*": 1, "/": 1}
_ATOM = 2


class UnitError(FormulaError):
    """The formula can be used, but with another unit."""


class Dimension(NamedTuple):
    """Exponents: of usd, of counts, of metrics in percent, of 100s that are written."""

    usd: int = 0
    counts: int = 0
    percents: int = 0
    hundreds: int = 0

    @property
    def amount(self) -> tuple[int, int]:
        """What it is an amount of; that of a ratio or a number is NUMBER."""
        return self.usd, self.counts

    @property
    def scale(self) -> int:
        """How often a ratio is multiplied by 100: once, in percent."""
        return self.percents + self.hundreds

    @property
    def whole(self) -> bool:
        """Whether an amount's percentages are all divided by 100."""
        return self.percents == 0 or self.scale == 0


class Term(NamedTuple):
    """A part of a formula: its text, how strongly it binds, what it is measured in."""

    text: str
    binds: int
    dimension: Dimension
    number: bool = False


_METRICS = {
    USD: Dimension(usd=1),
    COUNT: Dimension(counts=1),
    PERCENTAGE: Dimension(percents=1),
}


def fault(text: str, *, unit: str, units: Mapping[str, str]) -> FormulaError | None:
    """Returns what is wrong with a KPI's formula or, as a UnitError, with its unit.

    `units` has the units of metrics by name.
    """
    try:
        _check(parse(text), unit, units)
    except FormulaError as error:
        return error
    return None


def _check(formula: Formula, unit: str, units: Mapping[str, str]) -> None:
    if missing := [name for name in formula.names if name not in units]:
        raise FormulaError(f"There is no metric named {', '.join(missing)}.")
    if odd := [name for name in formula.names if units[name] not in _METRICS]:
        raise FormulaError(f"There is no such unit as that of {', '.join(odd)}.")
    whole = fold(formula.tree, leaf=lambda of: _leaf(of, units), combine=_combined)
    right = _unit(whole)
    if right == COUNT and whole.dimension.amount == NUMBER:
        others = {units[name] for name in formula.names} - {COUNT}
        if unit == PERCENTAGE or others:
            raise FormulaError(f"{UNSCALED} ({whole.text}).")
    if unit != right:
        raise UnitError(f"The formula is {_words(whole)}: its unit is {right}.")


def _unit(whole: Term) -> str:
    match whole.dimension.amount:
        case (1, 0) | (1, -1) if whole.dimension.whole:
            return USD
        case (0, 1) if whole.dimension.whole:
            return COUNT
        case (0, 0) if whole.dimension.scale <= 1:
            return PERCENTAGE if whole.dimension.scale == 1 else COUNT
    raise FormulaError(f"{NO_UNIT.format(_words(whole))}.")


def _leaf(of: Decimal | str, units: Mapping[str, str]) -> Term:
    if isinstance(of, str):
        return Term(of, _ATOM, _METRICS[units[of]])
    text = str(of).removesuffix(".0")
    return Term(text, _ATOM, Dimension(hundreds=int(of == 100)), number=True)


def _combined(symbol: str, left: Term, right: Term) -> Term:
    binds = _BINDS[symbol]
    text = f"{_bracketed(left, binds)} {symbol} {_bracketed(right, binds + 1)}"
    dimension = (_multiplied if symbol in "*/" else _added)(symbol, left, right)
    return Term(text, binds, dimension, number=left.number and right.number)


def _bracketed(term: Term, binds: int) -> str:
    return term.text if term.binds >= binds else f"({term.text})"


def _multiplied(symbol: str, left: Term, right: Term) -> Dimension:
    sign = 1 if symbol == "*" else -1
    pairs = zip(left.dimension, right.dimension, strict=True)
    product = Dimension(*(first + sign * second for first, second in pairs))
    if left.number and right.number:
        return Dimension(hundreds=max(0, product.hundreds))
    return product


def _added(symbol: str, left: Term, right: Term) -> Dimension:
    first, second = left.dimension, right.dimension
    if first.amount == second.amount:
        if first.scale == second.scale:
            return first
        amounts = first.amount != NUMBER and first.whole and second.whole
        if amounts or (left.number and right.number):
            return Dimension(*first.amount)
    words = left.text, _words(left), right.text, _words(right), _VERBS[symbol]
    hint = HINT if first.amount == second.amount == NUMBER else ""
    raise FormulaError(f"{UNLIKE.format(*words)}{hint}.")


def _words(term: Term) -> str:
    """Returns what a term is, to go on after "is"."""
    dimension = term.dimension
    if dimension.amount == NUMBER:
        if dimension.scale < 1:
            return "a plain number" if term.number else "a ratio"
        again = dimension.scale > 1
        return "in percent, multiplied by 100 again" if again else "in percent"
    words = f"in {_powers(dimension.usd, dimension.counts)}"
    if min(dimension.amount) < 0:
        words += f" per {_powers(-dimension.usd, -dimension.counts)}"
    words = "a count" if words == "in count" else words
    if dimension.whole:
        return words
    return f"{words} times a percentage not divided by 100"


def _powers(usd: int, counts: int) -> str:
    powers = [(USD, usd), (COUNT, counts)]
    words = [
        f"{unit}^{power}".removesuffix("^1") for unit, power in powers if power > 0
    ]
    return " * ".join(words) or "1"
