"""Exact numbers: as they are written, and however large they become."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.formulas import rationals
from analytics.formulas.rationals import Rationals

LONG = st.integers(-(10**44), 10**44)


def millionths(*numbers):
    return Rationals.of(rationals.array(list(numbers)), per=10**6)


@given(st.lists(LONG))
def test_numbers_with_an_end_are_written_with_all_of_their_digits(numbers):
    told = millionths(*numbers).digits()
    assert [Decimal(str(one)) for one in told] == [
        Decimal(f"{number}e-6") for number in numbers
    ]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (2999999999997370371, "2999999999997.370371"),
        (-2999999999997370000, "-2999999999997.37"),
        (12345678901234567000000, "12345678901234567.0"),
        (198488480000, "198488.48"),
        (6780000, "6.78"),
        (30000000, "30.0"),
        (0, "0.0"),
    ],
)
def test_what_is_written_is_the_number_and_nothing_else(number, text):
    assert [str(one) for one in millionths(number).digits()] == [text]


def test_a_quotient_is_written_as_the_nearest_float():
    ratio = millionths(40, 10**30) / millionths(3, 3)
    assert ratio.digits() == ratio.numbers() == [40 / 3, 10**30 / 3]


def test_divided_by_a_number_it_may_still_end():
    assert (millionths(2999999999997370371) / 100).digits() == [
        Decimal("29999999999.97370371")
    ]


@given(st.lists(LONG), st.integers(1, 10**9))
def test_long_numbers_are_divided_rightly(numbers, per):
    found = Rationals.of(rationals.array(numbers), per=per).numbers()
    assert found == [float(Fraction(number, per)) for number in numbers]


@given(st.lists(LONG, min_size=1))
def test_text_is_read_whatever_its_length(numbers):
    text = " ".join(map(str, numbers))
    assert rationals.integers(text).tolist() == numbers


def test_no_text_is_no_number():
    assert rationals.integers("").tolist() == []


def test_sums_along_an_axis_stay_exact_beyond_a_machine_word():
    large = 2**62
    found = Rationals.of(np.array([[large, large], [1, 2]])).sum(axis=1)
    assert found.numerators.values.tolist() == [2 * large, 3]
