"""Times as they are sent: every form of RFC 3339, cut to the microsecond."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from timegrid import times

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
LAST = "2016-12-31T23:59:59.999999+00:00"
BULK = msgspec.json.Decoder(Annotated[datetime, msgspec.Meta(tz=True)])


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-04T12:00:00Z",
        "2026-03-04t12:00:00z",
        "2026-03-04 12:00:00Z",
        "2026-03-04T12:00:00-00:00",
        "2026-03-04T12:00:00.0Z",
        "2026-03-04T12:00:00.0000009Z",
        f"2026-03-04T12:00:00.{'0' * 5000}9z",
        "2026-03-04T17:30:00+05:30",
        "2026-03-04T17:30:00+0530",
        "2026-03-03T12:01:00-23:59",
    ],
)
def test_every_form_of_rfc_3339_is_read(text):
    assert times.moment(text) == NOON


@pytest.mark.parametrize(
    "text",
    [
        "2016-12-31T23:59:59.999999999Z",
        "2016-12-31T23:59:59.9999995Z",
        "2016-12-31T23:59:60Z",
        "2016-12-31T23:59:60.123456789z",
        "2016-12-31T15:59:60-08:00",
        "2017-01-01T05:29:60+05:30",
    ],
)
def test_the_last_of_a_year_stays_in_it(text):
    assert times.moment(text) == datetime.fromisoformat(LAST)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-03-04",
        "2026-03-04T12:00:00",
        "2026-03-04T12:00Z",
        "2026-03-04T12:00:00.Z",
        "2026-03-04T12:00:00,5Z",
        "2026-03-04T24:00:00Z",
        "2026-03-04T12:00:61Z",
        "2026-03-04T12:00:60Z",
        "2016-12-31T23:59:60-08:00",
        "2026-02-30T12:00:00Z",
        "0000-01-01T00:00:00Z",
        "2026-03-04T12:00:00+24:00",
        "2026-03-04T12:00:00+00:60",
        "2026-03-04T12:00:00+00",
        "2026-03-04_12:00:00Z",
        "20260304T120000Z",
        "2026-W10-3T12:00:00Z",
        " 2026-03-04T12:00:00Z",
        "2026-03-04T12:00:00Z\n",
        "٢٠٢٦-03-04T12:00:00Z",
        "2026-03-04T12:00:00 Europe/Paris",
    ],
)
def test_what_is_no_time_with_an_offset_is_none(text):
    with pytest.raises(ValueError):  # noqa: PT011 (Python says why, or we do)
        times.moment(text)


texts = st.from_regex(
    r"20[0-9]{2}-(0[1-9]|1[0-2])-[0-3][0-9][Tt ]2[0-4]:[0-6][0-9]:[0-6][0-9]"
    r"(\.[0-9]{1,9})?([Zz]|[+-]2[0-4]:?[0-6][0-9])",
    fullmatch=True,
)


@given(texts)
def test_many_at_once_are_read_as_each_alone_or_seen_not_to_be_plain(text):
    """What is read at once is right; what is refused may be a leap second."""
    raw = msgspec.json.encode(text)
    try:
        bulk = BULK.decode(raw)
    except msgspec.ValidationError:
        return
    assert bulk == times.moment(text) or not times.is_plain(raw)


@pytest.mark.parametrize("digit", ["9", "\\u0039"])
def test_a_long_fraction_is_seen_however_it_is_written(digit):
    assert not times.is_plain(f'"2026-03-04T12:00:00.{digit * 7}Z"'.encode())


@pytest.mark.parametrize("raw", [b'"19.9900000001"', b'{"value":19.990000000002}'])
def test_a_long_fraction_of_a_number_is_plain(raw):
    assert times.is_plain(raw)


@pytest.mark.parametrize(
    ("seconds", "after"),
    [
        (Decimal("1483228799.9999999999999999999999999999"), -1),
        (1483228799.9999998, -1),
        (1483228800, 0),
        (1483228800.000001, 1),
        (Decimal("1483228800.0000019"), 1),
        (Decimal("1483228800") - Decimal("1e-999"), 0),
    ],
)
def test_seconds_are_cut_and_a_float_is_what_it_is_written(seconds, after):
    new_year = datetime(2017, 1, 1, tzinfo=UTC)
    assert times.from_seconds(seconds) == new_year + timedelta(microseconds=after)


@given(st.integers(-4 * 10**15, 4 * 10**15))
def test_a_microsecond_is_told_as_a_float_and_read_again(microseconds):
    at = times.EPOCH + timedelta(microseconds=microseconds)
    assert abs(times.from_seconds(at.timestamp()) - at) <= timedelta(microseconds=1)
