"""The dates and hours of the pages are those that the API cuts at, in every zone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.api.test_spans_in_zones import CHANGES
from timegrid import buckets
from timegrid.buckets import Granularity, Span

pytestmark = pytest.mark.django_db(transaction=True)
# Beside those: clocks that skip midnight, or show the hour before it twice.
MIDNIGHTS = [
    *(("America/Santiago", date(2026, 4, 5)), ("America/Santiago", date(2026, 9, 6))),
    *(("Africa/Cairo", date(2026, 4, 24)), ("Africa/Cairo", date(2026, 10, 30))),
    *(("Asia/Beirut", date(2026, 3, 29)), ("Asia/Beirut", date(2026, 10, 25))),
    *(("Asia/Kolkata", date(2026, 3, 29)), ("UTC", date(2026, 3, 29))),
    *(
        ("Pacific/Kiritimati", date(2026, 3, 1)),
        ("Pacific/Pago_Pago", date(2024, 3, 1)),
    ),
]
DAYS = [
    (zone, day + timedelta(days=days))
    for zone, day in CHANGES + MIDNIGHTS
    for days in range(-2, 3)
]
IN_PAGE = """async ([file, name, calls]) => {
    const module = await import(`/static/base/${file}.js`);
    return calls.map((values) => module[name](...values));
}"""


def midnight(day, zone):
    """The start of the API's cell of a day, in seconds."""
    start_at = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    seconds = int(start_at.astimezone(UTC).timestamp())
    return seconds - seconds % buckets.FIVE_MINUTES


def edges(at, zone, granularity):
    """The edges of the API's cell that holds a time, in seconds."""
    span = Span(buckets.moment(at), buckets.moment(at + 1))
    cell_edges = buckets.cut(span, granularity=granularity, zone=ZoneInfo(zone))
    return tuple(int(edge.timestamp()) for edge in cell_edges[:2])


@pytest.fixture
def script(page):
    page.goto("/admin/login/")
    return lambda file, name, calls: page.evaluate(IN_PAGE, [file, name, calls])


def test_a_date_begins_where_the_api_begins_it(script):
    calls = [[str(day), zone] for zone, day in DAYS]
    expected = [midnight(day, zone) for zone, day in DAYS]
    assert script("calendar", "startOfDate", calls) == expected


def test_hours_and_the_ends_of_cells_are_those_of_the_api(script):
    times = [
        (zone, midnight(day, zone) + minutes * 60)
        for zone, day in DAYS
        if day != date(2011, 12, 30)  # of no length in Apia: there are no times in it
        for minutes in (5, 95, 125, 155, 165, 600)
    ]
    hours = [edges(at, zone, Granularity.HOUR) for zone, at in times]
    starts = script("calendar", "startOfHour", [[at, zone] for zone, at in times])
    assert starts == [start for start, _ in hours]
    for granularity in Granularity:
        cells = {(edges(at, zone, granularity), zone) for zone, at in times}
        calls = [
            [start, {"granularity": granularity, "zone": zone}]
            for (start, _), zone in cells
        ]
        expected = [end for (_, end), _ in cells]
        assert script("periods", "endOfCell", calls) == expected
