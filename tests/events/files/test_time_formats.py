"""Times of exports: read as one moment, or refused with the option that decides."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.files import time_formats
from events.files.time_formats import TimeError, TimeFormat

EVENING = datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("2024-02-29T23:59:59Z", "iso"),
        ("2024-02-29 18:59:59 -0500", "iso"),
        ("2024-02-29 18:59:59-05", "iso"),
        ("2024-02-29 23:59:59 UTC", "iso"),
        ("2024-03-01t00:59:59,000+01:00", "iso"),
        ("2024-02-29 23:59:59", "local"),
        ("1709251199", "epoch"),
        ("1709251199000", "epoch-ms"),
        ("1709251199000000", "epoch-us"),
        ("1709251199000000000", "epoch-ns"),
        ("45351.999988", "excel"),
        ("02/29/2024 11:59:59 PM", "%m/%d/%Y %I:%M:%S %p"),
        ("29/02/2024 23:59:59", "%d/%m/%Y %H:%M:%S"),
        ("29.02.2024 23:59:59", "%d.%m.%Y %H:%M:%S"),
        ("2024/02/29 23:59:59", "%Y/%m/%d %H:%M:%S"),
        ("Thu, 29 Feb 2024 23:59:59 GMT", "%a, %d %b %Y %H:%M:%S %z"),
        ("Thu, 29 Feb 2024 18:59:59 -0500", "%a, %d %b %Y %H:%M:%S %z"),
    ],
)
def test_what_can_be_read_in_one_way_is_recognised(text, name):
    written = time_formats.recognised([text])
    assert (written.name, written.read(f" {text} ")) == (name, EVENING)


def test_the_first_that_can_be_read_in_one_way_decides():
    days = ["03/04/2026 10:00", "04/04/2026 10:00", "04/13/2026 10:00", "nonsense"]
    assert time_formats.recognised(days).name == "%m/%d/%Y %H:%M"


def test_two_ways_to_read_all_are_refused_with_both():
    with pytest.raises(TimeError) as caught:
        time_formats.recognised(["03/04/2026 11:00 AM", "12/04/2026 11:00 AM"])
    assert str(caught.value) == (
        "a time that can be read in one way only (give --time-format "
        '"%d/%m/%Y %I:%M %p" or --time-format "%m/%d/%Y %I:%M %p")'
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("iso", "2024-02-29 23:59:59"),
        ("iso", "2024-02-29"),
        ("iso", "2024-02-30T00:00:00Z"),
        ("iso", "2024-02-29T24:00:00Z"),
        ("iso", "2024-W09-4T23:59:59.123Z"),
        ("local", "2024-02-29 23:59:59Z"),
        ("epoch", "1.709E9"),
        ("epoch", "-5"),
        ("epoch", "99999999999999999999"),
        ("epoch-ms", ""),
        ("excel", "29.02.2024"),
        ("%d/%m/%Y %H:%M", "02/29/2024 10:00"),
    ],
)
def test_what_a_format_does_not_say_is_refused_with_the_option(name, text):
    with pytest.raises(TimeError, match=r"\(see --time-format\)"):
        TimeFormat(name).read(text)


@pytest.mark.parametrize(
    ("text", "second"),
    [
        ("2016-12-31T23:59:60Z", "59.999999"),
        ("2017-01-01 05:29:60.5 +0530", "59.999999"),
        ("2016-12-31T23:59:59.999999999Z", "59.999999"),
    ],
)
def test_the_last_moment_of_a_year_stays_in_it(text, second):
    at = datetime.fromisoformat(f"2016-12-31T23:59:{second}Z")
    assert TimeFormat().read(text) == at


def test_a_leap_second_elsewhere_is_refused():
    with pytest.raises(TimeError):
        TimeFormat().read("2016-12-31T23:58:60Z")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-07-01 00:00", "2026-06-30T22:00:00Z"),
        ("2026-10-25 02:30", "2026-10-25T00:30:00Z"),  # the first of two
        ("2026-10-25 03:00", "2026-10-25T02:00:00Z"),
    ],
)
def test_a_time_without_an_offset_is_that_of_a_zone(text, at):
    assert TimeFormat("local", BERLIN).read(text) == datetime.fromisoformat(at)


def test_a_time_that_the_clocks_skip_is_refused():
    with pytest.raises(TimeError, match="clocks of Europe/Berlin do not skip"):
        TimeFormat("local", BERLIN).read("2026-03-29 02:30")


@pytest.mark.parametrize(
    ("serial", "at"),
    [
        ("46085", "2026-03-04 00:00:00"),
        ("46085.5", "2026-03-04 12:00:00"),
        ("45352.00347", "2024-03-01 00:05:00"),
        ("45352.00347222222", "2024-03-01 00:05:00"),
        ("45351.999999", "2024-02-29 23:59:59.913600"),
    ],
)
def test_a_serial_means_the_second_that_its_digits_say(serial, at):
    expected = datetime.fromisoformat(f"{at}+00:00")
    assert TimeFormat("excel").read(serial) == expected


@given(
    st.datetimes(datetime(1973, 1, 1), datetime(2199, 1, 1)),
    st.timezones(no_cache=False),
)
def test_a_local_time_is_read_as_it_was_written_or_refused(at, zone):
    at = at.replace(fold=0)
    try:
        moment = TimeFormat("local", zone).read(f"{at:%Y-%m-%d %H:%M:%S.%f}")
    except TimeError:
        return
    assert moment.astimezone(zone).replace(tzinfo=None, fold=0) == at


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("%d/%m/%Y %H:%M %Z", "expected %z"),
        ("%d/%m/%Y %I:%M", "expected %p beside %I"),
        ("%d/%m %H:%M", "or a pattern such as"),
        ("yyyy-mm-dd", "expected iso, local, epoch, epoch-ms"),
        ("%d/%m/%Y %Q", "or a pattern such as"),
    ],
)
def test_a_pattern_that_reads_no_whole_time_is_refused(pattern, problem):
    with pytest.raises(TimeError, match=problem):
        TimeFormat(pattern)
