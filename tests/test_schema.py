"""The published description of the API is true, and nothing sent breaks the server.

SCHEMA_CASES sets how many requests each endpoint gets. Those of a campaign so started
are random; without it they are few and always the same.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings

from analytics.catalogue.services import load_catalogue
from api import documentation
from config.wsgi import application
from tests.analytics.builders import NOON, fill

CASES = os.environ.get("SCHEMA_CASES")
LIMITS = settings(
    max_examples=int(CASES or 12),
    derandomize=not CASES,
    database=None,
    suppress_health_check=list(HealthCheck),
)
DESCRIPTION = documentation.description()
ENDPOINTS = [
    (path, method)
    for path, methods in DESCRIPTION["paths"].items()
    for method in methods
]
# What may hold anything: details of an error, rules of a flag, and trees of tests. The
# last two are told by examples, and checked by `flags.rules` and `segmentation.checks`.
FREE = {
    "ErrorAnswer.error_data",
    "SpecAnswer.user",
    "SpecBody.user",
    "SegmentationAnswer.segmentation",
    "SegmentationBody.segmentation",
}


@pytest.fixture(scope="module")
def campaign() -> Callable[..., None]:
    """Sends requests to an endpoint, good and bad ones.

    All processes collect these tests, one runs them: it alone imports schemathesis,
    which takes long.
    """
    import schemathesis
    from schemathesis import checks
    from schemathesis.generation import GenerationMode
    from schemathesis.specs.openapi import checks as promises

    api = schemathesis.openapi.from_dict(DESCRIPTION)
    api.app = application
    kept = [
        checks.not_a_server_error,
        promises.status_code_conformance,
        promises.content_type_conformance,
        promises.response_schema_conformance,
    ]

    def run(path: str, method: str, headers: dict[str, str]) -> None:
        endpoint = api[path][method]
        good, bad = (
            endpoint.as_strategy(generation_mode=one) for one in GenerationMode
        )

        @LIMITS
        @given(case=good | bad)
        def send(case: Any) -> None:
            case.call_and_validate(headers=headers, checks=kept)

        send()

    return run


def test_the_description_is_valid_and_nothing_in_it_is_a_guess(tmp_path):
    call_command(
        "spectacular", "--validate", "--fail-on-warn", "--file", tmp_path / "schema.yml"
    )


def free_objects(description: Any, name: str) -> Iterator[str]:
    """Yields where a description says no more than that something is an object."""
    if isinstance(description, list):
        for value in description:
            yield from free_objects(value, name)
    elif isinstance(description, dict):
        told = description.get("properties") or description.get("additionalProperties")
        if description.get("type") == "object" and not told:
            yield name
        for value in description.values():
            yield from free_objects(value, name)


def test_every_body_and_answer_is_described_by_its_fields():
    schemas = DESCRIPTION["components"]["schemas"]
    fields = {
        f"{component}.{field}": description
        for component, schema in schemas.items()
        for field, description in schema.get("properties", {}).items()
    }
    free = {name for field in fields for name in free_objects(fields[field], field)}
    assert free == FREE
    plain = [schema for schema in schemas.values() if schema.get("type") == "object"]
    assert all(schema["properties"] for schema in plain)
    assert list(free_objects(DESCRIPTION["paths"], "a path")) == []


def test_what_is_under_v1_is_described_once():
    paths = [path for path, _ in ENDPOINTS]
    assert "/analytics/kpis/values/" in paths
    assert not [path for path in paths if path.startswith("/v1/")]


def test_the_description_and_its_page_are_open_to_all(client):
    assert client.get("/api/schema/").status_code == 200
    assert b"swagger" in client.get("/api/docs/").content


@pytest.fixture
def kept_connection() -> Iterator[None]:
    """Keeps requests from closing the connection in whose transaction the test runs."""
    for moment in (request_started, request_finished):
        moment.disconnect(close_old_connections)
    yield
    for moment in (request_started, request_finished):
        moment.connect(close_old_connections)


@pytest.mark.django_db
@pytest.mark.usefixtures("kept_connection")
@pytest.mark.parametrize(("path", "method"), ENDPOINTS)
def test_whatever_is_sent_gets_an_answer_of_the_described_shape(
    campaign, path, method, token, shop
):
    load_catalogue(event_names={})
    fill(shop.pk, "total_revenue", {NOON: "12.5"})
    headers = {"Authorization": f"Bearer {token('root', shop.name)}"}
    campaign(path, method, headers)
