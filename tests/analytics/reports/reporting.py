"""What the tests of reports share: reports that are asked for, made and opened."""

import csv
import io
import json
from datetime import UTC, datetime

from openpyxl import load_workbook

from analytics.models import Report
from analytics.reports import exports, queue
from tests.analytics.builders import NOON

URL = "/tasks/private/analytics_report_export/"


def asked(shop, at=NOON, **payload):
    """Returns a report in the queue."""
    return queue.request(
        namespace_id=shop.pk,
        payload={"format": "csv", "timezone": "UTC", **payload},
        user=None,
        at=at,
    )


def claimed(at: datetime = NOON) -> Report:
    """Returns the report that a worker takes then: there must be one."""
    report = queue.claim(at=at)
    assert report
    return report


def work(at=NOON):
    """Claims a report and makes it; returns what has become of it."""
    report = claimed(at)
    exports.make(report, clock=lambda: at)
    return Report.objects.get(pk=report.pk)


def written(folder, shop, **payload):
    """Returns what would stand in a report's file, without queue and storage."""
    report = asked(shop, **payload)
    _, book = exports.read(report, at=NOON)
    path = folder / f"{report.pk}.{report.payload['format']}"
    exports.WRITERS[report.payload["format"]](path, book, tell=lambda numbers: None)
    report.delete()
    return path.read_bytes()


def content(report):
    with report.file.open("rb") as file:
        return file.read()


def table(raw):
    """Returns the rows of a CSV file, numbers as floats and gaps as None."""
    return [[cell(one) for one in row] for row in csv.reader(io.StringIO(raw.decode()))]


def cell(text):
    try:
        return float(text)
    except ValueError:
        return text or None


def workbook(raw):
    """Returns the cells of each sheet of an Excel file, by its title."""
    book = load_workbook(io.BytesIO(raw), read_only=True)
    try:
        return {page.title: [list(row) for row in page.values] for page in book}
    finally:
        book.close()


def document(raw):
    return json.loads(raw)


def seconds(year, month, day):
    return datetime(year, month, day, tzinfo=UTC).timestamp()
