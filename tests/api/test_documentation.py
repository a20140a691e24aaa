"""The description of the API and its page are made once, whoever asks how often."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from api import documentation

SCHEMA, PAGE = "/api/schema/", "/api/docs/"
JSON = {"Accept": "application/vnd.oai.openapi+json"}


@pytest.fixture
def times_made(monkeypatch):
    """Counts how often the description is made."""
    made: list[float] = []
    make = SchemaGenerator.get_schema

    def counted(*args, **kwargs):
        made.append(time.perf_counter())
        return make(*args, **kwargs)

    monkeypatch.setattr(SchemaGenerator, "get_schema", counted)
    documentation.description.cache_clear()
    documentation.written.cache_clear()
    return made


def test_the_description_is_made_once_for_all_who_ask_at_once(times_made):
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: Client().get(SCHEMA), range(10)))
    answers += [Client().get(f"{SCHEMA}?version={n}") for n in range(10)]
    answers.append(Client().get(SCHEMA, headers=JSON))
    assert {answer.status_code for answer in answers} == {200}
    assert len(times_made) == 1


@pytest.mark.parametrize("url", [SCHEMA, PAGE, f"{PAGE}?script="])
def test_a_client_that_has_it_is_told_so_and_nothing_is_sent(client, url):
    answer = client.get(url)
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    known = {"If-None-Match": answer.headers["ETag"]}
    again = client.get(url, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    other = client.get(url, headers={"If-None-Match": '"another"'})
    assert other.content == answer.content


def test_yaml_and_json_are_two_documents(client):
    yaml, json = client.get(SCHEMA), client.get(SCHEMA, headers=JSON)
    assert yaml.headers["Content-Type"] == "application/vnd.oai.openapi"
    assert yaml.content.startswith(b"openapi:")
    assert json.headers["Content-Type"] == JSON["Accept"]
    assert json.json()["paths"]
    assert yaml.headers["ETag"] != json.headers["ETag"]
    assert "Accept" in yaml.headers["Vary"]


def test_what_a_visitor_adds_to_the_address_is_shown_to_nobody(client):
    documentation._pages.clear()
    for url in (PAGE, f"{PAGE}?script="):
        client.get(url, {"version": "evil", "lang": "evil", "script": "evil"})
        client.get(url, {"version": "evil", "lang": "evil"})
        assert b"evil" not in client.get(url).content
    assert b"../schema/" in client.get(f"{PAGE}?script=").content
