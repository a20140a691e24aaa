"""The shape of the house: its addresses, its doors, its models, its dependencies."""

import re
from importlib.metadata import version
from io import StringIO

import pytest
from django.core.management import call_command
from rest_framework.permissions import AllowAny

from accounts.models import Role
from accounts.permissions import HasRole
from config.urls import urlpatterns
from tests.routes import patterns

ANALYTICS = {
    "analytics/goals/<path:goal>/",
    "analytics/items/prices/",
    "analytics/kpis/configs/",
    "analytics/kpis/status/",
    "analytics/kpis/values/",
    "analytics/kpis/<str:name>/explain/",
    "analytics/metrics/values/",
    "analytics/segmentations/params/",
    "analytics/segmentations/params/<str:segmentation_id>/",
    "analytics/segmentations/params/<str:segmentation_id>/comparison/",
    "analytics/ab-tests/",
    "analytics/ab-tests/<str:test_id>/",
    "analytics/ab-tests/<str:test_id>/group/",
    "tasks/private/analytics_report_export/",
    "tasks/private/analytics_report_export/recents/",
    "tasks/private/analytics_report_export/<str:task_id>/",
    "tasks/private/analytics_report_export/<str:task_id>/download/",
    "tasks/private/<str:name>/",
}
DOCUMENTED = {
    "",
    *ANALYTICS,
    *(f"v1/{route}" for route in ANALYTICS),
    "api/docs/",
    "api/schema/",
    "goals/",
    "healthz",
    "metrics",
    "metrics/counters",
    "metrics/predictions",
    "readyz",
    "v0/analytics",
    "v0/featureSpecs",
    "v0/features",
    "v0/goals",
    "v0/namespaces",
    "v0/nudges",
    "v0/predictions",
}
OPEN = {"api/docs/", "api/schema/", "healthz", "metrics", "readyz"}
PAGES = {"", "goals/"}  # they have a login, and say who may enter themselves
FLOORS = {"django": (5, 2, 8), "djangorestframework": (3, 18), "celery": (5, 7)}

ROUTES = dict(patterns(urlpatterns))


def test_the_addresses_are_the_documented_ones():
    assert ROUTES.keys() == DOCUMENTED


@pytest.mark.parametrize("route", sorted(DOCUMENTED - OPEN - PAGES))
def test_every_endpoint_states_its_roles(route):
    view = ROUTES[route].cls
    assert view.roles
    assert set(view.roles) <= set(Role)
    assert view.permission_classes == [HasRole]


@pytest.mark.parametrize("route", sorted(ANALYTICS - {"tasks/private/<str:name>/"}))
def test_every_verb_says_what_it_reads(route):
    view = ROUTES[route].cls
    verbs = ["get", "post", "put", "patch", "delete"]
    handlers = [getattr(view, verb) for verb in verbs if hasattr(view, verb)]
    assert handlers
    assert all(hasattr(handler, "reads") for handler in handlers)


@pytest.mark.parametrize("route", sorted(OPEN - {"healthz"}))
def test_an_open_endpoint_says_so(route):
    assert ROUTES[route].cls.permission_classes == [AllowAny]


@pytest.mark.django_db
def test_no_migration_is_missing():
    out = StringIO()
    call_command("makemigrations", check_changes=True, dry_run=True, stdout=out)
    assert out.getvalue() == "No changes detected\n"


@pytest.mark.parametrize(("package", "floor"), FLOORS.items())
def test_what_is_installed_is_not_older_than_we_rely_on(package, floor):
    installed = tuple(map(int, re.findall(r"\d+", version(package))[:3]))
    assert installed >= floor
