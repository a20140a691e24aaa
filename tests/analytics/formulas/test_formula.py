import operator
import re
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analytics.formulas import formula
from analytics.formulas.rationals import Rationals, array

OPERATIONS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
STRENGTH = {"+": 1, "-": 1, "*": 2, "/": 2, "negative": 3}
NAMES = ("clicks", "e5", "revenue", "x_1")
MICRO = Fraction(1, 10**6)
SUMS = st.one_of(
    st.integers(-3, 3).map(Fraction),
    st.integers(-(10**38), 10**38).map(lambda number: number * MICRO),
)


def branches(trees):
    operations = st.tuples(st.sampled_from("+-*/"), trees, trees)
    return st.one_of(operations, st.tuples(st.just("negative"), trees))


NUMBERS = st.one_of(
    st.integers(0, 9).map(str),
    st.decimals(0, 1000, places=3).map("{:f}".format),
    st.sampled_from(["1e308", "1e-308", "0.1", ".5", "2."]),
)
TREES = st.recursive(st.sampled_from(NAMES) | NUMBERS, branches, max_leaves=12)


def text_of(tree, strength=0):
    """Write a tree with as few parentheses as ordinary precedence allows."""
    if not isinstance(tree, tuple):
        return tree
    symbol, *operands = tree
    own = STRENGTH[symbol]
    if symbol == "negative":
        text = "-" + text_of(operands[0], own)
    else:
        left, right = text_of(operands[0], own), text_of(operands[1], own + 1)
        text = f"{left} {symbol} {right}"
    return f"({text})" if own < strength else text


def worth(tree, sums):
    """A plain evaluator in fractions: None for whatever is divided by zero."""
    if not isinstance(tree, tuple):
        return sums[tree] if tree in sums else Fraction(tree)
    symbol, *operands = tree
    values = [worth(operand, sums) for operand in operands]
    if None in values:
        return None
    try:
        return OPERATIONS[symbol](*values) if len(values) == 2 else -values[0]
    except ZeroDivisionError:
        return None


def nearest(exact):
    """The float that is nearest to a fraction; None beyond all of them."""
    try:
        return None if exact is None else float(exact)
    except OverflowError:
        return None


def parsed(tree):
    """The tree as a formula, where it is one."""
    try:
        return formula.parse(text_of(tree))
    except formula.FormulaError as error:
        assume("names no metric" not in str(error))
        assume("operands" not in str(error))
        assume("deep" not in str(error))
        raise


def series(*values):
    """Returns sums of metrics, as many as there are cells."""
    return Rationals.of(
        array([int(Fraction(one) / MICRO) for one in values]), per=10**6
    )


def value(one: formula.Formula, totals):
    """Evaluates once."""
    return one.series({n: series(totals[n]) for n in one.names}).numbers()[0]


@given(TREES, st.fixed_dictionaries(dict.fromkeys(NAMES, SUMS)))
def test_a_formula_is_worth_what_exact_arithmetic_says(tree, totals):
    assert value(parsed(tree), totals) == nearest(worth(tree, totals))


ROWS = st.fixed_dictionaries(dict.fromkeys(NAMES, SUMS))


@given(TREES, st.lists(ROWS, max_size=20))
def test_a_series_is_its_values_one_by_one(tree, rows):
    subject = parsed(tree)
    sums = {name: series(*(row[name] for row in rows)) for name in NAMES}
    expected = [value(subject, row) for row in rows]
    assert subject.series(sums).numbers() == expected


def test_what_is_divided_by_zero_is_a_gap():
    sums = {"a": series(0, 5, 6), "b": series(0, 0, 3)}
    assert formula.parse("a / b").series(sums).numbers() == [None, None, 2.0]
    assert value(formula.parse("a / b"), {"a": 1, "b": 0}) is None
    assert value(formula.parse("a / 0"), {"a": 1}) is None


@pytest.mark.parametrize(
    "text",
    ["100 * a / (b - c - d)", "a / (b / 3 * 3 - c - d)", "a / (1.1 * b - b - 1.505)"],
)
def test_a_difference_that_is_nothing_is_nothing(text):
    totals = {"a": 5, "b": "15.05", "c": "8.27", "d": "6.78"}
    assert value(formula.parse(text), totals) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [("b - c", 6.78), ("0.1 * a + 0.2 * a", 1.5), ("a / 3", 5 / 3), ("1.1 * c", 9.097)],
)
def test_a_number_is_the_nearest_to_the_exact_one(text, expected):
    totals = {"a": 5, "b": "15.05", "c": "8.27"}
    assert value(formula.parse(text), totals) == expected


@pytest.mark.parametrize(
    ("text", "total"),
    [
        ("1 / (a / 0)", 1.0),
        ("0 * (a / 0)", 1.0),
        ("1 / (1 / (a / 0))", 1.0),
        ("a / 0 + a", 1.0),
        ("(a / 0) / (a / 0)", 1.0),
        ("a * 1e308 * 10", 1.0),
    ],
)
def test_a_gap_stays_a_gap_however_the_formula_goes_on(text, total):
    assert value(formula.parse(text), {"a": total}) is None


def test_zero_has_no_sign():
    assert str(value(formula.parse("-a"), {"a": 0.0})) == "0.0"


def test_the_aggregate_is_the_ratio_of_sums():
    aov = formula.parse("total_revenue / count_orders")
    totals = {"total_revenue": 100, "count_orders": 4}
    assert value(aov, totals) == 25.0
    daily = {"total_revenue": series(90, 10), "count_orders": series(3, 1)}
    assert aov.series(daily).floats().mean() == 20.0


def test_an_empty_series_is_empty():
    assert formula.parse("100 * a").series({"a": series()}).numbers() == []


def test_a_missing_metric_is_a_key_error():
    with pytest.raises(KeyError, match="orders"):
        value(formula.parse("revenue / orders"), {"revenue": 1.0})


def test_names_are_distinct_and_in_order_of_appearance():
    assert formula.parse("c + a * (b - c) / a").names == ("c", "a", "b")


def test_equal_texts_are_equal_formulas():
    assert formula.parse("a / b") == formula.parse("a / b") != formula.parse("b / a")
    assert len({formula.parse("a"), formula.parse("a")}) == 1


@pytest.mark.parametrize("text", ["a - b - c", "a / b / c", "a - b * c", "-a * b"])
def test_precedence_is_the_usual_one(text):
    values = {"a": 7.0, "b": 2.0, "c": 4.0}
    expected = {"a - b - c": 1.0, "a / b / c": 0.875, "a - b * c": -1.0, "-a * b": -14}
    assert value(formula.parse(text), values) == expected[text]


@pytest.mark.parametrize(
    "text",
    ["  a /\r\n\tb ", "\na\n/\nb\n", "a/b", "(a) / ((b))", "1e0 * a / b * .5 * 2."],
)
def test_spaces_lines_parentheses_and_decimals_are_free(text):
    assert value(formula.parse(text), {"a": 6.0, "b": 2.0}) == 3.0


EVIL = [
    *("9**9**9 * a", "a << 9", "a % 2", "'%0999999999d' % 1", "a // b", "a ** b"),
    *("a.b", "a.__class__", "(1).real * a", "1..real", "a[0]", "a[:]", "{}", "{a: b}"),
    *("lambda: a", "lambda a: a", "lambda", "[a for a in b]", "(a for a in b)"),
    *(
        "a for a in b",
        "{a for a in b}",
        "__import__('os')",
        "__import__",
        "a()",
        "f(a)",
    ),
    *("'a'", '"a"', "b'a'", "f'{a}'", "f'{a!r:>9}'", "a < b", "a == b", "a and b"),
    *(
        "not a",
        "a if b else c",
        "a in b",
        "a is b",
        "(a := 1)",
        "a = 1",
        "a; b",
        "a, b",
    ),
    *("*a", "**a", "yield", "yield a", "await a", "async a", "import a", "del a", "+a"),
    *("True * a", "None", "a * True", "1j * a", "1_000 * a", "1_0.5 * a", "1e1_0 * a"),
    *("0x10 * a", "0b1 * a", "0o7 * a", "007 * a", "1e309 * a", "1e999 * a", "..."),
    *(
        "a * ...",
        "é",
        "ﬁ",
        "a \N{MULTIPLICATION SIGN} b",
        "a \N{MINUS SIGN} b",
        "a\u2028+ b",
        "a\N{NO-BREAK SPACE}+ b",
    ),
    *("٣ * a", "a\0", "\0", "\ud800", "a # b", "a \\\n + b", "a\r+ b", "a\f", "`a`"),
    *("A", "Revenue / orders", "_a", "a_é", "1 2", "a b", "2a", "2 a", "1if a"),
    *("1if a else b", "a +", "+", "a + * b", "- ", "()", "a + ()", "(a", "a)", ")a("),
    *("a) + (b", "((a)", "", " ", "\n", "a $ b", "a @ b", "a & b", "a | b", "~a", "a!"),
]


@pytest.mark.parametrize("text", EVIL)
def test_anything_but_plain_arithmetic_is_refused_with_its_place(text):
    with pytest.raises(formula.FormulaError) as refusal:
        formula.parse(text)
    assert_says_where(str(refusal.value), text)


def assert_says_where(message, text):
    place = re.match(r"Line (\d+), column (\d+): [^:]", message)
    assert place, message
    line, column = int(place[1]), int(place[2])
    lines = text.replace("\r\n", "\n").split("\n")
    assert 1 <= line <= len(lines)
    assert 1 <= column <= len(lines[line - 1]) + 1


WORDS = ["for", "in", "if", "else", "not", "class", "import", "yield", "await", "print"]
SIGNS = [*"ab1+-*/()., \n\t#'=:%[]{}\\", "é", "\0", "0x", "1e9"]


@given(st.lists(st.sampled_from(SIGNS + WORDS)).map("".join))
def test_whatever_is_typed_is_a_formula_or_a_formula_error(text):
    try:
        subject = formula.parse(text)
    except formula.FormulaError as error:
        assert_says_where(str(error), text)
    else:
        assert subject.names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a / % 2", "Line 1, column 5: '%' is not allowed"),
        ("a +\n  9 ** b", "Line 2, column 3: '9 ** b' is not allowed"),
        ("a /", "Line 1, column 4: this cannot be read as arithmetic"),
        ("a\n+ b /\n", "Line 2, column 6: this cannot be read as arithmetic"),
        ("(a / (b)", "Line 1, column 1: this parenthesis is never closed"),
        ("a / b)", "Line 1, column 6: this parenthesis closes nothing"),
        ("1 + 1", "Line 1, column 1: the formula names no metric"),
        (" ", "Line 1, column 1: the formula is empty"),
    ],
)
def test_the_message_says_what_and_where(text, message):
    with pytest.raises(formula.FormulaError, match="^" + re.escape(message)):
        formula.parse(text)


@pytest.mark.parametrize(
    ("allowed", "refused"),
    [
        ("a" + " " * 499, "a" + " " * 500),
        ("1+" * 31 + "a", "1+" * 32 + "a"),
        ("-" * 63 + "a", "-" * 64 + "a"),
        ("(" * 16 + "a" + ")" * 16, "(" * 17 + "a" + ")" * 17),
        ("a" * 64, "a" * 65),
        ("1e308 * a", "1.1e308 * a"),
        ("1" + "0" * 308 + " * a", "1" + "0" * 400 + " * a"),
    ],
)
def test_the_limits_are_where_they_are_said_to_be(allowed, refused):
    assert formula.parse(allowed).names
    with pytest.raises(formula.FormulaError):
        formula.parse(refused)


@pytest.mark.parametrize(
    "text", ["(" * 500, "-" * 499 + "a", "1+" * 249 + "a", "(" * 9**7, "a+" * 9**7]
)
def test_nothing_is_too_deep_or_too_long_for_a_plain_answer(text):
    with pytest.raises(formula.FormulaError):
        formula.parse(text)
