"""A NUL in an address, a form or a cookie is refused before anything is asked for."""

import re

import pytest
from django.test import Client
from rest_framework.test import APIClient

from config.urls import urlpatterns
from tests.routes import routes

pytestmark = pytest.mark.django_db
ROUTES = routes(urlpatterns)
# The others read nothing that is sent.
OPEN = ("api/docs/", "api/schema/", "healthz", "readyz", "metrics")
READING = [route for route in ROUTES if not re.match("|".join(OPEN), route)]
WORD = re.compile(r"<\w+:\w+>")


def test_in_a_path_there_is_no_such_thing(root):
    for route in [route for route in ROUTES if WORD.search(route)]:
        for text in ("%00", "a%00b"):
            path = "/" + WORD.sub(text, route)
            assert root.get(path).status_code in {400, 404, 405}, path
    for path in ("/%00", "/admin/%00", "/admin/flags/%00/"):
        assert root.get(path).status_code == 404, path


def test_in_a_query_it_is_answered_on_every_address(root):
    for route in READING:
        answer = root.get(f"/{route}?namespace=a%00b")
        assert answer.status_code < 500, route


@pytest.mark.parametrize("page", ["/", "/goals/", "/admin/", "/admin/login/"])
@pytest.mark.parametrize("query", ["a=b%00c", "a=b&a=%00"])
def test_in_the_query_of_a_page_it_is_named(client, page, query):
    response = client.get(f"{page}?{query}")
    assert response.status_code == 400
    assert "the parameter a has a NUL character" in response.text


def test_in_a_form_of_a_page():
    form = {"username": "a\0b", "password": "x"}
    response = Client().post("/admin/login/", form)
    assert response.status_code == 400
    assert "the field username has a NUL character" in response.text


def test_in_a_cookie():
    client = APIClient(headers={"Cookie": r'sessionid="\000"'})
    assert client.get("/analytics/kpis/configs/").status_code == 400
