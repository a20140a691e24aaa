"""API tokens: hashed in the table, one small query, and 401 for whatever is not one."""

from datetime import UTC, datetime, timedelta

import pytest
from knox.models import AuthToken
from rest_framework.test import APIClient

from accounts import services
from accounts.models import User

pytestmark = pytest.mark.django_db

CONFIGS, V0 = "/analytics/kpis/configs/", "/v0/analytics"
REFUSED = {
    "no header": "",
    "another scheme": "Token abc",
    "no token": "Bearer",
    "an unknown token": "Bearer " + "0" * 64,
    "garbage": "Bearer ☃",
    "more garbage": "Bearer \x00\x01\x7f",
    "non-ASCII": "Bearer t\xf6ken",
    "too long": "Bearer " + "a" * 8000,
    "a broken encoding": "Bearer \xff\xfe",
}


def get(path, header):
    return APIClient().get(path, headers={"Authorization": header} if header else {})


def test_a_token_lets_its_account_in(token):
    assert get(CONFIGS, f"Bearer {token('root')}").status_code == 200


def test_the_scheme_may_be_written_in_any_case(token):
    assert get(CONFIGS, f"bearer {token('root')}").status_code == 200


def test_the_table_holds_no_token(token):
    secret = token("root")
    [row] = AuthToken.objects.values_list()
    assert all(secret not in str(column) for column in row)
    assert len(secret) == 64


@pytest.mark.parametrize("header", REFUSED.values(), ids=REFUSED.keys())
def test_anything_else_is_401_in_the_envelope(header):
    header = header.encode().decode("latin-1")  # as a server hands it over
    response = get(CONFIGS, header)
    body = response.json()
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert (body["error_code"], body["error_name"]) == (21, "AuthError")
    assert body["message"].startswith("Cannot perform authentication: ")
    assert body["error_data"]["name"] == "INCORRECT_TOKEN"


@pytest.mark.parametrize("header", REFUSED.values(), ids=REFUSED.keys())
def test_anything_else_is_401_in_the_body_of_v0(header):
    response = get(V0, header.encode().decode("latin-1"))
    assert response.status_code == 401
    assert response.json() == {"error": "Missing or invalid authorization header"}


def test_a_token_with_more_behind_it_is_refused(token):
    assert get(CONFIGS, f"Bearer {token('root')} more").status_code == 401


def test_an_expired_token_is_refused(token):
    header = f"Bearer {token('root')}"
    AuthToken.objects.update(expiry=datetime.now(UTC) + timedelta(hours=1))
    assert get(CONFIGS, header).status_code == 200
    AuthToken.objects.update(expiry=datetime.now(UTC) - timedelta(seconds=1))
    assert get(CONFIGS, header).status_code == 401


def test_a_revoked_token_is_refused(token):
    header = f"Bearer {token('root')}"
    AuthToken.objects.all().delete()
    assert get(CONFIGS, header).status_code == 401


def test_an_inactive_account_is_refused(token):
    header = f"Bearer {token('root')}"
    User.objects.update(is_active=False)
    assert get(CONFIGS, header).status_code == 401


def test_authentication_costs_one_query_whatever_else_the_account_holds(
    token, django_assert_num_queries
):
    header = f"Bearer {token('manager', 'shop')}"
    for _ in range(20):
        services.new_token(User.objects.get())
    with django_assert_num_queries(1 + 1) as queries:  # the token, and the KPIs
        assert get(CONFIGS, header).status_code == 200
    assert "knox_authtoken" in queries.captured_queries[0]["sql"]


def test_a_wrong_token_costs_one_query(django_assert_num_queries):
    with django_assert_num_queries(1):
        get(CONFIGS, "Bearer " + "0" * 64)
