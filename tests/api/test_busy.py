"""Whoever would wait too long for the database is told to come again."""

from contextlib import contextmanager

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Namespace
from db import sql
from tests.conftest import T0
from tests.transactions import elsewhere

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),
]
EVERYTHING = """
LOCK TABLE accounts_namespace, analytics_bucket, analytics_kpi, goals_counter,
    events_inboxevent, events_itemprice, flags_flag IN ACCESS EXCLUSIVE MODE
"""
PRICES = {"prices": [{"item_id": "cup", "price": 1}]}
EVENT = {"event_name": "view", "user_id": "ann"}


@contextmanager
def bounded(monkeypatch, bound):
    """Opens connections as a web process would, with less patience."""
    options = {**connection.settings_dict["OPTIONS"], "pool": False, "options": bound}
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    try:
        yield
    finally:
        connection.close()
        monkeypatch.undo()


@pytest.mark.parametrize("bound", ["-c lock_timeout=50ms", "-c statement_timeout=50ms"])
def test_what_would_wait_is_503_with_retry_after(monkeypatch, root, staff, bound):
    Namespace.objects.get_or_create(name="default")
    with (
        elsewhere(lambda: sql.execute(EVERYTHING)),
        bounded(monkeypatch, bound),
    ):
        answers = [
            root.get("/analytics/kpis/values/"),
            root.put("/analytics/items/prices/", PRICES, format="json"),
            root.get("/readyz"),
        ]
        under_v0 = [
            root.get("/v0/analytics"),
            root.post("/v0/analytics", EVENT, format="json"),
        ]
        staff.raise_request_exception = False
        pages = [staff.get("/"), staff.get("/admin/flags/flag/")]
    for answer in answers + under_v0 + pages:
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
        assert "busy" in answer.text
    for answer in answers:
        assert answer.json()["error_name"] == "ServerUnavailable"
    for answer in under_v0:
        assert answer.json()["error"].keys() == {"what"}
    for page in pages:
        assert page.headers["Content-Type"].startswith("text/html")
    answer = root.put("/analytics/items/prices/", PRICES, format="json")
    assert answer.status_code == 204


@pytest.fixture
def staff(accounts):
    user = accounts.objects.create_superuser("ada", role="root", last_login=T0)
    client = Client()
    client.force_login(user)
    return client
