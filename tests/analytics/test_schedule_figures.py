"""Numbers in e-mails are written as the dashboard writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.reports import figures

GAP = figures.GAP
numbers = st.floats(-1e12, 1e12)
units = st.sampled_from(["usd", "count", "percentage"])


@pytest.mark.parametrize(
    ("number", "unit", "expected"),
    [
        (1234.5, "usd", "$1,234.50"),
        (-3, "usd", "\N{MINUS SIGN}$3.00"),
        (-0.001, "usd", "$0.00"),
        (0, "count", "0"),
        (1_200, "count", "1,200"),
        (1_200.256, "count", "1,200.26"),
        (12.5, "percentage", "12.5%"),
        (None, "usd", GAP),
    ],
)
def test_a_value_has_its_unit(number, unit, expected):
    assert figures.value(number, unit=unit) == expected


@pytest.mark.parametrize(
    ("number", "before", "unit", "expected"),
    [
        (110, 100, "usd", "▲ 10.0%"),
        (90, 100, "count", "▼ 10.0%"),
        (-5, -10, "usd", "▲ 50.0%"),
        (3.4, 3, "percentage", "▲ 0.4 points"),
        (2, 0, "percentage", "▲ 2.0 points"),
        (100.01, 100, "usd", "no change"),
        (0, 0, "count", "no change"),
        (1, 0, "count", "▲"),
        (-1, 0, "usd", "▼"),
        (None, 1, "usd", GAP),
        (1, None, "percentage", GAP),
    ],
)
def test_a_change_is_a_share_and_of_percentages_their_difference(
    number, before, unit, expected
):
    assert figures.change(number, before, unit=unit) == expected


@given(numbers, numbers, units)
def test_an_arrow_points_the_way_the_number_went(number, before, unit):
    told = figures.change(number, before, unit=unit)
    up, down = told.startswith("▲"), told.startswith("▼")
    assert number > before or not up
    assert number < before or not down
    assert "-" not in told + figures.value(number, unit=unit)
