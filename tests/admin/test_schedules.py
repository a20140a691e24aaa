"""Staff edit schedules of reports, look at their e-mails, and send one again."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Namespace
from analytics.models import KPI, Kind, Report, ReportMail, ReportSchedule, Status
from analytics.reports import schedules
from segmentation.models import Segmentation
from tests.analytics.builders import fill, kpi, metric
from tests.analytics.reports.scheduling import schedule

pytestmark = pytest.mark.django_db
LIST = "/admin/analytics/reportschedule/"
DAY = timedelta(days=1)


@pytest.fixture
def form(shop):
    return {
        "namespace": shop.pk,
        "name": "Shop numbers",
        "frequency": "weekly",
        "timezone": "Europe/Berlin",
        "recipients": " ada@example.com\r\n\r\nbob@example.com\r\nada@example.com",
        "format": "xlsx",
        "active": "on",
    }


def add(staff, form, **changes):
    return staff.post(f"{LIST}add/", form | changes)


def errors(staff, form, **changes):
    """Returns the fields that are marked, with what is said of them."""
    response = add(staff, form, **changes)
    assert not ReportSchedule.objects.exists()
    return response.context["adminform"].form.errors


def column(staff, name):
    found = staff.get(LIST).context["cl"]
    return [getattr(found.model_admin, name)(one) for one in found.result_list]


def send(staff, *chosen, **confirmed):
    form = {"action": "send_last", "_selected_action": [one.pk for one in chosen]}
    return staff.post(LIST, form | confirmed, follow=True)


def test_a_schedule_is_made_of_a_form_with_an_address_a_line(staff, form, shop):
    revenue = KPI.objects.create(name="revenue", formula="1")
    assert add(staff, form, kpis=[revenue.pk]).status_code == 302
    one = ReportSchedule.objects.get()
    assert one.recipients == ["ada@example.com", "bob@example.com"]
    assert (one.namespace, list(one.kpis.all())) == (shop, [revenue])
    assert datetime.now(UTC) - one.created_at < timedelta(hours=1)


def test_its_addresses_are_shown_as_they_were_written(staff, shop):
    one = schedule(shop.pk)
    page = staff.get(f"{LIST}{one.pk}/change/").text
    assert "ada@example.com\nbob@example.com</textarea>" in page


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"recipients": "ada@example.com\nbob\n@c"}, "recipients", ": bob"),
        ({"recipients": "a@b.example, c@d.example"}, "recipients", ": a@b.example, c"),
        ({"recipients": "ada@example.com\x0bBcc: eve"}, "recipients", "Bcc: eve"),
        ({"recipients": " \n \n"}, "recipients", "required"),
        (
            {"recipients": "\n".join(f"a{n}@example.com" for n in range(51))},
            "recipients",
            "at most 50",
        ),
        ({"timezone": "Mars/Olympus"}, "timezone", "time zone"),
        ({"name": "Numbers\u2028Bcc: eve@example.com"}, "name", "one line"),
        ({"frequency": "hourly"}, "frequency", "valid choice"),
        ({"format": "pdf"}, "format", "valid choice"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(staff, form, changes, field, message):
    found = errors(staff, form, **changes)
    assert list(found) == [field]
    assert message in str(found[field])


def test_every_wrong_address_is_named(staff, form):
    found = errors(staff, form, recipients="ada\nbob@example.com\ncy<b>")
    assert found["recipients"] == [
        "This is no e-mail address: ada",
        "This is no e-mail address: cy<b>",
    ]


def test_a_segmentation_is_one_of_the_namespace(staff, form, shop):
    other = Namespace.objects.create(name="other")
    there = {"tree": {}, "created_at": datetime.now(UTC)}
    foreign = Segmentation.objects.create(namespace=other, name="ours", **there)
    assert "another namespace" in str(errors(staff, form, segmentation=foreign.pk))
    own = Segmentation.objects.create(namespace=shop, name="ours", **there)
    page = staff.get(f"{LIST}add/").text
    assert "other: ours" in page
    assert "shop: ours" in page
    add(staff, form, segmentation=own.pk)
    assert ReportSchedule.objects.get().segmentation == own


def test_namespace_and_frequency_stay(staff, form, shop):
    one = schedule(shop.pk)
    other = Namespace.objects.create(name="other")
    changes = {"namespace": other.pk, "frequency": "monthly", "timezone": "Asia/Tokyo"}
    assert staff.post(f"{LIST}{one.pk}/change/", form | changes).status_code == 302
    one.refresh_from_db()
    assert (one.namespace, one.frequency) == (shop, "daily")
    assert (one.timezone, one.created_at.year) == ("Asia/Tokyo", 2026)


def test_the_list_tells_when_the_next_report_is_due(staff, shop, time_machine):
    time_machine.move_to(datetime(2026, 3, 4, 12, tzinfo=UTC), tick=False)
    schedule(shop.pk, name="a", timezone="Europe/Berlin")
    schedule(shop.pk, "weekly", name="b")
    schedule(shop.pk, "monthly", name="c", active=False)
    assert column(staff, "next") == [
        "2026-03-05 00:10 CET",
        "2026-03-09 00:10 UTC",
        "-",
    ]


DONE = {"status": Status.COMPLETED, "finished_at": datetime(2026, 3, 4, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "waiting"),
        ({"status": Status.RUNNING}, "running"),
        (DONE | {"status": Status.CANCELLED}, "cancelled"),
        (DONE | {"status": Status.FAILED, "message": "Too long"}, "Too long"),
        (DONE, "to be mailed"),
    ],
)
def test_the_list_tells_how_far_the_last_report_is(staff, shop, t0, fields, expected):
    schedule(shop.pk, timezone="Asia/Tokyo")
    for at in (t0 - DAY, t0):
        schedules.make_due(at=at)
    newest = Report.objects.latest("period_start_at")
    Report.objects.filter(pk=newest.pk).update(**fields)
    assert column(staff, "last") == [f"2026-03-03: {expected}"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"message": "Not mailed, …"}, "Not mailed, …"),
        ({"mailed_at": DONE["finished_at"]}, "mailed 2026-03-04 00:00 UTC"),
    ],
)
def test_and_how_far_its_mail_is(staff, shop, t0, fields, expected):
    schedule(shop.pk, timezone="Asia/Tokyo")
    schedules.make_due(at=t0)
    Report.objects.update(**DONE)
    ReportMail.objects.update(attempts=1, **fields)
    assert column(staff, "last") == [f"2026-03-03: {expected}"]


def test_a_schedule_without_report_has_a_dash(staff, shop):
    schedule(shop.pk)
    assert column(staff, "last") == ["-"]


def test_sending_again_asks_first_and_names_the_recipients(staff, shop):
    one = schedule(shop.pk, name="<b>Numbers")
    page = send(staff, one).text
    assert "&lt;b&gt;Numbers (shop, daily):" in page
    assert "ada@example.com, bob@example.com" in page
    assert not Report.objects.exists()


def test_once_confirmed_the_last_period_is_made_to_be_mailed(staff, shop):
    one, two = schedule(shop.pk, name="one"), schedule(shop.pk, name="two")
    schedules.make_due(at=datetime.now(UTC))
    Report.objects.update(status=Status.COMPLETED, finished_at=datetime.now(UTC))
    response = send(staff, one, two, confirmed="Send now")
    messages = [str(message) for message in response.context["messages"]]
    assert [message.partition(":")[0] for message in messages] == ["one", "two"]
    waiting = Report.objects.filter(status=Status.REQUEST_SENT).order_by("schedule")
    assert [report.schedule for report in waiting] == [one, two]
    assert set(waiting.values_list("requested_by__username", flat=True)) == {"staff"}
    history = staff.get(f"{LIST}{one.pk}/history/").text
    assert "Sent the last report again." in history


def test_a_manager_sends_the_reports_of_the_own_namespace_alone(
    manager_of, visitor, shop
):
    one = schedule(shop.pk)
    send(visitor, one, confirmed="Send now")
    assert not Report.objects.exists()
    send(manager_of(shop), one, confirmed="Send now")
    assert Report.objects.get().schedule == one


def test_the_preview_shows_the_last_period_as_its_e_mail_would(
    staff, shop, t0, time_machine
):
    time_machine.move_to(t0, tick=False)
    metric("revenue", Kind.SUM, "buy", unit="usd")
    kpi("revenue", "revenue", unit="usd", display_name="<i>Revenue")
    fill(shop.pk, "revenue", {t0: 7, t0 - DAY: 6, t0 - 2 * DAY: 5})
    one = schedule(shop.pk)
    response = staff.get(f"{LIST}{one.pk}/preview/")
    told = ["&lt;i&gt;Revenue", "$6.00", "from $5.00", "3 March 2026"]
    assert [text for text in told if text not in response.text] == []
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline';")
    assert f"{LIST}{one.pk}/preview/" in staff.get(f"{LIST}{one.pk}/change/").text


def test_the_preview_is_for_those_who_may_see_the_schedule(
    manager_of, visitor, client, shop
):
    path = f"{LIST}{schedule(shop.pk).pk}/preview/"
    assert manager_of(shop).get(path).status_code == 200
    assert visitor.get(path).status_code == 404
    assert client.get(path).status_code == 302


def test_a_schedule_that_is_not_there_has_no_preview(staff):
    assert staff.get(f"{LIST}7/preview/").status_code == 404


def test_a_preview_costs_the_same_with_many_kpis(
    staff, shop, django_assert_max_num_queries
):
    one = schedule(shop.pk)
    metric("revenue", Kind.SUM, "buy", unit="usd")
    for number in range(12):
        kpi(f"kpi_{number}", "revenue", unit="usd")
    with django_assert_max_num_queries(11):
        staff.get(f"{LIST}{one.pk}/preview/")
