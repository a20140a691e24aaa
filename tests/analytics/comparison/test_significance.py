"""Chance between two groups: on paper, against closed forms, and in drawn A/A tests."""

import numpy as np
import pytest
from numpy.random import default_rng

from analytics.comparison import significance
from analytics.comparison.significance import Estimate

PARTS = 16
KPIS = {
    "conversion": lambda sums: 100 * sums["buyers"] / sums["sessions"],
    "revenue per session": lambda sums: sums["revenue"] / sums["sessions"],
    "revenue": lambda sums: sums["revenue"] + 0.0,
}


def total(sums):
    return sums["m"]


def ratio(sums):
    return sums["y"] / sums["x"]


def estimated(value, variance):
    return Estimate(np.array(value, float), np.array(variance, float))


def contrasted(a, b, parts=PARTS):
    return significance.contrast(a=estimated(*a), b=estimated(*b), parts=parts)


def test_a_total_varies_as_the_sum_of_its_parts():
    # Mean 5; the squares of what they are off are 9, 1, 1, 9.
    found = significance.estimate({"m": np.array([2.0, 4, 6, 8])}, of=total)
    assert found.value == 20
    assert found.variance == pytest.approx(4 * 20 / 3)


def test_a_ratio_is_that_of_sums_and_varies_as_without_each_part():
    parts = {"y": np.array([1.0, 2, 3]), "x": np.array([4.0, 5, 2])}
    found = significance.estimate(parts, of=ratio)
    assert found.value == pytest.approx(6 / 11)
    without = np.array([5 / 7, 4 / 6, 3 / 9])
    expected = 2 / 3 * np.square(without - without.mean()).sum()
    assert found.variance == pytest.approx(expected)


def test_a_ratio_varies_as_the_delta_method_says():
    rng = default_rng(1)
    x = rng.poisson(1000, size=PARTS).astype(float)
    y = rng.binomial(x.astype(int), 0.04).astype(float)
    found = significance.estimate({"y": y, "x": x}, of=ratio)
    off = y - found.value * x
    delta = PARTS / (PARTS - 1) * np.square(off - off.mean()).sum() / x.sum() ** 2
    assert found.variance == pytest.approx(delta, rel=0.02)


def test_scaling_a_group_to_its_share_changes_totals_and_no_ratio():
    parts = {"y": np.arange(1.0, 17), "x": np.arange(21.0, 37), "m": np.arange(16.0)}
    scaled = {name: each / 0.25 for name, each in parts.items()}
    plain, shared = (significance.estimate(each, of=ratio) for each in (parts, scaled))
    assert np.allclose(plain, shared)
    whole, large = (significance.estimate(each, of=total) for each in (parts, scaled))
    assert large.value == 4 * whole.value
    assert large.variance == 16 * whole.variance


def test_what_is_divided_by_nothing_without_one_part_has_no_variance():
    parts = {"y": np.array([1.0, 0, 0]), "x": np.array([5.0, 0, 0])}
    with np.errstate(all="ignore"):
        found = significance.estimate(parts, of=ratio)
    assert found.value == pytest.approx(0.2)
    assert np.isnan(found.variance)


def test_the_difference_of_two_groups_on_paper():
    # Equal variances of 2 and 2: 30 degrees of freedom, error 2, t = 3; the quantile
    # 2.0423 and the p-value 0.0054 are those of printed tables.
    found = contrasted((50, 2), (56, 2))
    assert found.difference.value == 6
    assert found.difference.lower == pytest.approx(6 - 2 * 2.0423, abs=1e-3)
    assert found.difference.upper == pytest.approx(6 + 2 * 2.0423, abs=1e-3)
    assert found.p_value == pytest.approx(0.0054, abs=5e-5)


def test_a_group_without_variance_leaves_the_freedom_of_the_other():
    # 15 degrees of freedom: the printed quantile is 2.1314.
    found = contrasted((50, 0), (56, 4))
    assert found.difference.upper == pytest.approx(6 + 2 * 2.1314, abs=1e-3)


def test_groups_that_do_not_vary_tell_nothing_of_chance():
    found = contrasted((9.99, 0), (10.99, 1e-30))
    assert found.difference.value == pytest.approx(1)
    assert np.isnan([found.difference.lower, found.p_value, found.lift.lower]).all()


@pytest.mark.parametrize("b", [50, 52, 54, 54.2, 56, 46, 45.8, 44])
def test_the_lift_is_without_zero_where_the_difference_is(b):
    found = contrasted((50, 2), (b, 2))
    told = found.difference.lower * found.difference.upper > 0
    assert told == (found.lift.lower * found.lift.upper > 0) == (found.p_value < 0.05)
    assert found.lift.lower < found.lift.value < found.lift.upper


def test_a_lift_over_a_firm_value_is_the_difference_in_parts_of_it():
    found = contrasted((100, 1e-12), (120, 4))
    ends = np.array(found.difference) / 100
    assert np.allclose(found.lift, ends)


@pytest.mark.parametrize("a", [(1, 2), (0, 1), (-50, 2)])
def test_there_is_no_lift_over_what_may_be_zero_or_is_negative(a):
    assert np.isnan(contrasted(a, (56, 2)).lift).all()


def test_a_mismatch_of_sizes_on_paper():
    # 60 and 40 instead of 50 and 50: chi-square 4, p 0.0455.
    assert significance.mismatch(users=(60, 40), shares=(50, 50)) == pytest.approx(
        0.0455, abs=1e-4
    )
    # 120 and 80 instead of 150 and 50: chi-square 6 + 18.
    found = significance.mismatch(users=(120, 80), shares=(30, 10))
    assert found == pytest.approx(9.6e-7, rel=0.01)
    assert significance.mismatch(users=(30, 10), shares=(3, 1)) == 1


def drawn(seed, *, runs, users, lift=1.0):
    """Returns the sums of groups A and B in each run: a row for each.

    Users are drawn into groups and parts. They have one session or several, and each
    its own taste for buying; what they spend is lognormal.
    """
    rng, number = default_rng(seed), runs * users
    group = rng.integers(0, 2, number)
    cell = (np.repeat(np.arange(runs), users) * 2 + group) * PARTS
    cell += rng.integers(0, PARTS, number)
    sessions = rng.geometric(1 / 3, number)
    taste = rng.beta(1, 19, number) * np.where(group, lift, 1.0)
    bought = rng.binomial(sessions, np.minimum(taste, 1))
    buyers = np.repeat(cell, bought)
    spent = rng.lognormal(3, 1, len(buyers))

    def summed(cells, values=None):
        sums = np.bincount(cells, values, minlength=runs * 2 * PARTS)
        return sums.reshape(runs, 2, PARTS).astype(float)

    found = {
        "users": summed(cell),
        "sessions": summed(cell, sessions),
        "buyers": summed(cell, bought),
        "revenue": summed(buyers, spent),
    }
    return [{name: each[:, place] for name, each in found.items()} for place in (0, 1)]


def p_values(groups, of):
    a, b = (significance.estimate(group, of=of) for group in groups)
    return significance.contrast(a=a, b=b, parts=PARTS).p_value


@pytest.fixture(scope="module")
def nothing_differs():
    return drawn(20260304, runs=1000, users=4000)


@pytest.mark.parametrize("kpi", KPIS)
def test_of_1000_tests_in_which_nothing_differs_3_to_7_percent_say_so(
    nothing_differs, kpi
):
    found = p_values(nothing_differs, KPIS[kpi]) < 0.05
    assert len(found) == 1000
    assert 0.03 <= found.mean() <= 0.07


def test_draws_are_no_mismatch_but_for_chance(nothing_differs):
    users = np.stack([group["users"].sum(axis=-1) for group in nothing_differs], -1)
    found = significance.mismatch(users=users, shares=(50, 50))
    assert 0.03 <= (found < 0.05).mean() <= 0.07
    assert (found < 0.001).mean() <= 0.004


def test_a_lift_of_20_percent_is_found():
    groups = drawn(7, runs=60, users=24_000, lift=1.2)
    assert (p_values(groups, KPIS["conversion"]) < 0.05).mean() >= 0.95
    assert (p_values(groups, KPIS["revenue per session"]) < 0.05).mean() >= 0.8
