"""Every error has the published code and shape, whatever went wrong."""

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, InternalError, OperationalError, connection
from django.http import Http404
from django.urls import path
from psycopg import errors
from psycopg_pool import PoolTimeout
from rest_framework import exceptions
from rest_framework.test import APIClient
from rest_framework.views import APIView

from accounts.models import Role, User
from config import urls

pytestmark = pytest.mark.django_db
PRICES, CONFIGS = "/analytics/items/prices/", "/analytics/kpis/configs/"
PRICE = {"prices": [{"item_id": "i", "price": 1}]}


def checked(response, status, code, name):
    """Returns error_data of an envelope that is what clients branch on."""
    body = response.json()
    assert response.headers["Content-Type"] == "application/json"
    assert response.status_code == status
    assert body.keys() == {"error_code", "error_name", "message", "error_data"}
    assert (body["error_code"], body["error_name"]) == (code, name)
    assert isinstance(body["message"], str)
    assert isinstance(body["error_data"], dict)
    return body["error_data"]


def test_400_wrong_values_are_told_by_field(root):
    response = root.put(PRICES, {"prices": [{"item_id": "i"}]}, format="json")
    data = checked(response, 400, 40, "WrongData")
    missing = {"price": ["This field is required."]}
    assert data == {"query": {"prices": {"0": missing}}}
    assert response.json()["message"] == "There is an error in the submitted data"


def test_400_a_body_that_is_no_object_is_told_without_a_field(root):
    data = checked(root.put(PRICES, [1], format="json"), 400, 40, "WrongData")
    assert list(data["query"]) == ["non_field_errors"]


@pytest.mark.parametrize("body", ["{", "[1,]", '{"a": NaN}', "\xff"])
def test_400_a_body_that_is_no_json(root, body):
    response = root.put(PRICES, body.encode("latin-1"), content_type="application/json")
    data = checked(response, 400, 40, "WrongData")
    assert data["name"] == "WRONG_DATA_TYPE"
    assert data["error"].startswith("the body is not valid JSON")


def test_400_another_content_type(root):
    data = checked(
        root.put(PRICES, "a=b", content_type="text/plain"), 400, 40, "WrongData"
    )
    assert "text/plain" in data["error"]


def test_400_an_answer_in_another_type(root):
    response = root.get(CONFIGS, headers={"Accept": "text/csv"})
    assert checked(response, 400, 40, "WrongData")["name"] == "WRONG_DATA_TYPE"


def test_401(root):
    data = checked(APIClient().get(CONFIGS), 401, 21, "AuthError")
    assert data.keys() == {"error", "name"}


def test_403_a_role_that_may_not(backend):
    response = backend.get(CONFIGS)
    data = checked(response, 403, 50, "ForbiddenError")
    assert data == {"error": "allowed roles: root, manager", "name": "FORBIDDEN"}
    assert response.json()["message"].endswith(": allowed roles: root, manager")


def test_403_a_session_without_its_csrf_token():
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("ada"))
    response = client.put(PRICES, PRICE, format="json")
    assert "CSRF" in checked(response, 403, 50, "ForbiddenError")["error"]
    assert client.get(CONFIGS).status_code == 200


def test_404_a_namespace(root):
    response = root.get("/analytics/kpis/values/", {"namespace": "no"})
    data = checked(response, 404, 60, "NotFoundError")
    expected = {"type": "namespace", "key": "no", "name": "NAMESPACE_NOT_FOUND"}
    assert data == expected
    assert response.json()["message"] == "The namespace no does not exist"


@pytest.mark.parametrize("path", ["/no", "/analytics/kpis/", "/v1/no", "/a%00b%ff"])
def test_404_a_path_needs_no_token(path):
    data = checked(APIClient().get(path), 404, 60, "NotFoundError")
    assert (data["type"], data["name"]) == ("path", "PATH_NOT_FOUND")


def test_405(root):
    response = root.delete(CONFIGS)
    data = checked(response, 405, 70, "MethodNotAllowed")
    assert data == {"method": "DELETE"}
    assert response.json()["message"] == 'Method "DELETE" not allowed'
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"


def test_413_a_body_over_5_mb_is_refused_before_it_is_read(root):
    response = root.put(PRICES, b" " * 5_000_001, content_type="application/json")
    data = checked(response, 413, 40, "WrongData")
    assert data["error"] == "the body is larger than 5,000,000 bytes"
    assert (
        root.put(PRICES, b" " * 5_000_000, content_type="application/json").status_code
        == 400
    )


def test_400_a_foreign_host():
    client = APIClient()
    response = client.get(CONFIGS, headers={"Host": "evil.example"})
    assert "Host" in checked(response, 400, 40, "WrongData")["error"]
    under_v0 = client.get("/v0/analytics", headers={"Host": "evil.example"})
    assert under_v0.json()["error"].keys() == {"what"}


@pytest.mark.django_db(transaction=True)
def test_503_without_a_database_on_every_address(monkeypatch, root):
    connection.close()
    options = {**connection.settings_dict["OPTIONS"], "pool": False}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nowhere")
    try:
        responses = {
            one: root.get(one) for one in (CONFIGS, "/readyz", "/v0/analytics")
        }
        alive = root.get("/healthz")
    finally:
        monkeypatch.undo()
        connection.close()
    for address in (CONFIGS, "/readyz"):
        data = checked(responses[address], 503, 1, "ServerUnavailable")
        assert data["name"] == "DATABASE_NOT_READY"
    for response in responses.values():
        assert response.status_code == 503
        assert response.headers["Retry-After"] == "5"
        assert "nowhere" not in response.text
    assert responses["/v0/analytics"].json()["error"].keys() == {"what"}
    assert alive.status_code == 200


def caused(error, cause):
    error.__cause__ = cause
    return error


RAISED = {
    "bug": (RuntimeError("secret"), 500, 0, "ServerError"),
    "value": (ValueError("secret"), 500, 0, "ServerError"),
    "database": (OperationalError("secret"), 503, 1, "ServerUnavailable"),
    "connection": (InterfaceError("secret"), 503, 1, "ServerUnavailable"),
    "pool": (
        caused(OperationalError("secret"), PoolTimeout("secret")),
        503,
        1,
        "ServerUnavailable",
    ),
    "idle": (
        caused(InternalError("secret"), errors.IdleInTransactionSessionTimeout()),
        503,
        1,
        "ServerUnavailable",
    ),
    "django-404": (Http404("secret"), 404, 60, "NotFoundError"),
    "drf-404": (exceptions.NotFound(), 404, 60, "NotFoundError"),
    "django-403": (PermissionDenied("secret"), 403, 50, "ForbiddenError"),
    "suspicious": (SuspiciousOperation("secret"), 400, 40, "WrongData"),
    "list": (exceptions.ValidationError("a"), 400, 40, "WrongData"),
    "parse": (exceptions.ParseError("a"), 400, 40, "WrongData"),
    "teapot": (exceptions.APIException("a"), 500, 0, "ServerError"),
}


def fail(request, name):
    raise RAISED[name][0]


class Api(APIView):
    roles = list(Role)

    def get(self, request, name):
        fail(request, name)


class Raising:
    """An URL conf whose every route raises."""

    handler400, handler404 = urls.handler400, urls.handler404
    handler500 = urls.handler500

    urlpatterns = [
        path("plain/<name>", fail),
        path("api/<name>", Api.as_view()),
        path("v0/<name>", Api.as_view()),
    ]


@pytest.fixture
def raising(settings, root):
    settings.ROOT_URLCONF = Raising
    root.raise_request_exception = False
    return root


@pytest.mark.parametrize("name", RAISED)
def test_whatever_an_api_view_raises_leaves_in_the_envelope(raising, name):
    _, status, code, error_name = RAISED[name]
    response = raising.get(f"/api/{name}")
    checked(response, status, code, error_name)
    assert "secret" not in response.text
    assert "Traceback" not in response.text


@pytest.mark.parametrize("name", RAISED)
def test_whatever_a_view_under_v0_raises_is_in_its_shape(raising, name):
    response = raising.get(f"/v0/{name}")
    assert response.status_code == RAISED[name][1]
    assert response.json().keys() == {"error"}
    assert "secret" not in response.text


@pytest.mark.parametrize("name", ["bug", "database", "connection", "pool", "idle"])
def test_whatever_a_plain_view_raises_leaves_in_the_envelope(raising, name):
    _, status, code, error_name = RAISED[name]
    response = raising.get(f"/plain/{name}")
    checked(response, status, code, error_name)
    assert response.headers.get("Retry-After") == ("5" if status == 503 else None)


def test_people_get_a_page(client):
    response = client.get("/admin/no/such/page/", HTTP_HOST="evil.example")
    assert response.status_code == 400
    assert response.headers["Content-Type"].startswith("text/html")


def test_400_more_parameters_than_are_read(root):
    sent = "kpis=aov&" * 1_001
    data = checked(root.get(f"{CONFIGS}?{sent}"), 400, 40, "WrongData")
    assert data["error"] == "there are more than 1,000 parameters"
    under_v0 = root.get(f"/v0/predictions?{'event=a&' * 1_001}")
    assert under_v0.status_code == 400
    assert under_v0.json() == {"error": {"what": data["error"]}}


def test_404_a_path_that_is_long_is_cut(root):
    for address in ("/" + "x" * 50_000, f"/analytics/ab-tests/{'x' * 50_000}/"):
        response = root.get(address)
        assert response.status_code == 404
        assert len(response.content) < 4_000


def test_403_of_many_namespaces_a_few_are_told(backend):
    event = {"event_name": "a", "user_id": "u"}
    events = [{**event, "namespace": f"n{number:03}"} for number in range(500)]
    answer = backend.post("/v0/analytics", events, format="json")
    assert answer.status_code == 403
    what = "no access to namespace 'n000', 'n001', 'n002', 'n003', 'n004' and 495 more"
    assert answer.json() == {"error": {"what": what}}
