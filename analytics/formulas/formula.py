"""KPI formulas: arithmetic over metric names, read through our own whitelist."""

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from operator import add, mul, sub, truediv
from typing import NamedTuple, TypeVar

from analytics.formulas.rationals import Rationals

MAX_CHARACTERS = 500
MAX_DEPTH = 16
MAX_NODES = 64
SMALLEST, LARGEST = Decimal("1e-308"), 1e308  # of the numbers in a formula
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")

# Parentheses, then what no formula contains: capitals (`True`), `1_000`, `0x10`, `1if`.
_NOTABLE = re.compile(r"[()]|[^a-z0-9_+\-*/. \t\n]|\b[0-9][\w.]*[_a-df-z]\w*")
_ALLOWED = (
    "a formula has only metric names (a-z, 0-9 and _, at most 64 characters), "
    "decimal numbers from 1e-308 to 1e308, + - * / and parentheses"
)
_SYMBOLS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_WORK = {"+": add, "-": sub, "*": mul, "/": truediv}
_T = TypeVar("_T")


class FormulaError(ValueError):
    """A formula that cannot be used; the message tells people what and where."""


class Operation(NamedTuple):
    """One of `+ - * /` between two trees; `-x` is read as `-1 * x`."""

    symbol: str
    left: "Tree"
    right: "Tree"


Tree = Decimal | str | Operation  # a number, a metric name, or an operation


@dataclass(frozen=True)
class Formula:
    """A formula that was checked: its text, its metric names and its tree."""

    text: str
    names: tuple[str, ...]
    tree: Tree

    def series(self, sums: Mapping[str, Rationals]) -> Rationals:
        """Evaluate whole series at once, exactly: per name an array, of one shape.

        A division by zero, at any step, makes a gap. Raises KeyError when `sums` lacks
        one of `names`.
        """

        def leaf(of: Decimal | str) -> Rationals:
            return sums[of] if isinstance(of, str) else Rationals.constant(of)

        return fold(self.tree, leaf=leaf, combine=_combined)


def fold(
    tree: Tree,
    *,
    leaf: Callable[[Decimal | str], _T],
    combine: Callable[[str, _T, _T], _T],
) -> _T:
    """Reduce a tree from its leaves up, left to right; recursion ≤ MAX_NODES."""
    if not isinstance(tree, Operation):
        return leaf(tree)
    left = fold(tree.left, leaf=leaf, combine=combine)
    right = fold(tree.right, leaf=leaf, combine=combine)
    return combine(tree.symbol, left, right)


def metric(name: str) -> Formula:
    """Returns the formula whose value is that of a metric."""
    return Formula(text=name, names=(name,), tree=name)


def read(text: str) -> Formula | None:
    """Returns a formula that was stored; None where it cannot be read any more."""
    try:
        return parse(text)
    except FormulaError:
        return None


@lru_cache(maxsize=1024)
def parse(text: str) -> Formula:
    """Read a formula; anything but plain arithmetic raises FormulaError.

    Lines may break anywhere. Depth counts parentheses: a long sum is not deep.
    """
    if len(text) > MAX_CHARACTERS:
        raise _error(1, 1, f"{len(text)} characters, at most {MAX_CHARACTERS}")
    source = text.replace("\r\n", "\n")
    if not source.strip():
        raise _error(1, 1, "the formula is empty")
    _check_characters(source)
    tree = _tree(_expression(source), source)
    names = fold(tree, leaf=_named, combine=lambda _, left, right: left | right)
    if not names:
        raise _error(1, 1, "the formula names no metric, it needs at least one")
    return Formula(text=text, names=tuple(names), tree=tree)


def _check_characters(source: str) -> None:
    opened: list[tuple[int, int]] = []
    for match in _NOTABLE.finditer(source):
        position = _line_and_column(source, match.start())
        if match[0] not in "()":
            raise _error(*position, f"{match[0]!r} is not allowed: {_ALLOWED}")
        if match[0] == "(":
            opened.append(position)
        elif not opened:
            raise _error(*position, "this parenthesis closes nothing")
        else:
            opened.pop()
        if len(opened) > MAX_DEPTH:
            raise _error(*position, f"parentheses may be at most {MAX_DEPTH} deep")
    if opened:
        raise _error(*opened[-1], "this parenthesis is never closed")


def _expression(source: str) -> ast.expr:
    # Parentheses around it let lines break anywhere; they cannot be broken out of,
    # because those of `source` are known to match. Its line 1 becomes line 2.
    try:
        body = ast.parse(f"(\n{source}\n)", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        # What is missing at the end, Python misses only at our own parenthesis.
        line, column = getattr(error, "lineno", 2), getattr(error, "offset", 1)
        position = min(
            (line - 1, column), _line_and_column(source, len(source.rstrip()))
        )
        raise _error(*position, "this cannot be read as arithmetic") from None
    nodes = sum(isinstance(node, ast.expr) for node in ast.walk(body))
    if nodes > MAX_NODES:
        raise _error(1, 1, f"{nodes} operands and operators, at most {MAX_NODES}")
    return body


def _tree(node: ast.expr, source: str) -> Tree:
    match node:
        case ast.BinOp(op=op) if symbol := _SYMBOLS.get(type(op)):
            left, right = _tree(node.left, source), _tree(node.right, source)
            return Operation(symbol, left, right)
        case ast.UnaryOp(op=ast.USub()):
            return Operation("*", Decimal(-1), _tree(node.operand, source))
        case ast.Name(id=name) if NAME.fullmatch(name):
            return name
        case ast.Constant(value=int() | float() as value) if value <= LARGEST:
            number = _number(node, source)
            if number >= SMALLEST:
                return number
            if number == 0:
                return Decimal(0)
    # A bare generator is located at our own opening parenthesis, on line 0.
    position = max(node.lineno - 1, 1), node.col_offset + 1
    raise _error(*position, f"{ast.unparse(node)!r} is not allowed: {_ALLOWED}")


def _combined(symbol: str, left: Rationals, right: Rationals) -> Rationals:
    worth: Rationals = _WORK[symbol](left, right)
    return worth


def _number(node: ast.expr, source: str) -> Decimal:
    """A number as it is written: a float would round it."""
    line = source.split("\n")[node.lineno - 2]
    return Decimal(line[node.col_offset : node.end_col_offset])


def _named(leaf: Decimal | str) -> dict[str, None]:
    return {leaf: None} if isinstance(leaf, str) else {}


def _line_and_column(source: str, index: int) -> tuple[int, int]:
    return source.count("\n", 0, index) + 1, index - source.rfind("\n", 0, index)


def _error(line: int, column: int, what: str) -> FormulaError:
    return FormulaError(f"Line {line}, column {column}: {what}")
