"""Timestamps of queries and bodies: seconds since 1970, cut to the microsecond."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from rest_framework.exceptions import ValidationError

from api.spans import TimestampField

NEW_YEAR = datetime(2017, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "sent",
    [
        "1483228799.999999999",
        " 1483228799.9999999\n",
        "1.4832287999999999999e9",
        Decimal("1483228799.999999999"),
        1483228799.9999998,
    ],
)
def test_the_end_of_a_year_stays_in_it(sent):
    last = NEW_YEAR - timedelta(microseconds=1)
    assert TimestampField().run_validation(sent) == last


@pytest.mark.parametrize(
    "sent", ["1483228800", "1_483_228_800.0", 1483228800, 14832288e2]
)
def test_a_whole_second_is_itself(sent):
    assert TimestampField().run_validation(sent) == NEW_YEAR


@pytest.mark.parametrize("sent", ["nan", "inf", "1e999", "", "soon", "4e9", "9" * 2000])
def test_what_is_no_time_is_refused(sent):
    with pytest.raises(ValidationError):
        TimestampField().run_validation(sent)
