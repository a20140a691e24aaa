"""Schedules, and their reports as a worker would have made them."""

from datetime import UTC, datetime, timedelta

from django.core.files.base import ContentFile

from analytics.models import Report, ReportSchedule, Status
from analytics.reports import schedules

MADE_AT = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def schedule(namespace_id, frequency="daily", **fields):
    """Returns a schedule that was made long ago, by the clock of UTC."""
    defaults = {
        "name": "Shop numbers",
        "recipients": ["ada@example.com", "bob@example.com"],
        "format": "csv",
        "created_at": MADE_AT,
    }
    return ReportSchedule.objects.create(
        namespace_id=namespace_id, frequency=frequency, **(defaults | fields)
    )


def made(at, content=b"start,revenue\r\n", **fields):
    """Returns the one report that is due then, completed at that time."""
    [report] = schedules.make_due(at=at)
    report.file.save("report.csv", ContentFile(content), save=False)
    report.file_name, report.size = "shop_2026-03-03.csv", len(content)
    report.status, report.finished_at, report.progress = Status.COMPLETED, at, 100
    for name, value in fields.items():
        setattr(report, name, value)
    report.save()
    return Report.objects.get(pk=report.pk)
