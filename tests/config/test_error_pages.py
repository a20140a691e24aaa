"""No error page shows a secret, also not with DEBUG."""

import sys
from urllib.parse import quote

import dj_database_url
import psycopg
import pytest
from django.test import RequestFactory
from django.views.debug import (
    SafeExceptionReporterFilter,
    get_default_exception_reporter_filter,
    technical_500_response,
)
from kombu import Connection
from redis import Redis

SECRETS = {
    "of the database": "hush/1?",
    "of redis": "hush@2",
    "of the mail server": "hush-3",
    "of sessions": "hush-4" * 8,
    "of user keys": "hush-5" * 8,
    "of the storage": "hush-6",
}


@pytest.fixture(autouse=True)
def deployment(settings):
    database, redis, mail, sessions, keys, storage = SECRETS.values()
    url = f"postgresql://abacus:{quote(database, safe='')}@localhost:1/abacus"
    settings.DEBUG = True
    settings.SECRET_DATABASE_URL = url
    settings.SECRET_REDIS_URL = f"redis://:{quote(redis)}@localhost:1/0"
    settings.EMAIL_HOST_PASSWORD = mail
    settings.SECRET_KEY, settings.USER_KEY_SECRET = sessions, keys
    options = {"bucket_name": "here", "secret_key": storage}
    settings.STORAGES = settings.STORAGES | {"extra": {"OPTIONS": options}}
    return settings


def leaked(text):
    forms = {name: {secret, quote(secret)} for name, secret in SECRETS.items()}
    return [name for name, each in forms.items() if any(form in text for form in each)]


def page(fail):
    """Returns the error page of a request that fails so."""
    request = RequestFactory().get("/", headers={"X-Sent": "shown"})
    request.META["DATABASE_URL"] = deployed(request)
    try:
        fail()
    except Exception:  # noqa: BLE001 - whatever it is, a page tells of it
        return technical_500_response(request, *sys.exc_info()).content.decode()


def deployed(request):
    """What a server may put beside the headers: the process's environment."""
    return f"postgresql://abacus:{quote(SECRETS['of the database'], safe='')}@db/abacus"


def reach_the_database(settings):
    parameters = dj_database_url.parse(settings.SECRET_DATABASE_URL)
    psycopg.connect(
        host=parameters["HOST"], port=1, password=parameters["PASSWORD"], user="abacus"
    )


def reach_redis(settings):
    Redis.from_url(settings.SECRET_REDIS_URL).ping()


def reach_the_broker(settings):
    with Connection(settings.SECRET_REDIS_URL, connect_timeout=1) as broker:
        broker.ensure_connection(max_retries=1)


@pytest.mark.parametrize("reach", [reach_the_database, reach_redis, reach_the_broker])
def test_a_failed_connection_shows_no_password(reach, deployment):
    shown = page(lambda: reach(deployment))
    assert "Traceback" in shown
    assert "X_SENT" in shown
    assert leaked(shown) == []


def test_djangos_own_filter_hides_every_secret_among_the_settings():
    shown = SafeExceptionReporterFilter().get_safe_settings()
    assert shown["DATABASES"]["default"]["ENGINE"].startswith("django")
    assert leaked(repr(shown)) == []


def test_what_holds_no_secret_is_shown():
    shown = get_default_exception_reporter_filter().get_safe_settings()
    assert shown["TIME_ZONE"] == "UTC"
    assert shown["STORAGES"]["extra"]["OPTIONS"]["bucket_name"] == "here"
