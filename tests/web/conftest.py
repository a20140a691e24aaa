"""A real browser on a real server. Without Chromium these tests are left out, unless
BROWSER=required."""

import os
import shutil
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from playwright.sync_api import sync_playwright

from accounts import services
from accounts.models import User
from analytics.models import KPI, Bucket, Metric
from timegrid.buckets import RESOLUTIONS

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="package")
def browser():
    if not CHROMIUM:
        if os.environ.get("BROWSER") == "required":
            pytest.fail("BROWSER=required, and chromium is not installed")
        pytest.skip("chromium is not installed")
    # Playwright runs an event loop in this thread, which Django takes for its own.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu"]
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield chromium
        chromium.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def problems():
    """What the browser complained of: errors, warnings, violations of the policy."""
    return []


@pytest.fixture(scope="package")
def open_page(browser, live_server):
    """Opens the page of a browser with these options: once, for it keeps its files."""
    opened = {}

    def find(**options):
        key = str(options)
        if key not in opened:
            context = browser.new_context(base_url=live_server.url, **options)
            opened[key] = context.new_page()
        return opened[key]

    yield find
    for page in opened.values():
        page.context.close()


@pytest.fixture
def page(open_page, problems, request):
    """A page that knows nobody yet."""
    page = open_page(**getattr(request, "param", {}))

    def note(kind, text):
        if kind in {"error", "warning"}:
            problems.append((page.url, kind, text))

    listeners = {
        "console": lambda line: note(line.type, line.text),
        "pageerror": lambda error: note("error", str(error)),
    }
    for event, listener in listeners.items():
        page.on(event, listener)
    yield page
    for event, listener in listeners.items():
        page.remove_listener(event, listener)
    page.unroute_all()
    page.goto("about:blank")
    page.context.clear_cookies()


@pytest.fixture
def logged_in(page, live_server, transactional_db):
    """The page with root's session; the form would be slower."""
    user = User.objects.create_superuser("ada", password=None)
    services.ensure_namespaces(["shop", "void"])

    def visit(path="/"):
        client = Client()
        client.force_login(user)
        session = client.cookies["sessionid"].value
        cookie = {"name": "sessionid", "value": session, "url": live_server.url}
        page.context.add_cookies([cookie])
        page.goto(path)
        return page

    return visit


@pytest.fixture
def numbers(transactional_db):
    """In the shop, 70 of everything on each of 30 days, but no view two days ago."""
    namespace_id = services.ensure_namespaces(["shop"])["shop"]
    units = {"revenue": "usd", "clicks": "count", "views": "count"}
    metrics = [
        Metric.objects.create(
            name=name, kind="sum", event_name="a", unit=unit, built_as="sum a"
        )
        for name, unit in units.items()
    ]
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    Bucket.objects.bulk_create(
        bucket(namespace_id, metric, resolution, today - timedelta(days=days))
        for days in range(30)
        for metric in metrics
        if (days, metric.name) != (2, "views")
        for resolution in RESOLUTIONS
    )
    kpi("revenue", 2, "Revenue", "usd", "1000 * revenue")
    kpi("rate", 1, "Click rate", "percentage", "100 * clicks / views")
    kpi("clicks", 3, "Clicks", "count", "clicks")


def bucket(namespace_id, metric, resolution, start_at):
    return Bucket(
        namespace_id=namespace_id,
        metric=metric,
        resolution=resolution,
        start_at=start_at,
        value=Decimal(70),
    )


def kpi(name, position, display_name, unit, formula):
    KPI.objects.create(
        name=name,
        position=position,
        display_name=display_name,
        unit=unit,
        formula=formula,
        description=f"About {name}.",
    )
