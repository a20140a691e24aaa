"""A day, a week and a month have ended when the local clock says so."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.reports import frequencies
from timegrid.buckets import Span

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
HOUR = timedelta(hours=1)
ZONES = [
    *("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "America/Havana"),
    *("Pacific/Apia", "Australia/Lord_Howe", "Africa/Cairo"),
]
moments = st.datetimes(
    datetime(2009, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)
)


def utc(year, month, day, hour=0):
    return datetime(year, month, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("frequency", "start_at", "end_at"),
    [
        ("daily", utc(2026, 3, 3), utc(2026, 3, 4)),
        ("weekly", utc(2026, 2, 23), utc(2026, 3, 2)),
        ("monthly", utc(2026, 2, 1), utc(2026, 3, 1)),
    ],
)
def test_the_last_period_is_whole(t0, frequency, start_at, end_at):
    found = frequencies.last(frequency, zone=ZoneInfo("UTC"), at=t0)
    assert found == Span(start_at, end_at)


def test_a_period_has_ended_at_its_end_and_not_a_moment_before():
    end_at, zone = utc(2026, 3, 2), ZoneInfo("UTC")
    before = end_at - timedelta.resolution
    assert frequencies.last("weekly", zone=zone, at=end_at).end_at == end_at
    found = frequencies.last("weekly", zone=zone, at=before)
    assert found.end_at == end_at - timedelta(weeks=1)


@pytest.mark.parametrize(
    ("at", "hours"), [(utc(2026, 3, 30), 23), (utc(2026, 10, 26), 25)]
)
def test_the_day_on_which_clocks_change_is_longer_or_shorter(at, hours):
    day = frequencies.last("daily", zone=BERLIN, at=at)
    assert day.end_at - day.start_at == hours * HOUR
    week = frequencies.last("weekly", zone=BERLIN, at=at)
    assert week.end_at - week.start_at == (6 * 24 + hours) * HOUR


def test_zones_end_their_months_at_their_own_midnight():
    at = utc(2026, 4, 1, 2)
    in_march = Span(utc(2026, 2, 28, 23), utc(2026, 3, 31, 22))
    in_february = Span(utc(2026, 2, 1, 5), utc(2026, 3, 1, 5))
    assert frequencies.last("monthly", zone=BERLIN, at=at) == in_march
    assert frequencies.last("monthly", zone=NEW_YORK, at=at) == in_february


@given(st.sampled_from(sorted(frequencies.PERIODS)), st.sampled_from(ZONES), moments)
def test_periods_adjoin_whatever_the_clock_does(frequency, name, at):
    zone = ZoneInfo(name)
    under_way = frequencies.current(frequency, zone=zone, at=at)
    last = frequencies.last(frequency, zone=zone, at=at)
    assert last.start_at < last.end_at == under_way.start_at <= at < under_way.end_at
    start = last.start_at.astimezone(zone)
    assert frequency != "weekly" or start.weekday() == 0
    assert frequency != "monthly" or start.day == 1
    again = frequencies.last(frequency, zone=zone, at=under_way.end_at)
    assert again == under_way


@pytest.mark.parametrize(
    ("frequency", "expected"),
    [
        ("daily", "1 March 2026"),
        ("weekly", "week of 1 March 2026"),
        ("monthly", "March 2026"),
    ],
)
def test_a_period_is_named_by_its_local_first_day(frequency, expected):
    start_at = utc(2026, 2, 28, 23)
    assert frequencies.label(frequency, zone=BERLIN, start_at=start_at) == expected
