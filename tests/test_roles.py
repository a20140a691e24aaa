"""Who may do what: one table of endpoint, method, role and object.

A route without a row fails, and so does a row without a route. People hold a token and
a session, and ask for the namespace "shop", which the stranger does not belong to; what
a route names is there, in "shop" and under another name in "elsewhere". The admin's
table is in `tests/admin/test_roles.py`.
"""

import json
from decimal import Decimal

import pytest
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from accounts import services
from accounts.models import User
from analytics.models import KPI, Kind, Metric, Unit
from analytics.reports import queue
from config.urls import urlpatterns
from goals.services import create_goal
from segmentation.groups import Allocation
from segmentation.services import create_segmentation, create_test
from tests.conftest import T0
from tests.routes import routes
from tests.transactions import read_only, undone

pytestmark = pytest.mark.django_db

METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]
EVENT = {"event_name": "a", "user_id": "u", "namespace": "shop"}
BODIES = {
    "v0/analytics": EVENT,
    "v0/featureSpecs": {"name": "a", "namespace": "shop"},
    "v0/goals": {"goal_name": "a", "namespace": "shop"},
    "analytics/items/prices/": {
        "namespace": "shop",
        "prices": [{"item_id": "i", "price": 1}],
    },
    "analytics/metrics/values/": {
        "namespace": "shop",
        "start_timestamps": [0],
        "metrics": [{"name": "visitors", "values": [1]}],
    },
    "analytics/segmentations/params/": {
        "namespace": "shop",
        "name": "a",
        "segmentation": {"type": "analytics"},
    },
    "analytics/segmentations/params/<str:segmentation_id>/": {"name": "a"},
    "analytics/ab-tests/": {
        "namespace": "shop",
        "id": "a",
        "share_a": 50,
        "share_b": 50,
    },
    "tasks/private/analytics_report_export/": {"namespace": "shop"},
}
QUERIES = {
    "v0/nudges": "&user_id=u&goal=g",
    "analytics/ab-tests/<str:test_id>/group/": "&user_id=u",
    # A user who meets a feature: with a token, this GET records an event.
    "v0/features": "&user_obj=eyJ1c2VyX2lkIjoidSJ9&context_obj=eyJmZWF0dXJlIjoiYSJ9",
}

# In the order anonymous, root, manager, backend, stranger.
# "any other": a method that the endpoint does not have.
MANAGERS = "401 405 405 403 405"
EVERYBODY = "401 405 405 405 405"
OPEN = "405 405 405 405 405"
ALL_OK = "200 200 200 200 200"
PAGE = "302 405 405 403 405"
TABLE = {
    "": {"GET": "302 200 200 403 403", "any other": PAGE},
    "analytics/goals/<path:goal>/": {
        "GET": "401 200 200 403 403",
        "any other": MANAGERS,
    },
    "analytics/items/prices/": {"PUT": "401 204 204 204 403", "any other": EVERYBODY},
    "analytics/kpis/configs/": {"GET": "401 200 200 403 403", "any other": MANAGERS},
    "analytics/kpis/status/": {"GET": "401 200 200 403 403", "any other": MANAGERS},
    "analytics/kpis/values/": {"GET": "401 200 200 403 403", "any other": MANAGERS},
    "analytics/kpis/<str:name>/explain/": {
        "GET": "401 200 200 403 403",
        "any other": MANAGERS,
    },
    "analytics/metrics/values/": {
        "GET": "401 200 200 403 403",
        "PUT": "401 204 204 204 403",
        "any other": MANAGERS,
    },
    "analytics/segmentations/params/": {
        "GET": "401 200 200 200 403",
        "POST": "401 201 201 201 403",
        "any other": EVERYBODY,
    },
    "analytics/segmentations/params/<str:segmentation_id>/": {
        "GET": "401 200 200 200 403",
        **dict.fromkeys(["PATCH", "DELETE"], "401 204 204 204 403"),
        "any other": EVERYBODY,
    },
    "analytics/ab-tests/": {
        "GET": "401 200 200 200 403",
        "POST": "401 201 201 201 403",
        "any other": EVERYBODY,
    },
    "analytics/ab-tests/<str:test_id>/": {
        "GET": "401 200 200 200 403",
        **dict.fromkeys(["PATCH", "DELETE"], "401 204 204 204 403"),
        "any other": EVERYBODY,
    },
    "analytics/ab-tests/<str:test_id>/group/": {
        "GET": "401 200 200 200 403",
        "any other": EVERYBODY,
    },
    "analytics/segmentations/params/<str:segmentation_id>/comparison/": {
        "GET": "401 200 200 403 403",
        "any other": MANAGERS,
    },
    "api/docs/": {"GET": ALL_OK, "OPTIONS": OPEN, "any other": OPEN},
    "api/schema/": {"GET": ALL_OK, "any other": OPEN},
    "goals/": {"GET": "302 200 200 403 403", "any other": PAGE},
    "healthz": {"GET": ALL_OK, "OPTIONS": OPEN, "any other": OPEN},
    "metrics": {"GET": ALL_OK, "any other": OPEN},
    "metrics/counters": {"GET": "401 200 200 200 403", "any other": EVERYBODY},
    "metrics/predictions": {"GET": "401 200 200 200 403", "any other": EVERYBODY},
    "readyz": {"GET": ALL_OK, "any other": OPEN},
    "tasks/private/analytics_report_export/": {
        "POST": "401 202 202 202 403",
        "any other": EVERYBODY,
    },
    "tasks/private/analytics_report_export/recents/": {
        "GET": "401 200 200 200 403",
        "any other": EVERYBODY,
    },
    "tasks/private/analytics_report_export/<str:task_id>/": {
        "GET": "401 200 200 200 403",
        "DELETE": "401 204 204 204 403",
        "any other": EVERYBODY,
    },
    "tasks/private/analytics_report_export/<str:task_id>/download/": {
        "GET": "401 404 404 404 403",
        "any other": EVERYBODY,
    },
    "tasks/private/<str:name>/": {
        "POST": "401 400 400 400 400",
        "any other": EVERYBODY,
    },
    "v0/analytics": {
        "GET": "401 200 200 200 403",
        "POST": "401 204 204 204 403",
        "any other": EVERYBODY,
    },
    "v0/featureSpecs": {
        "GET": "401 200 200 200 403",
        "POST": "401 204 204 403 403",
        "any other": EVERYBODY,
    },
    "v0/features": {
        "GET": "401 200 200 200 403",
        "any other": EVERYBODY,
    },
    "v0/goals": {
        "GET": "401 200 200 200 403",
        "POST": "401 204 204 204 403",
        "any other": EVERYBODY,
    },
    "v0/namespaces": {"GET": "401 200 200 200 200", "any other": EVERYBODY},
    "v0/nudges": {"GET": "401 200 200 200 403", "any other": EVERYBODY},
    "v0/predictions": {"GET": "401 200 200 200 403", "any other": EVERYBODY},
}


def known(route):
    """Returns the row of a route: the version in front changes nothing."""
    return route.removeprefix("v1/")


@pytest.fixture
def objects():
    """What routes name, by their words for it: of "shop", and of "elsewhere"."""
    ids = services.ensure_namespaces(["shop", "elsewhere"])
    Metric.objects.create(name="visitors", kind=Kind.EXTERNAL, unit=Unit.COUNT)
    KPI.objects.create(name="visits", formula="visitors", unit=Unit.COUNT)
    return {name: made(id, name) for name, id in ids.items()}


def made(namespace_id, name):
    place = {"namespace_id": namespace_id, "at": T0}
    create_goal(name=f"goal {name}", **place)
    leaf = {"type": "analytics"}
    segmentation = create_segmentation(name=f"tree {name}", checked=leaf, **place)
    draw = Allocation(f"test.{name}", "salt", Decimal(50), Decimal(50), T0, None)
    report = queue.request(payload={"format": "csv"}, user=None, **place)
    return {
        "<path:goal>": f"goal {name}",
        "<str:name>": "visits",
        "<str:segmentation_id>": segmentation.pk,
        "<str:test_id>": create_test(draw, **place).name,
        "<str:task_id>": report.pk,
    }


def person(name, role, namespace):
    token = services.issue_token(username=name, role=role, namespaces=[namespace])
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")
    client.force_login(User.objects.get(username=name))
    return client


@pytest.fixture
def people(objects):
    return [
        APIClient(),
        person("root", "root", "elsewhere"),
        person("manager", "manager", "shop"),
        person("backend", "backend", "shop"),
        person("stranger", "manager", "elsewhere"),
    ]


@pytest.fixture(scope="module")
def description():
    return SchemaGenerator().get_schema(request=None, public=True)


@pytest.fixture(autouse=True)
def _described_once(description, monkeypatch):
    """The description takes long to make; here it only matters who gets it."""
    monkeypatch.setattr(SchemaGenerator, "get_schema", lambda *_, **__: description)


def expected(row):
    """Returns a row in full: HEAD is as GET, OPTIONS tells whoever is let in."""
    others = row["any other"]
    usual = {method: row.get(method, others) for method in METHODS}
    head, options = row.get("GET", others), others.replace("405", "200")
    return usual | {"HEAD": head, "OPTIONS": row.get("OPTIONS", options)}


def address(route, names):
    """Returns a route with what it names, and the query that it needs."""
    path = f"/{route}?namespace=shop{QUERIES.get(known(route), '')}"
    for word, name in names.items():
        path = path.replace(word, name)
    return path


def status(client, method, route, names):
    """Returns how a request is answered, and undoes what it did."""
    sent = BODIES.get(known(route), {}) if method in {"POST", "PUT", "PATCH"} else None
    body, kind = "" if sent is None else json.dumps(sent), "application/json"
    with undone():
        path = address(route, names)
        response = client.generic(method, path, body, content_type=kind)
    return str(response.status_code)


def test_every_route_has_its_row():
    assert {known(route) for route in routes(urlpatterns)} == TABLE.keys()


@pytest.mark.parametrize("route", routes(urlpatterns))
def test_everyone_may_what_the_table_says(people, objects, route):
    found = {
        method: " ".join(status(one, method, route, objects["shop"]) for one in people)
        for method in METHODS
    }
    assert found == expected(TABLE[known(route)])


OF_A_NAMESPACE = [
    route
    for route in routes(urlpatterns)
    if any(
        word in route for word in ("goal>", "segmentation_id>", "test_id>", "task_id>")
    )
]


@pytest.mark.parametrize("route", OF_A_NAMESPACE)
def test_what_is_of_another_namespace_is_not_there(people, objects, route):
    row = TABLE[known(route)]
    for method in row.keys() & set(METHODS):
        for client, usual in zip(people, row[method].split(), strict=True):
            found = status(client, method, route, objects["elsewhere"])
            assert found == (usual if usual in {"401", "403"} else "404"), method


READING = [
    route
    for route, row in TABLE.items()
    if route.startswith(("analytics/", "tasks/")) and "GET" in row
]


def test_of_an_unknown_namespace_nobody_is_told_anything(people, objects):
    """Under /v0, root reads an empty answer, as the original product gives one."""
    _, root, manager, *_ = people
    for route in READING:
        path = address(route, objects["shop"]).replace("namespace=shop", "namespace=x")
        found = [client.get(path).status_code for client in (root, manager)]
        assert found == [404, 403], route


def test_a_session_s_get_writes_nothing(people, objects):
    """A link on a foreign page makes a browser send it: the database would refuse."""
    _, root, manager, *_ = people
    for client in (root, manager):
        client.defaults.pop("HTTP_AUTHORIZATION")
        for route in TABLE:
            with read_only():
                client.get(address(route, objects["shop"]))
