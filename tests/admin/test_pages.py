"""Who is let in, and what lists find: who may do what stands in `test_roles`."""

import pytest
from django.contrib import admin
from django.contrib.admin.checks import check_admin_app

from accounts.models import User
from tests.admin.test_roles import address

pytestmark = pytest.mark.django_db

MODELS = {model._meta.label_lower: model for model in admin.site._registry}
SECRET = "a long secret"
PASSWORD = {"password": SECRET}


@pytest.mark.parametrize("role", ["root", "manager", "backend"])
def test_the_role_alone_says_who_is_let_in(client, role):
    staff, superuser = role == "backend", role == "root"
    User.objects.create_user(
        "ada", password=SECRET, role=role, is_staff=staff, is_superuser=superuser
    )
    response = client.post("/admin/login/?next=/", {"username": "ada"} | PASSWORD)
    if role != "backend":
        assert response.url == "/"
        assert client.get("/").status_code == client.get("/admin/").status_code == 200
    else:
        assert "for a staff account" in response.text
        assert client.get("/admin/").status_code == 302


SEARCHED = sorted(
    model._meta.label_lower
    for model, made in admin.site._registry.items()
    if made.search_fields
)


@pytest.mark.parametrize("name", SEARCHED)
def test_a_search_finds_its_row_and_nothing_is_no_error(staff, rows, name):
    rows(3)
    path = address(MODELS[name], "changelist")
    found, missed = (staff.get(path, {"q": q}).context["cl"] for q in ("2", "no such"))
    assert (found.result_count, missed.result_count) == (1, 0)


@pytest.mark.parametrize(
    ("name", "filters"),
    [
        ("events.batch", {"aggregated_at__isempty": "1"}),
        ("events.batch", {"namespace__id__exact": "1"}),
        ("events.eventname", {"namespace__id__exact": "1"}),
        ("events.ignoredfield", {"body__exact": "event"}),
        ("events.import", {"finished_at__isempty": "1"}),
        ("events.import", {"namespace__id__exact": "1"}),
        ("analytics.aggregationrun", {"namespace__id__exact": "1"}),
        ("analytics.kpi", {"active__exact": "1"}),
        ("analytics.metric", {"kind__exact": "sum"}),
        ("analytics.metricbackfill", {"finished_at__isempty": "1"}),
        ("analytics.segmentbackfill", {"finished_at__isempty": "1"}),
        ("analytics.report", {"status__exact": "FAILED"}),
        ("analytics.report", {"namespace__id__exact": "1"}),
        ("analytics.reportschedule", {"frequency__exact": "weekly"}),
        ("flags.flag", {"boolean__exact": "1"}),
        ("flags.flag", {"rollout_start_at__isempty": "0"}),
        ("flags.flag", {"namespace__id__exact": "1"}),
        ("goals.goal", {"namespace__id__exact": "1"}),
        ("segmentation.abtest", {"end_at__isempty": "1"}),
        ("segmentation.abtest", {"namespace__id__exact": "1"}),
        ("segmentation.segmentation", {"namespace__id__exact": "1"}),
        ("knox.authtoken", {"user__role__exact": "root"}),
        ("accounts.user", {"role__exact": "root"}),
    ],
)
def test_a_list_can_be_filtered(staff, rows, name, filters):
    rows(1)
    response = staff.get(address(MODELS[name], "changelist"), filters)
    assert response.status_code == 200
    assert response.context["cl"].get_filters_params() == {
        key: [value] for key, value in filters.items()
    }


def test_the_admin_passes_djangos_own_checks():
    """`manage.py check` may look before the URLs have filled the registry."""
    assert check_admin_app(app_configs=None) == []
