"""The e-mail of a report: who gets it, what it says, what it cannot be made to do."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import pytest

from analytics.models import KPI, Kind, Report
from analytics.reports import mailing, mails, serializers
from analytics.reports.figures import GAP
from tests.analytics.builders import NOON, fill, kpi, metric
from tests.analytics.reports.scheduling import made, schedule

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
YESTERDAY = NOON - DAY
AGAINST = "Changes are against the period before."
EVIL = "<script>alert(1)</script> & co"


@pytest.fixture
def _numbers(shop):
    """Yesterday 1,100.5 and 50 orders, the day before 1,000 and 40."""
    metric("revenue", Kind.SUM, "buy", unit="usd")
    metric("orders", Kind.ORDERS, "buy")
    kpi("revenue", "revenue", unit="usd", display_name="Revenue", position=1)
    kpi("count_orders", "orders", display_name="Orders", position=2)
    kpi("aov", "revenue / orders", unit="usd", display_name="Order value", position=3)
    fill(shop.pk, "revenue", {YESTERDAY: "1100.5", YESTERDAY - DAY: 1000})
    fill(shop.pk, "orders", {YESTERDAY: 50, YESTERDAY - DAY: 40, NOON: 7})


def sent(mailbox):
    """Mails what waits; returns the one e-mail as its recipients' servers get it."""
    mailing.send_next(at=NOON)
    [mail] = mailbox
    return message_from_bytes(mail.message().as_bytes(), policy=policy.default)


def page(mail):
    return mail.get_body(("html",)).get_content()


def text(mail):
    return mail.get_body(("plain",)).get_content()


@pytest.mark.usefixtures("_numbers")
def test_it_tells_every_kpi_with_its_unit_and_change(shop, mailoutbox):
    schedule(shop.pk)
    made(NOON)
    told = text(sent(mailoutbox))
    assert told.splitlines() == [
        "Shop numbers",
        "3 March 2026, shop",
        "",
        "Revenue: $1,100.50  ▲ 10.1% from $1,000.00",
        "Orders: 50  ▲ 25.0% from 40",
        "Order value: $22.01  ▼ 12.0% from $25.00",
        "",
        "The attached file has the numbers of every hour.",
        "",
        f"{AGAINST} By the clock of UTC, as of 2026-03-04 12:00.",
    ]


@pytest.mark.usefixtures("_numbers")
def test_the_page_tells_the_same_in_the_same_order(shop, mailoutbox):
    schedule(shop.pk)
    made(NOON)
    html = page(sent(mailoutbox))
    parts = ["Revenue", "$1,100.50", "▲ 10.1%", "from $1,000.00", "Orders", ">50<"]
    places = [html.index(part, html.index("<tbody>")) for part in parts]
    assert places == sorted(places)


@pytest.mark.usefixtures("_numbers")
def test_only_the_kpis_of_the_schedule_are_told(shop, mailoutbox):
    schedule(shop.pk).kpis.set(KPI.objects.filter(name__in=["aov", "count_orders"]))
    KPI.objects.filter(name="count_orders").update(active=False)
    made(NOON)
    told = text(sent(mailoutbox))
    assert "Order value: $22.01" in told
    assert "unknown KPI: count_orders" in told
    assert "Orders:" not in told
    assert "Revenue:" not in told


def test_a_month_is_compared_with_the_month_before(shop, mailoutbox):
    """28 days of February with all 31 of January, not with as many days."""
    metric("views", Kind.COUNT, "view")
    kpi("views", "views")
    days = [datetime(2026, 1, 1, tzinfo=UTC) + n * DAY for n in range(59)]
    fill(shop.pk, "views", dict.fromkeys(days, 1))
    schedule(shop.pk, "monthly")
    made(NOON)
    mail = sent(mailoutbox)
    assert mail["Subject"] == "Shop numbers: February 2026"
    assert "Views: 28  ▼ 9.7% from 31" in text(mail)


@pytest.mark.usefixtures("_numbers")
def test_numbers_that_cannot_be_relied_on_say_so(shop, mailoutbox):
    for position, name in enumerate(["late", "new"], start=4):
        metric(name, Kind.COUNT, "x")
        kpi(name, name, position=position)
    fill(shop.pk, "late", {NOON - 8 * DAY: 1})
    kpi("gone", "nothing", position=6)
    schedule(shop.pk)
    made(NOON)
    mail = sent(mailoutbox)
    assert "Late: 0  no change from 0 (data is missing)" in text(mail)
    assert "New: 0  no change from 0 (no events of this kind yet)" in text(mail)
    assert f"Gone: {GAP}  {GAP} (a metric is missing: nothing)" in text(mail)
    assert "<em>a metric is missing: nothing</em>" in page(mail)


def test_without_kpis_it_says_so(shop, mailoutbox):
    schedule(shop.pk)
    made(NOON)
    assert "No KPI is active." in text(sent(mailoutbox))


def test_one_message_goes_to_all_recipients_and_names_none(shop, mailoutbox):
    schedule(shop.pk)
    report = made(NOON)
    mail = sent(mailoutbox)
    assert mailoutbox[0].recipients() == ["ada@example.com", "bob@example.com"]
    assert mail["To"] == "undisclosed-recipients:;"
    assert "ada@" not in mail.as_string()
    assert mail["Message-ID"] == f"<{report.pk}@localhost>"
    assert mail["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize("format", ["csv", "xlsx", "json"])
def test_the_file_is_attached_byte_for_byte(shop, mailoutbox, format):
    content = b"\xef\xbb\xbfa,b\r\n1,2\nFrom x\n.\n\x00\xff"
    schedule(shop.pk, format=format)
    made(NOON, content, file_name="Übersicht_2026-03-03.csv")
    [file] = sent(mailoutbox).iter_attachments()
    assert file.get_payload(decode=True) == content
    assert file.get_filename() == "Übersicht_2026-03-03.csv"
    assert file.get_content_type() == mails.TYPES[format]


@pytest.mark.parametrize(
    ("address", "where"),
    [("https://abacus.example", "https://abacus.example/tasks"), ("", "GET /tasks")],
)
def test_a_file_too_long_for_an_email_is_named_instead(
    shop, mailoutbox, settings, address, where
):
    settings.PUBLIC_URL = address
    schedule(shop.pk)
    report = made(NOON, size=10_000_001)
    mail = sent(mailoutbox)
    path = serializers.download(report).replace("/tasks", where, 1)
    assert f"10,000,001 bytes, too many for an e-mail: {path}" in text(mail)
    assert list(mail.iter_attachments()) == []


def test_it_leads_to_the_dashboard_with_its_period(shop, mailoutbox, settings):
    settings.PUBLIC_URL = "https://abacus.example"
    schedule(shop.pk, "weekly", timezone="Europe/Berlin")
    made(NOON)
    address = "/?namespace=shop&period=custom&from=2026-02-23&to=2026-03-01"
    mail = sent(mailoutbox)
    assert f"https://abacus.example{address}" in text(mail)
    assert address.replace("&", "&amp;") in page(mail)


def test_without_an_address_of_our_own_there_is_no_link(shop, mailoutbox):
    schedule(shop.pk)
    made(NOON)
    mail = sent(mailoutbox)
    assert "http" not in text(mail) + page(mail)


@pytest.mark.usefixtures("_numbers")
def test_names_are_text_in_the_page(shop, mailoutbox):
    KPI.objects.filter(name="aov").update(display_name=EVIL)
    type(shop).objects.update(name="<b>shop")
    schedule(shop.pk, name=EVIL)
    made(NOON)
    mail = sent(mailoutbox)
    assert "<script" not in page(mail)
    assert "<b>" not in page(mail)
    assert page(mail).count("&lt;script&gt;alert(1)&lt;/script&gt; &amp; co") == 3
    assert text(mail).count(EVIL) == 2


def test_the_page_loads_nothing_and_has_no_colours_of_its_own(shop, mailoutbox):
    """Whatever is dark or light around it, what it says can be read."""
    schedule(shop.pk)
    made(NOON)
    html = page(sent(mailoutbox))
    assert not [word for word in ("<img", "url(", "<link", "src=") if word in html]
    assert "background" not in html
    assert '<meta name="color-scheme" content="light dark">' in html


def test_a_name_with_line_breaks_adds_no_header(shop, mailoutbox):
    schedule(shop.pk, name="Numbers\r\nBcc: eve@example.com\n\nEvil")
    made(NOON, file_name="a.csv\r\nX-Evil: yes")
    mail = sent(mailoutbox)
    assert mail["Subject"] == "Numbers Bcc: eve@example.com Evil: 3 March 2026"
    assert mail["Bcc"] is None
    [file] = mail.iter_attachments()
    assert file["X-Evil"] is None
    assert file.get_filename() == "a.csv X-Evil: yes"


@pytest.mark.usefixtures("_numbers")
def test_reading_takes_as_many_queries_for_one_kpi_as_for_all(
    shop, django_assert_num_queries
):
    schedule(shop.pk)
    made(NOON)
    one = Report.objects.select_related("schedule__namespace").get()
    with django_assert_num_queries(6):
        mails.message(one, at=NOON)
    KPI.objects.exclude(name="aov").delete()
    with django_assert_num_queries(6):
        mails.message(one, at=NOON)
