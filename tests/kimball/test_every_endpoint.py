"""What all endpoints under `/v0` have in common: tokens, methods, slashes, bodies."""

import pytest

from tests.kimball.product import event
from tests.published import original

GETS = {
    "/v0/analytics": {},
    "/v0/goals": {},
    "/v0/namespaces": {},
    "/v0/features": {},
    "/v0/featureSpecs": {},
    "/v0/predictions": {},
    "/v0/nudges": {"user_id": "ann", "goal": "buy"},
}
POSTS = {
    "/v0/analytics": event("view"),
    "/v0/goals": {"goal_name": "buy"},
    "/v0/featureSpecs": {"name": "dark"},
}
EMPTY = {
    "/v0/analytics": {"counts": []},
    "/v0/goals": {"goals": []},
    "/v0/features": {"features": {}},
    "/v0/featureSpecs": {"featureSpecs": []},
    "/v0/predictions": {"goals": {}},
    "/v0/nudges": {"user_id": "ann", "goal": "buy", "nudges": []},
}
ONE_NAMESPACE = [path for path in GETS if path != "/v0/namespaces"]
ROLES = ["root", "manager", "backend"]
METHODS = [
    (path, method)
    for path in GETS
    for method in ("POST", "PUT", "PATCH", "DELETE")
    if (path, method) not in {(posted, "POST") for posted in POSTS}
]
JSON_KINDS = ["application/json", "application/json; charset=utf-8"]
OTHER_KINDS = ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""]
SCALARS = [(5, "5"), ("text", '"text"'), (None, "null"), ([{}], "[{}]")]


def posted(client, path, body, kind="application/json"):
    return client.post(path, content=body, headers={"Content-Type": kind})


@pytest.mark.parametrize("path", GETS)
@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("role", ROLES)
def test_every_role_reads_json_with_or_without_a_slash(clients, path, slash, role):
    answer = clients[role].get(path + slash, params=GETS[path])
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", GETS)
@pytest.mark.parametrize("raw", ["{}", "nothing"])
def test_a_body_that_comes_with_a_get_is_ignored(root, path, raw):
    answer = root.request("GET", path, params=GETS[path], content=raw)
    assert answer.status_code == 200


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("role", ["root", "manager"])
def test_a_post_answers_204_without_a_body(clients, path, slash, role):
    answer = clients[role].post(path + slash, json=POSTS[path])
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize(("path", "method"), METHODS)
def test_a_method_that_is_not_there_is_named_in_lower_case(root, path, method):
    answer = root.request(method, path)
    assert answer.status_code == 405
    what = "Method not allowed"
    assert answer.json() == {"error": {"what": what, "method": method.lower()}}


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic YTpi"])
@pytest.mark.parametrize("path", GETS)
def test_without_a_token_nothing_is_read(anybody, path, header):
    answer = anybody.get(path, headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert answer.json() == {"error": "Missing or invalid authorization header"}


@pytest.mark.parametrize("path", POSTS)
def test_without_a_token_nothing_is_written(anybody, namespace, path):
    body = {**POSTS[path], "namespace": namespace.name}
    answer = anybody.post(path, json=body)
    assert answer.status_code == 401
    assert answer.json() == {"error": "Missing or invalid authorization header"}
    listed = namespace.client.get("/v0/namespaces").json()["namespaces"]
    assert namespace.name not in listed


@pytest.mark.parametrize("path", ONE_NAMESPACE)
def test_a_namespace_of_others_is_not_read(stranger, path):
    answer = stranger.get(path, params={**GETS[path], "namespace": "shop"})
    assert answer.status_code == 403
    assert answer.json()["error"]["what"]


@pytest.mark.parametrize("path", POSTS)
def test_a_namespace_of_others_is_not_written(stranger, path):
    answer = stranger.post(path, json={**POSTS[path], "namespace": "shop"})
    assert answer.status_code == 403
    assert answer.json()["error"]["what"]


@pytest.mark.parametrize("path", EMPTY)
def test_of_an_unknown_namespace_root_reads_an_empty_answer(namespace, path):
    answer = namespace.get(path, **GETS[path])
    assert (answer.status_code, answer.json()) == (200, EMPTY[path])


@pytest.mark.parametrize("path", ONE_NAMESPACE)
def test_reading_creates_no_namespace(namespace, path):
    namespace.get(path, **GETS[path])
    listed = namespace.client.get("/v0/namespaces").json()["namespaces"]
    assert namespace.name not in listed


@pytest.mark.parametrize("path", POSTS)
def test_roots_first_write_creates_a_namespace(namespace, path):
    assert namespace.post(path, POSTS[path]).status_code == 204
    listed = namespace.client.get("/v0/namespaces").json()["namespaces"]
    assert namespace.name in listed


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("raw", ["", "{", "[1,", "{'a': 1}", "nothing"])
def test_a_body_that_is_no_json_is_shown(root, path, raw):
    answer = posted(root, path, raw)
    assert answer.status_code == 400
    what = "The object is not valid JSON"
    assert answer.json() == {"error": {"what": what, "object": raw}}


@pytest.mark.parametrize("path", ["/v0/goals", "/v0/featureSpecs"])
@pytest.mark.parametrize(("value", "raw"), SCALARS)
def test_a_body_that_is_no_object_is_shown(root, path, value, raw):
    answer = posted(root, path, raw)
    assert answer.status_code == 400
    expected = {"what": "Incorrect type", "type_expected": "object", "value": value}
    assert original(answer.json()["error"]) == expected


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("kind", JSON_KINDS)
def test_a_charset_may_be_named(namespace, path, kind):
    body = namespace.client.build_request("POST", path, json=POSTS[path]).content
    assert posted(namespace.client, path, body, kind).status_code == 204


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_another_content_type_is_refused_by_name(root, path, kind):
    answer = posted(root, path, "{}", kind)
    assert answer.status_code == 400
    assert answer.json()["error"] == {
        "what": "The content-type is invalid",
        "type": kind,
        "expected_types": ["application/json"],
    }


@pytest.mark.parametrize("path", POSTS)
def test_without_any_content_type_a_body_is_refused(root, path):
    answer = root.post(path, content="{}")
    assert answer.status_code == 400
    assert answer.json()["error"]["what"] == "The content-type is invalid"


@pytest.mark.parametrize("path", ["/v0", "/v0/", "/v0/nothing", "/v0/goals/buy"])
def test_another_path_is_404(root, path):
    assert root.get(path).status_code == 404
