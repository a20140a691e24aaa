"""From the end of a day to the inbox: due, made, mailed; by ticks that know nothing."""

import csv
from io import StringIO

import pytest

from analytics.models import Kind, Report
from analytics.reports import exports, mailing, queue, schedules
from tests.analytics.builders import DAY, HOUR, NOON, fill, kpi, metric
from tests.analytics.reports.scheduling import schedule

pytestmark = pytest.mark.django_db(transaction=True)


def work(at):
    """One round of the three ticks."""
    schedules.make_due(at=at)
    while report := queue.claim(at=at):
        exports.make(report, clock=lambda: at)
    while mailing.send_next(at=at):
        pass


def test_a_day_that_ended_is_in_the_inbox_once(shop, mailoutbox):
    metric("revenue", Kind.SUM, "buy", unit="usd")
    revenue = kpi("revenue", "revenue", unit="usd")
    fill(shop.pk, "revenue", {NOON - DAY: "10.5", NOON - DAY + 3 * HOUR: "2.25"})
    schedule(shop.pk, timezone="Asia/Kolkata").kpis.set([revenue])
    for _ in range(3):
        work(NOON)
    [mail] = mailoutbox
    assert "Revenue: $12.75" in mail.body
    [file] = mail.attachments
    rows = list(csv.reader(StringIO(file.get_payload(decode=True).decode("utf-8-sig"))))
    assert rows[0] == ["start", "revenue"]
    assert [row[0] for row in rows[1:25:23]] == [
        "2026-03-03T00:00:00+05:30",
        "2026-03-03T23:00:00+05:30",
    ]
    assert rows[25][:2] == ["total", "12.75"]
    assert Report.objects.get().mail.mailed_at == NOON
