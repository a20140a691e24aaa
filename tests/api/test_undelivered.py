"""Bodies that the web server did not take are answered in the shape of their path."""

import pytest

from api.undelivered import STATUS

SAYS = {
    413: "the body is larger than 5,000,000 bytes",
    408: "the body did not arrive in time",
    503: "too many bodies are on their way, please try again",
}


@pytest.fixture(params=SAYS)
def status(request):
    return request.param


def test_under_v0(client, status):
    answer = client.post("/v0/analytics", **{STATUS: status})
    assert answer.status_code == status
    assert answer.json() == {"error": {"what": SAYS[status]}}


def test_under_analytics(client, status):
    answer = client.put("/analytics/metrics/values/", **{STATUS: status})
    assert answer.status_code == status
    body = answer.json()
    assert body["error_name"] == ("ServerUnavailable" if status == 503 else "WrongData")
    assert (body["message"], body["error_data"]["error"]) == (SAYS[status],) * 2


def test_on_a_page(client, status):
    answer = client.post("/admin/login/", **{STATUS: status})
    assert answer.status_code == status
    assert SAYS[status] in answer.content.decode()
    assert answer["Content-Type"].startswith("text/html")


def test_a_client_may_try_again_where_there_were_too_many(client, status):
    answer = client.post("/v0/analytics", **{STATUS: status})
    assert answer.get("Retry-After") == ("5" if status == 503 else None)


@pytest.mark.django_db
def test_no_header_makes_a_request_one_of_these(client):
    answer = client.get("/healthz", headers={STATUS: "413"})
    assert answer.status_code == 200
