"""The admin and the API's documentation work under the policy of the pages."""

import pytest
from playwright.sync_api import expect

from accounts.models import User

pytestmark = pytest.mark.django_db(transaction=True)
PAGES = [
    "/admin/",
    "/admin/accounts/user/",
    "/admin/accounts/user/add/",
    "/admin/accounts/namespace/",
    "/admin/analytics/kpi/",
    "/admin/analytics/kpi/add/",
    "/admin/analytics/metric/",
    "/admin/analytics/report/",
    "/admin/analytics/reportschedule/",
    "/admin/analytics/reportschedule/add/",
    "/admin/events/batch/",
    "/admin/flags/flag/",
    "/admin/flags/flag/add/",
    "/admin/flags/flag/preview/",
    "/admin/goals/goal/",
    "/admin/goals/goal/add/",
    "/admin/knox/authtoken/",
    "/admin/segmentation/abtest/",
    "/admin/segmentation/abtest/add/",
    "/admin/segmentation/segmentation/",
    "/admin/segmentation/segmentation/add/",
]


def test_the_admin_runs_clean_under_the_policy(logged_in, problems):
    page = logged_in("/admin/")
    for path in PAGES:
        page.goto(path)
        expect(page.locator("#site-name")).to_have_text("Abacus")
    assert problems == []


def test_the_login_leads_to_the_page_that_was_asked_for(page, problems):
    User.objects.create_superuser("ada", password="correct horse battery")
    page.goto("/goals/")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/goals/")
    assert problems == []


def test_the_policy_is_no_ornament(logged_in, problems):
    page = logged_in("/admin/")
    page.evaluate(
        """() => document.body.append(Object.assign(
            document.createElement("script"), {textContent: "window.broken = 1"}))"""
    )
    assert page.evaluate("window.broken") is None
    assert "Content Security Policy" in str(problems)


def test_the_documentation_of_the_api_runs_clean_under_the_policy(page, problems):
    page.goto("/api/docs/")
    expect(page.get_by_text("/analytics/kpis/values/").first).to_be_visible()
    assert problems == []
