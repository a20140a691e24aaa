"""Numbers in e-mails are written as the dashboard writes them."""

from decimal import Decimal

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
        (100.01, 100, "usd", "▲ less than 0.1%"),
        (100.004, 100, "usd", "no change"),
        (3.8, 3.74, "percentage", "▲ 0.06 points"),
        (3.744, 3.741, "percentage", "no change"),
        (1100.5, 1000, "usd", "▲ 10.1%"),
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


@given(numbers, numbers)
def test_the_points_are_the_difference_of_what_is_shown(number, before):
    told = figures.change(number, before, unit="percentage")
    shown = [
        Decimal(
            figures.value(one, unit="percentage")
            .translate({ord(","): None, ord("%"): None})
            .replace("\N{MINUS SIGN}", "-")
        )
        for one in (number, before)
    ]
    if shown[0] == shown[1]:
        assert told == "no change"
    else:
        sign, points, _ = told.split()
        by = Decimal(points.replace(",", ""))
        assert shown[0] - shown[1] == (by if sign == "▲" else -by)


@given(numbers, numbers, units)
def test_an_arrow_points_the_way_the_number_went(number, before, unit):
    told = figures.change(number, before, unit=unit)
    up, down = told.startswith("▲"), told.startswith("▼")
    assert number > before or not up
    assert number < before or not down
    assert "-" not in told + figures.value(number, unit=unit)
