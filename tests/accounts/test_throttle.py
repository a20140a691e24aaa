"""Too many wrong passwords bring a pause, in which nothing is hashed."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client, RequestFactory

from accounts.models import User
from accounts.throttle import LIMITS, PAUSE, UNKNOWN, address

pytestmark = pytest.mark.django_db
LOGIN, SECRET = "/admin/login/?next=/", "a long secret"
OF_BOTH, OF_AN_ADDRESS, OF_AN_ACCOUNT = (limit for _, limit in LIMITS)


@pytest.fixture(autouse=True)
def ada():
    return User.objects.create_user("ada", password=SECRET, role="manager")


def log_in(*, password=SECRET, name="ada", at="192.0.2.1", **headers):
    form = {"username": name, "password": password}
    return Client().post(LOGIN, form, REMOTE_ADDR=at, headers=headers).status_code


def mistype(times, **fields):
    return {log_in(password=f"wrong {n}", **fields) for n in range(times)}


def test_after_ten_wrong_passwords_the_right_one_has_to_wait_too(time_machine, t0):
    time_machine.move_to(t0, tick=False)
    assert mistype(OF_BOTH - 1) == {200}
    assert mistype(5) == {429}
    assert log_in() == 429
    time_machine.move_to(t0 + PAUSE + timedelta(seconds=1), tick=False)
    assert log_in() == 302


def test_the_page_says_how_long(client):
    mistype(OF_BOTH)
    form = {"username": "ada", "password": SECRET}
    response = client.post(LOGIN, form, REMOTE_ADDR="192.0.2.1")
    assert "try again in 5 minutes" in response.text
    assert response.headers["Retry-After"] == "300"
    assert "sessionid" not in response.cookies


def test_in_the_pause_nothing_is_hashed(monkeypatch):
    hashed, encode = [], MD5PasswordHasher.encode

    def counted(self, password, salt):
        hashed.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    mistype(40)
    assert len(hashed) == OF_BOTH


def test_one_address_locks_an_account_for_itself_alone():
    mistype(OF_BOTH + 20)
    assert log_in(at="198.51.100.7") == 302


def test_an_address_that_tries_many_accounts_has_to_wait_for_all():
    mistype(1)
    AccessAttempt.objects.update(failures_since_start=OF_AN_ADDRESS, username="bob")
    assert log_in() == 429
    assert log_in(at="198.51.100.7") == 302


def test_an_account_that_many_addresses_try_has_to_wait_everywhere():
    mistype(1)
    AccessAttempt.objects.update(failures_since_start=OF_AN_ACCOUNT)
    assert log_in(at="198.51.100.7") == 429


def test_the_right_password_forgets_what_was_mistyped_and_no_more():
    mistype(OF_BOTH - 1)
    mistype(2, name="bob")
    mistype(3, at="198.51.100.7")
    assert log_in() == 302
    left = AccessAttempt.objects.values_list("username", "failures_since_start")
    assert sorted(left) == [("ada", 3), ("bob", 2)]


def test_failures_are_forgotten_after_the_pause(time_machine, t0):
    time_machine.move_to(t0, tick=False)
    mistype(3, name="bob")
    time_machine.move_to(t0 + PAUSE + timedelta(seconds=1), tick=False)
    mistype(1)
    assert AccessAttempt.objects.get().username == "ada"


def test_the_password_is_not_kept():
    mistype(2)
    assert "wrong" not in str(AccessAttempt.objects.values())


def test_behind_a_proxy_its_visitors_are_told_apart(settings):
    settings.PROXY_COUNT = 1
    proxy = "10.0.0.1"
    mistype(OF_BOTH, at=proxy, **{"X-Forwarded-For": "203.0.113.5, 192.0.2.1"})
    forged = {"X-Forwarded-For": "198.51.100.7, 192.0.2.1"}
    assert log_in(at=proxy, **forged) == 429
    assert log_in(at=proxy, **{"X-Forwarded-For": "192.0.2.2"}) == 302


@pytest.mark.parametrize(
    ("proxies", "forwarded", "remote", "expected"),
    [
        (0, "203.0.113.5", "192.0.2.1", "192.0.2.1"),
        (1, "", "192.0.2.1", "192.0.2.1"),
        (1, "203.0.113.5", "192.0.2.1", "203.0.113.5"),
        (1, "forged, 203.0.113.5", "192.0.2.1", "203.0.113.5"),
        (2, "203.0.113.5, 10.0.0.2", "10.0.0.1", "203.0.113.5"),
        (3, "203.0.113.5", "10.0.0.1", "203.0.113.5"),
        (1, "unknown", "192.0.2.1", UNKNOWN),
        (0, "", "", UNKNOWN),
        (0, "", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        (0, "", "::ffff:192.0.2.1", "192.0.2.1"),
    ],
)
def test_the_address_is_the_one_that_the_nearest_proxies_heard_from(
    settings, proxies, forwarded, remote, expected
):
    settings.PROXY_COUNT = proxies
    told = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory().get("/", REMOTE_ADDR=remote, headers=told)
    assert address(request) == expected


def test_who_has_no_address_has_to_wait_as_well():
    mistype(OF_BOTH, at="")
    assert log_in(at="") == 429


def test_root_lifts_a_pause(client):
    client.force_login(User.objects.create_superuser("root"))
    mistype(OF_BOTH)
    [attempt] = AccessAttempt.objects.all()
    path = f"/admin/axes/accessattempt/{attempt.pk}/delete/"
    assert client.post(path, {"post": "yes"}).status_code == 302
    assert log_in() == 302


def test_a_token_costs_no_more_than_its_own_query(root, django_assert_num_queries):
    with django_assert_num_queries(1 + 1):
        root.get("/analytics/kpis/configs/")
