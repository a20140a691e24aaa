"""Old reports go, and their files sooner where a namespace has too many bytes."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Q, QuerySet, Sum, Window

from analytics.models import Report
from analytics.reports import storing

NO_ROOM = "The file was deleted to make room for newer ones: ask for the report again."
logger = logging.getLogger(__name__)


def expire(*, at: datetime) -> int:
    """Deletes reports that ended REPORT_DAYS ago; returns how many.

    Their files go first, then those that a namespace has too many bytes of, and what
    killed workers left of files. All of it may be stopped anywhere and done again, and
    a file that the storage does not delete stops no other.
    """
    past = at - timedelta(days=settings.REPORT_DAYS)
    expired = Report.objects.filter(finished_at__lt=past)
    with_files = expired.exclude(file="").iterator()
    stuck = [report.pk for report in with_files if not discarded(report)]
    _, deleted = expired.exclude(pk__in=stuck).delete()
    for namespace_id in disposable().values_list("namespace", flat=True).distinct():
        make_room(namespace_id=namespace_id)
    named = Report.objects.exclude(file="").values_list("file", flat=True)
    storing.sweep(named=set(named), at=at)
    return deleted.get(Report._meta.label, 0)


def discarded(report: Report) -> bool:
    """Deletes a report's file; says, and logs, whether the storage refused."""
    try:
        storing.discard(report.file.name or "")
    except Exception:
        logger.exception("the file of report %s could not be deleted", report)
        return False
    return True


def disposable() -> QuerySet[Report]:
    """Returns the reports whose files may go: not those that are still to be mailed."""
    unmailed = Q(schedule__isnull=False, mail__mailed_at=None)
    return Report.objects.exclude(file="").exclude(unmailed).order_by()


def make_room(*, namespace_id: int) -> int:
    """Deletes a namespace's oldest files beyond REPORT_MEGABYTES; returns how many.

    The newest stays, however long it is, and so do all rows.
    """
    total = Window(Sum("size"), order_by=[F("finished_at").desc(), F("pk").desc()])
    rows = disposable().filter(namespace=namespace_id).annotate(total=total)
    limit = settings.REPORT_MEGABYTES * 1_000_000
    over = rows.filter(total__gt=limit).exclude(total=F("size"))
    discards = [report.pk for report in list(over) if discarded(report)]
    return Report.objects.filter(pk__in=discards).update(file="", message=NO_ROOM)
