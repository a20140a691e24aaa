"""What a comparison says in words, and what forbids it to conclude."""

from datetime import timedelta

import numpy as np
import pytest

from analytics.comparison import trials, verdicts
from analytics.comparison.trials import Question, Sample, SampleRatioCheck, Trial
from analytics.comparison.verdicts import ConfidenceInterval, Outcome, Verdict
from analytics.formulas import formula
from analytics.formulas.rationals import MILLIONTHS, Rationals

DAYS = timedelta(days=14)
EVEN = (50, 50)
CHECKED = SampleRatioCheck((500, 500), (500, 500), 1.0, None)
WAVES = np.tile([-1.0, 0, 1, 0], 4)  # how 16 parts are off their mean
CONVERSION = Question(
    "conversion", "percentage", formula.parse("100 * buyers / visits")
)


def sample(a, b, *, wave=1.0, counts=True):
    """Returns a metric of so much in each part, more or less."""
    parts = MILLIONTHS * (np.array([[a], [b]]) + wave * WAVES)
    return Sample(Rationals.of(np.rint(parts).astype(int), per=MILLIONTHS), counts)


def with_part(one, group, part, amount):
    """Returns a metric with another amount in a part of a group."""
    parts = one.parts.numerators.values.copy()
    parts[group, part] = MILLIONTHS * amount
    return one._replace(parts=Rationals.of(parts, per=MILLIONTHS))


def trial(*, shares=EVEN, elapsed=DAYS, ratio=CHECKED, **samples):
    return Trial(shares=shares, elapsed=elapsed, samples=samples, ratio=ratio)


def found(question=CONVERSION, **fields):
    return trials.finding(question, trial=trial(**fields))


def asked(text, unit="count"):
    return Question("it", unit, formula.parse(text))


def test_more_in_b_is_told_with_its_interval_and_never_called_better():
    one = found(buyers=sample(35, 39), visits=sample(1000, 1000, wave=0))
    assert one.said.verdict == Verdict.B_HIGHER
    assert one.said.sentence == (
        "conversion is higher in B: 3.9 % in B against 3.5 % in A, "
        "+11 % (95 % interval +9.8 % to +13 %)."
    )


def test_less_in_b_is_told_as_that():
    one = found(buyers=sample(39, 35), visits=sample(1000, 1000, wave=0))
    assert one.said.verdict == Verdict.A_HIGHER
    assert "conversion is lower in B: 3.5 % in B against 3.9 % in A, -10 %" in (
        one.said.sentence
    )


def test_what_chance_explains_is_no_difference():
    one = found(buyers=sample(35, 39, wave=20), visits=sample(1000, 1000, wave=0))
    assert one.said.verdict == Verdict.NO_DIFFERENCE
    assert one.said.sentence.startswith("conversion shows no difference beyond chance:")
    assert one.outcome.difference.lower < 0 < one.outcome.difference.upper


def test_a_difference_is_told_in_points_where_a_may_be_zero():
    reach = ConfidenceInterval(0.4, 0.1, 0.7)
    one = Outcome("rate", "percentage", 0.01, 0.41, reach, None, 0.01)
    assert verdicts.concluded(one).sentence == (
        "rate is higher in B: 0.41 % in B against 0.01 % in A, +0.4 percentage points "
        "(95 % interval +0.1 percentage points to +0.7 percentage points)."
    )


def test_a_total_is_as_if_all_participants_were_in_the_group():
    one = found(asked("buyers"), shares=(25, 50), buyers=sample(10, 20))
    assert (one.outcome.a, one.outcome.b) == (640, 640)
    assert one.plain == (160, 320)
    assert one.said.verdict == Verdict.NO_DIFFERENCE


def test_a_ratio_is_the_same_whatever_the_share():
    one = found(shares=(10, 90), buyers=sample(10, 20), visits=sample(100, 200, wave=0))
    assert one.plain == pytest.approx((10, 10))
    assert (one.outcome.a, one.outcome.b) == pytest.approx((10, 10))


def test_it_is_too_early_before_seven_full_days():
    sure = {"buyers": sample(35, 39), "visits": sample(1000, 1000, wave=0)}
    just = found(elapsed=timedelta(days=7), **sure)
    before = found(elapsed=timedelta(days=7) - timedelta(minutes=5), **sure)
    assert just.said.verdict == Verdict.B_HIGHER
    assert before.said.verdict == Verdict.TOO_EARLY
    assert before.said.sentence == "Too early to say: there are 6.9 of 7 days of data."
    assert before.outcome == just.outcome


def test_it_is_too_early_while_two_parts_have_nothing():
    fields = {"visits": sample(1000, 1000, wave=0), "buyers": sample(35, 70)}
    fields["buyers"] = with_part(fields["buyers"], 1, 3, 0)
    assert found(**fields).said.verdict == Verdict.B_HIGHER
    fields["buyers"] = with_part(fields["buyers"], 1, 4, 0)
    verdict, sentence = found(**fields).said
    assert verdict == Verdict.TOO_EARLY
    assert sentence == (
        "Too early to say: buyers has values in 14 of the 16 parts of B's users, and "
        "15 are needed."
    )


def test_it_is_too_early_while_a_count_is_below_a_hundred():
    told = found(buyers=sample(6, 7), visits=sample(1000, 1000, wave=0)).said
    assert told == (
        Verdict.TOO_EARLY,
        "Too early to say: buyers is 96 in A, and 100 are needed.",
    )
    assert found(asked("m"), m=sample(6, 7)).said.verdict == Verdict.TOO_EARLY
    money = found(asked("m", "usd"), m=sample(6, 7, counts=False))
    assert money.said.verdict == Verdict.B_HIGHER


def test_what_nobody_ever_did_is_no_hindrance():
    nothing = sample(0, 0, wave=0)
    told = found(asked("sold - returned"), sold=sample(35, 39), returned=nothing).said
    assert told.verdict == Verdict.B_HIGHER


def test_what_is_divided_by_nothing_is_not_computable():
    one = found(buyers=sample(35, 39), visits=sample(0, 0, wave=0))
    assert one.said.verdict == Verdict.NOT_COMPUTABLE
    assert "in A something is divided by nothing" in one.said.sentence
    assert one.outcome[2:] == (None,) * 5


def test_what_is_divided_by_nothing_without_one_part_has_no_interval():
    sold = sample(35, 39)
    back = with_part(sold, 0, 0, 27)  # without it, as much came back as was sold
    one = found(asked("100 * sold / (sold - back)"), sold=sold, back=back)
    assert one.said.verdict == Verdict.NOT_COMPUTABLE
    assert one.outcome.difference is None
    assert one.outcome.p_value is None


def test_what_does_not_vary_tells_nothing_of_chance():
    one = found(buyers=sample(35, 39, wave=0), visits=sample(1000, 1000, wave=0))
    assert one.said.verdict == Verdict.NOT_COMPUTABLE
    assert "all parts of the users are alike" in one.said.sentence


def test_a_mismatch_of_the_groups_forbids_every_verdict():
    ratio = trials.ratio(sample(500, 600), shares=EVEN)
    one = found(ratio=ratio, buyers=sample(35, 39), visits=sample(1000, 1000, wave=0))
    assert one.said.verdict == Verdict.MISMATCH
    assert one.said.sentence.startswith(
        "Do not trust this: 8,000 users were first seen in A and 9,600 in B, where "
        "8,800 and 8,800 were to be expected."
    )


def test_groups_as_their_shares_say_are_no_mismatch():
    ratio = trials.ratio(sample(500, 1000), shares=(20, 40))
    assert tuple(ratio) == ((8000, 16000), (8000, 16000), 1, None)
    assert ratio.mismatch is None


def test_too_few_users_are_not_checked():
    ratio = trials.ratio(sample(0.5, 0, wave=0), shares=EVEN)
    assert ratio.p_value is None
    assert ratio.reason == "at least 5 users must be expected in each group"
    assert ratio.mismatch is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (3.456, "3.46"), (99.96, "100"), (999.6, "1,000"), (12345.6, "12,346")],
)
def test_numbers_have_three_digits(value, text):
    assert verdicts.number(value) == text
