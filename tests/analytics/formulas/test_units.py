"""Units: what is added must be alike, and a percentage is a ratio written times 100."""

import operator
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.formulas import formula
from analytics.formulas.units import UnitError, fault
from analytics.models import Unit

USD, COUNTS, PERCENTS = (
    ("revenue", "direct", "cents"),
    ("orders", "sessions", "views", "clicks"),
    ("bounced", "vat"),
)
UNITS = {
    **dict.fromkeys(USD, "usd"),
    **dict.fromkeys(COUNTS, "count"),
    **dict.fromkeys(PERCENTS, "percentage"),
}
RIGHT = {
    "usd": [
        "revenue",
        "-revenue",
        "revenue - direct",
        "1.2 * revenue",
        "cents / 100",
        "cents / 100 + revenue",
        "revenue / orders",
        "100 * revenue / sessions",
        "revenue / orders - direct / sessions",
        "(revenue + direct) / (orders + clicks)",
        "revenue * clicks / views",
        "revenue * vat / 100",
        "revenue * (1 - vat / 100)",
        "revenue * vat / 100 + cents / 100",
        "revenue / (vat / 100)",
    ],
    "count": [
        "orders",
        "100 * orders",
        "orders + views / 2",
        "orders * direct / revenue",
        "orders * bounced / 100",
        "views / sessions",
        "views / 100 / sessions",
        "1 - orders / sessions",
    ],
    "percentage": [
        "100 * clicks / views",
        "1e2 * clicks / views",
        "clicks / views * 100",
        "clicks * 100 / views",
        "clicks / (views / 100)",
        "-100 * clicks / views",
        "100 * (revenue - direct) / revenue",
        "100 * (revenue / orders) / (direct / sessions)",
        "100 * (1 - clicks / views)",
        "100 - 100 * clicks / views",
        "(100 * clicks) / views + (100 * orders) / sessions",
        "(100 * clicks / views + 100 * orders / sessions) / 2",
        "2 * 100 * clicks / (views + sessions)",
        "100 * (clicks / views - 0.03)",
        "100 * clicks / views - 100 * 0.03",
        "100 * (1 - 20 / 100) * clicks / views",
        "bounced",
        "100 - bounced",
        "(bounced + vat) / 2",
        "bounced + 100 * clicks / views",
        "bounced * vat / 100",
        "100 * bounced / vat",
        "100 * (1 - bounced / 100)",
    ],
}
REFUSED = {
    "revenue + orders": "revenue is in usd and orders is a count: they cannot",
    "orders - 1": "orders is a count and 1 is a plain number",
    "revenue / orders + revenue": "revenue / orders is in usd per count and revenue is",
    "revenue * (orders + direct)": "orders is a count and direct is in usd",
    "1 - 100 * clicks / views": (
        "1 is a plain number and 100 * clicks / views is in percent: they cannot be "
        "subtracted, unless both are multiplied by 100."
    ),
    "clicks / views + 100 * orders / views": "clicks / views is a ratio and 100 *",
    "clicks / views + 100": "is a ratio and 100 is in percent",
    "bounced - 3": "bounced is in percent and 3 is a plain number",
    "revenue + revenue * vat": "revenue * vat is in usd times a percentage not divided",
    "revenue * direct": "The formula is in usd^2; a KPI is in usd, in usd per count",
    "orders * revenue": "in usd * count",
    "orders * views": "in count^2",
    "1 / orders": "in 1 per count",
    "orders / revenue": "in count per usd",
    "revenue / orders / sessions": "in usd per count^2",
    "revenue * vat": "in usd times a percentage not divided by 100",
    "100 * orders * bounced": "a count times a percentage not divided by 100",
    "100 * 100 * clicks / views": "in percent, multiplied by 100 again",
    "100 * bounced": "in percent, multiplied by 100 again",
    "bounced * vat": "in percent, multiplied by 100 again",
    "direct / revenue": "for a percentage, write 100 * (direct / revenue).",
    "revenue + missing": "There is no metric named missing.",
    "revenue +": "cannot be read as arithmetic",
}


@pytest.mark.parametrize(
    ("unit", "text"), [(unit, text) for unit, texts in RIGHT.items() for text in texts]
)
def test_a_formula_comes_out_in_one_unit(unit, text):
    found = {asked: fault(text, unit=asked, units=UNITS) for asked in Unit.values}
    assert [asked for asked, error in found.items() if error is None] == [unit]


@pytest.mark.parametrize("text", REFUSED)
@pytest.mark.parametrize("unit", Unit.values)
def test_nonsense_has_no_unit_and_is_named(text, unit):
    error = fault(text, unit=unit, units=UNITS)
    assert REFUSED[text] in str(error)
    assert not isinstance(error, UnitError)


@pytest.mark.parametrize(
    ("text", "unit", "message"),
    [
        ("revenue / orders", "count", "is in usd per count: its unit is usd."),
        ("revenue", "percentage", "is in usd: its unit is usd."),
        ("orders", "usd", "is a count: its unit is count."),
        ("100 * clicks / views", "count", "is in percent: its unit is percentage."),
        ("clicks / views", "usd", "is a ratio: its unit is count."),
    ],
)
def test_another_unit_is_told_what_the_formula_is(text, unit, message):
    error = fault(text, unit=unit, units=UNITS)
    assert str(error) == f"The formula {message}"
    assert isinstance(error, UnitError)


@pytest.mark.parametrize(
    "text", ["clicks / views", "1 - clicks / views", "direct / revenue"]
)
def test_a_ratio_is_a_percentage_only_when_it_is_multiplied_by_100(text):
    error = fault(text, unit="percentage", units=UNITS)
    assert f"for a percentage, write 100 * ({text})." in str(error)
    assert not isinstance(error, UnitError)
    assert fault(f"100 * ({text})", unit="percentage", units=UNITS) is None


OPERATIONS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
SUMS = st.fixed_dictionaries(dict.fromkeys(UNITS, st.integers(1, 50)))
TREES = st.recursive(
    st.sampled_from(["revenue", "direct", "orders", "views", "vat", "2", "100"]),
    lambda trees: st.tuples(trees, st.sampled_from("+-*/"), trees).map(
        lambda parts: f"({' '.join(parts)})"
    ),
    max_leaves=6,
)


def worth(text, sums, *, hundred=100):
    """Returns a formula's exact value; None for a gap or where it names no metric."""
    try:
        return formula.fold(
            formula.parse(text).tree,
            leaf=lambda of: Fraction(sums.get(of) or (hundred if of == 100 else of)),
            combine=lambda symbol, *sides: OPERATIONS[symbol](*sides),
        )
    except (ZeroDivisionError, formula.FormulaError):
        return None


def times(sums, names, factor):
    """Returns sums with those of some names multiplied."""
    return {of: total * (factor if of in names else 1) for of, total in sums.items()}


# By the unit of a KPI: by what it may change when all usd, when all counts, triple.
ONCE, THRICE, THIRD = Fraction(1), Fraction(3), Fraction(1, 3)
TRIPLED = {
    "usd": ({THRICE}, {ONCE, THIRD}),
    "count": ({ONCE}, {ONCE, THRICE}),
    "percentage": ({ONCE}, {ONCE}),
}


@given(TREES, SUMS)
def test_a_kpi_scales_as_its_unit_says(text, sums):
    value = worth(text, sums)
    units = [unit for unit in Unit.values if not fault(text, unit=unit, units=UNITS)]
    assert len(units) <= 1
    for unit in units if value else []:
        for names, factors in zip((USD, COUNTS), TRIPLED[unit], strict=True):
            assert worth(text, times(sums, names, 3)) / value in factors


def pairs(left, symbols, right):
    parts = st.tuples(left, st.sampled_from(symbols), right)
    return parts.map(lambda found: f"({' '.join(found)})")


def percentages(depth):
    """Formulas in percent, put together by the rules."""
    if not depth:
        return st.sampled_from([*PERCENTS, "100", "(clicks / (views / 100))"])
    percents, ratio = percentages(depth - 1), ratios(depth - 1)
    return st.one_of(
        pairs(percents, "+-", percents),
        pairs(percents, "*/", ratio),
        pairs(st.just("100"), "*", ratio),
    )


def ratios(depth):
    """Formulas of no unit that are not in percent."""
    if not depth:
        return st.sampled_from(["(revenue / direct)", "(clicks / views)", "0.5"])
    percents, ratio = percentages(depth - 1), ratios(depth - 1)
    return st.one_of(
        pairs(ratio, "+-*/", ratio),
        pairs(percents, "/", percents),
        pairs(percents, "/", st.just("100")),
    )


@given(percentages(2).map("0 * bounced + {}".format), SUMS)
def test_a_percentage_would_be_ten_times_as_much_in_per_mille(text, sums):
    assert fault(text, unit="percentage", units=UNITS) is None
    value = worth(text, sums)
    milles = times(sums, PERCENTS, 10)
    assert value is None or worth(text, milles, hundred=1000) == 10 * value
