"""The distributions of chance agree with SciPy's, and with those in closed form."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from analytics.comparison import student

FREEDOM = st.floats(min_value=0.5, max_value=5_000)
DISTANCE = st.floats(min_value=0, max_value=200)


@given(t=DISTANCE, freedom=FREEDOM)
def test_tails_of_t_are_those_of_scipy(t, freedom):
    found = student.two_sided(np.array(t), freedom=np.array(freedom))
    expected = 2 * special.stdtr(freedom, -t)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-290)


@given(freedom=FREEDOM, confidence=st.sampled_from([0.8, 0.95, 0.99]))
def test_quantiles_of_t_are_those_of_scipy(freedom, confidence):
    found = student.quantile(np.array(freedom), confidence=confidence)
    expected = special.stdtrit(freedom, (1 + confidence) / 2)
    assert found == pytest.approx(expected, rel=1e-9)


@given(square=st.floats(min_value=0, max_value=1_000))
def test_tails_of_chi_square_are_those_of_scipy(square):
    found = student.chi_square_tail(np.array(square))
    assert found == pytest.approx(special.chdtrc(1, square), rel=1e-9, abs=1e-290)


def test_one_degree_of_freedom_is_cauchys_distribution():
    found = student.two_sided(np.array([1.0, math.sqrt(3)]), freedom=np.array([1.0, 1]))
    assert found == pytest.approx([1 / 2, 1 / 3])
    found = student.quantile(np.array([1.0]), confidence=0.5)
    assert found == pytest.approx([1.0])


def test_two_degrees_of_freedom_have_a_closed_form():
    t = np.array([[0.1, 1.0], [4.0, 50.0]])
    found = student.two_sided(t, freedom=np.array(2.0))
    assert found == pytest.approx(1 - t / np.sqrt(2 + t**2), rel=1e-9)


def test_what_is_unknown_stays_unknown_beside_what_is_known():
    freedom = np.array([np.nan, 15.0])
    found = student.two_sided(np.array([1.0, 1.0]), freedom=freedom)
    assert np.isnan(found).tolist() == [True, False]
    found = student.quantile(freedom, confidence=0.95)
    assert found == pytest.approx([np.nan, 2.131449545559323], nan_ok=True)
