"""What the e-mail of a scheduled report says: its file, and a summary of its KPIs."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from email.encoders import encode_base64
from email.mime.base import MIMEBase
from email.utils import parseaddr
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.http import urlencode

from analytics.models import Format, Report, ReportSchedule
from analytics.reports import figures, frequencies
from analytics.series import queries
from analytics.series import values as series
from analytics.series.queries import KPIState, Status
from timegrid import buckets
from timegrid.comparisons import Comparison
from timegrid.periods import Period

MOST_BYTES = 10_000_000  # attached; a mail server may refuse what is longer
TYPES = {
    Format.CSV: "text/csv",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.JSON: "application/json",
}
FAULTS = {
    Status.OK: "",
    Status.MISSING_DATA: "data is missing",
    Status.MISSING_CONFIG: "a metric is missing",
}
NO_EVENTS = "no events of this kind yet"
DOWNLOAD = "/tasks/private/analytics_report_export/{}/download/"
ATTACHED = "The attached file has the numbers of every {cell}{segments}."
TOO_LONG = "The file has {size:,} bytes, too many for an e-mail: {where}"


class Line(NamedTuple):
    """A KPI as the summary tells it; `fault` says why not to rely on it."""

    name: str
    value: str
    change: str
    before: str
    fault: str


def message(report: Report, *, at: datetime) -> EmailMultiAlternatives:
    """Returns the e-mail of a completed report of a schedule, in seven queries.

    One message for all recipients, who do not see one another (Bcc): a mail server
    takes it as a whole or not at all, so no attempt leaves some of them out. Its
    Message-ID is the report's, by which many mailboxes keep one of two equal e-mails.
    """
    schedule = scheduled(report)
    context = summary(schedule, payload=report.payload, now=at)
    context["notice"] = notice(report, schedule)
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    mail = EmailMultiAlternatives(
        subject=context["subject"],
        body=render_to_string("analytics/report_mail.txt", context),
        bcc=schedule.recipients,
        headers={
            "To": "undisclosed-recipients:;",
            "Message-ID": f"<{report.pk}@{domain}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    mail.attach_alternative(html(context), "text/html")
    if report.size <= MOST_BYTES:
        mail.attach(attachment(report))
    return mail


def scheduled(report: Report) -> ReportSchedule:
    """Returns the schedule of a report. Raises ValueError where it has none."""
    if report.schedule is None:
        raise ValueError(f"report {report} has no schedule")
    return report.schedule


def html(context: Mapping[str, Any]) -> str:
    """Returns the summary as a page that mail clients show."""
    return render_to_string("analytics/report_mail.html", dict(context))


def summary(
    schedule: ReportSchedule, *, payload: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """Returns what the templates tell, as of now: six queries, KPIs in their order.

    `payload` is what a report of the schedule asks for.
    """
    zone = ZoneInfo(payload["timezone"])
    period = whole_period(schedule, payload=payload, zone=zone)
    start_at = buckets.moment(payload["start_timestamp"])
    label = frequencies.label(schedule.frequency, zone=zone, start_at=start_at)
    lines, notes = kpi_lines(
        schedule.namespace_id, payload.get("kpis", []), period, now
    )
    name = one_line(schedule.name)
    return {
        "subject": f"{name}: {label}",
        "name": name,
        "label": label,
        "namespace": schedule.namespace.name,
        "zone": zone.key,
        "as_of": f"{now.astimezone(zone):%Y-%m-%d %H:%M}",
        "lines": lines,
        "notes": notes,
        "dashboard": dashboard(schedule.namespace.name, period),
    }


def whole_period(
    schedule: ReportSchedule, *, payload: Mapping[str, Any], zone: ZoneInfo
) -> Period:
    """Returns the period of a report as one cell, compared with the one before."""
    return Period(
        buckets.moment(payload["start_timestamp"]),
        buckets.moment(payload["end_timestamp"]),
        frequencies.PERIODS[schedule.frequency],
        zone,
        Comparison.PERIOD,
    )


def kpi_lines(
    namespace_id: int, names: list[str], period: Period, now: datetime
) -> tuple[list[Line], list[str]]:
    """Returns the KPIs beside the period before, and what is to be said of names."""
    kpis, notes = queries.catalogue(names)
    state = queries.data_state(namespace_id=namespace_id, kpis=kpis, now=now)
    table = series.kpi_values(
        namespace_id=namespace_id, names=names, period=period, now=now
    )
    numbers = {column.name: column.aggregate for column in table.columns}
    columns = table.previous.columns if table.previous else []
    before = {column.name: column.aggregate for column in columns}
    lines = [
        Line(
            name=kpi.display_name,
            value=figures.value(numbers.get(kpi.name), unit=kpi.unit),
            change=figures.change(
                numbers.get(kpi.name), before.get(kpi.name), unit=kpi.unit
            ),
            before=figures.value(before.get(kpi.name), unit=kpi.unit),
            fault=fault(state.kpis[kpi.name]),
        )
        for kpi in kpis
    ]
    return lines, notes


def fault(state: KPIState) -> str:
    """Returns what is to be known before a KPI's numbers are relied on."""
    if state.metrics_gone:
        return f"{FAULTS[state.status]}: {', '.join(state.metrics_gone)}"
    if state.fault:
        return "its formula cannot be read"
    return FAULTS[state.status] or (NO_EVENTS if state.metrics_without_data else "")


def dashboard(namespace: str, period: Period) -> str:
    """Returns the address of the dashboard with the period, where one is known."""
    if not settings.PUBLIC_URL or period.start is None or period.end is None:
        return ""
    last_at = period.end - timedelta.resolution
    chosen = {
        "namespace": namespace,
        "period": "custom",
        "from": period.start.astimezone(period.zone).date().isoformat(),
        "to": last_at.astimezone(period.zone).date().isoformat(),
        "timezone": period.zone.key,
    }
    return f"{settings.PUBLIC_URL}/?{urlencode(chosen)}"


def notice(report: Report, schedule: ReportSchedule) -> str:
    """Returns where the file is: attached or, too long for an e-mail, elsewhere."""
    if report.size > MOST_BYTES:
        path = DOWNLOAD.format(report.pk)
        where = settings.PUBLIC_URL + path if settings.PUBLIC_URL else f"GET {path}"
        return TOO_LONG.format(size=report.size, where=where)
    cell = "hour" if schedule.frequency == "daily" else "day"
    of = f", by segment of {schedule.segmentation}" if schedule.segmentation else ""
    return ATTACHED.format(cell=cell, segments=of)


def attachment(report: Report) -> MIMEBase:
    """Returns the file, byte for byte. Raises OSError where it is gone."""
    attached = MIMEBase(*TYPES[Format(report.payload["format"])].split("/"))
    with report.file.open("rb") as file:
        attached.set_payload(file.read())
    encode_base64(attached)
    name = one_line(report.file_name)
    attached.add_header(
        "Content-Disposition",
        "attachment",
        filename=name if name.isascii() else ("utf-8", "", name),
    )
    return attached


def one_line(text: str) -> str:
    """Returns text without breaks of lines: a header is one."""
    return " ".join(text.split())
