"""Student's t and chi-square: how far chance alone goes, and how likely.

Three functions of SciPy, whose import costs each process more than all the rest of this
package and 110 MB of disk. The tests compare them with SciPy's. Arrays of any shape;
NaN in, NaN out.
"""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TINY = 1e-300
PRECISION = 1e-15
# Enough for 10,000 degrees of freedom; 30 need about 15.
MOST_STEPS = 500

log_gamma = np.vectorize(math.lgamma, otypes=[np.float64])
complementary_error = np.vectorize(math.erfc, otypes=[np.float64])


def chi_square_tail(square: Floats) -> Floats:
    """Returns how likely chi-square of one degree of freedom is above `square`."""
    return np.asarray(complementary_error(np.sqrt(square / 2)))


def two_sided(t: Floats, *, freedom: Floats) -> Floats:
    """Returns how likely Student's t is at least as far from 0 as `t`, on either side.

    A regularised incomplete beta function (Abramowitz and Stegun 1964, 26.7.1).
    """
    t, freedom = np.broadcast_arrays(np.float64(t), np.float64(freedom))
    square = np.square(t)
    tail, rest = freedom / (freedom + square), square / (freedom + square)
    near = tail < (freedom + 2) / (freedom + 5)  # where the fraction converges quickly
    a, b = np.where(near, freedom / 2, 0.5), np.where(near, 0.5, freedom / 2)
    x, complement = np.where(near, tail, rest), np.where(near, rest, tail)
    part = incomplete_beta(a, b, x, complement=complement)
    return np.where(near, part, 1 - part)


def quantile(freedom: Floats, *, confidence: float) -> Floats:
    """Returns the t that chance exceeds, on either side, in 1 - `confidence` of cases.

    Newton's method, from the quantile of the normal distribution upwards: the tail is
    convex there, so that it never steps too far.
    """
    freedom = np.asarray(freedom, np.float64)
    t = np.full_like(freedom, NormalDist().inv_cdf((1 + confidence) / 2))
    for _ in range(60):
        step = (two_sided(t, freedom=freedom) - (1 - confidence)) / (
            2 * density(t, freedom=freedom)
        )
        t = t + step
        if not np.any(np.abs(step) > PRECISION * 4 * np.abs(t)):
            break
    return t


def density(t: Floats, *, freedom: Floats) -> Floats:
    """Returns the density of Student's t."""
    scale = log_gamma((freedom + 1) / 2) - log_gamma(freedom / 2)
    bell = -(freedom + 1) / 2 * np.log1p(np.square(t) / freedom)
    return np.asarray(np.exp(scale + bell) / np.sqrt(freedom * math.pi))


def incomplete_beta(a: Floats, b: Floats, x: Floats, *, complement: Floats) -> Floats:
    """Returns the regularised incomplete beta function; `complement` is 1 - x, exactly.

    The continued fraction of DLMF 8.17.22, by Lentz's method (Press et al. 2007,
    Numerical Recipes, 6.4). To be asked for x below (a + 1) / (a + b + 2).
    """
    scale = log_gamma(a + b) - log_gamma(a) - log_gamma(b)
    with np.errstate(divide="ignore"):  # of a logarithm of 0: the result is 0
        front = np.exp(scale + a * np.log(x) + b * np.log(complement)) / a
    return np.asarray(front * fraction(a, b, x))


def fraction(a: Floats, b: Floats, x: Floats) -> Floats:
    """Returns the continued fraction, until no element changes any more."""
    c, d = np.ones_like(x), apart(1 - (a + b) * x / (a + 1))
    product = d
    for m in range(1, MOST_STEPS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = apart(1 + term * d)
            c = np.where(np.abs(1 + term / c) < TINY, TINY, 1 + term / c)
            product = product * c * d
        if not np.any(np.abs(c * d - 1) > PRECISION):
            break
    return product


def apart(value: Floats) -> Floats:
    """Returns 1 / `value`, of zero a large number instead of infinity."""
    return np.asarray(1 / np.where(np.abs(value) < TINY, TINY, value))
