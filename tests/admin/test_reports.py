"""Staff follow reports, download their files, cancel them and ask for them again."""

import pytest

from accounts.models import Namespace
from analytics.models import Report, Status
from analytics.reports import queue

pytestmark = pytest.mark.django_db
LIST = "/admin/analytics/report/"
URL = "/tasks/private/analytics_report_export/"


@pytest.fixture
def report(db, t0):
    shop = Namespace.objects.create(name="shop")
    payload = {"format": "csv", "timezone": "UTC", "kpis": ["aov"]}
    return queue.request(namespace_id=shop.pk, payload=payload, user=None, at=t0)


def become(report, status, **fields):
    Report.objects.filter(pk=report.pk).update(status=status, **fields)


def act(client, action, *found):
    form = {"action": action, "_selected_action": [one.pk for one in found]}
    response = client.post(LIST, form, follow=True)
    return [str(message) for message in response.context["messages"]]


def test_the_list_tells_how_far_a_report_is(staff, report):
    become(report, Status.RUNNING, progress=37)
    page = staff.get(LIST).text
    assert "37 %" in page
    assert ">shop<" in page
    assert "download/" not in page


def test_a_completed_report_leads_to_its_file(staff, report, t0):
    fields = {"file": "reports/a.csv", "file_name": "report.csv", "size": 2048}
    become(report, Status.COMPLETED, finished_at=t0, **fields)
    for page in (LIST, f"{LIST}{report.pk}/change/"):
        told = staff.get(page).text
        assert f'<a href="{URL}{report.pk}/download/">report.csv</a>' in told
        assert "reports/a.csv" not in told  # where the storage has it


def test_a_report_shows_what_was_asked_for_and_what_went_wrong(staff, report, t0):
    become(report, Status.FAILED, finished_at=t0, message="disk full")
    page = staff.get(f"{LIST}{report.pk}/change/").text
    assert "disk full" in page
    assert "aov" in page


def test_reports_can_be_cancelled(staff, report, t0):
    assert act(staff, "cancel", report)[0].startswith("1 reports cancelled")
    report.refresh_from_db()
    assert report.status == Status.CANCELLED
    assert act(staff, "cancel", report)[0].startswith("0 reports cancelled")


def test_a_report_can_be_asked_for_again(staff, report, t0):
    become(report, Status.FAILED, finished_at=t0)
    assert act(staff, "request_again", report) == ["1 reports requested."]
    one = Report.objects.exclude(pk=report.pk).get()
    assert (one.status, one.payload) == (Status.REQUEST_SENT, report.payload)
    assert str(one.requested_by) == "staff"
    told = act(staff, "request_again", one)
    assert told == ["1 reports are being made already."]


@pytest.mark.parametrize("action", ["cancel", "request_again"])
def test_a_manager_acts_on_the_reports_of_the_own_namespace_alone(
    manager_of, visitor, report, action
):
    act(visitor, action, report)
    report.refresh_from_db()
    assert report.status == Status.REQUEST_SENT
    assert Report.objects.count() == 1
    act(manager_of(report.namespace), action, report)
    report.refresh_from_db()
    assert (report.status == Status.CANCELLED) == (action == "cancel")
