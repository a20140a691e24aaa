"""What every address answers with: for its reader alone, and tied to our own pages."""

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts.models import User
from config.urls import urlpatterns
from tests.routes import routes

pytestmark = pytest.mark.django_db
SENT = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
PUBLIC = {"api/docs/", "api/schema/"}
ADMIN = [
    *("admin/", "admin/login/", "admin/logout/", "admin/jsi18n/", "admin/nothing/"),
    *(
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}")[1:]
        for model in admin.site._registry
        for page in ("changelist", "add")
    ),
]


@pytest.fixture
def visitors(db):
    root = Client(raise_request_exception=False)
    root.force_login(User.objects.create_superuser("root"))
    return [Client(), root]


def test_every_address_answers_with_them_whoever_asks(visitors):
    for client in visitors:
        for route in [*routes(urlpatterns), *ADMIN, "nothing", "static/nothing.css"]:
            headers = client.get(f"/{route}").headers
            assert {name: headers.get(name) for name in SENT} == SENT, route
            assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], route
            assert "camera=()" in headers["Permissions-Policy"], route
            cached = headers["Cache-Control"]
            assert ("no-store" in cached) == (route not in PUBLIC), route


def test_a_static_file_may_be_kept(client):
    response = client.get("/static/vendor/uplot/uPlot.min.css")
    response.close()
    headers = response.headers
    assert headers["Cache-Control"] == "max-age=60, public"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_an_answer_to_a_write_is_not_kept_either(root):
    assert root.post("/v0/analytics", {}).headers["Cache-Control"] == "no-store"
