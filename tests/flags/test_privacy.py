"""No raw user id of a request for flags reaches a disk or a log, nor does its Base64.

Canaries are sent down every path, then the servers' files and our log are searched.
"""

import base64
import json
import logging
import os
from contextlib import suppress
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from db import sql
from events import names
from events.models import InboxEvent
from tests.flags.builders import encoded

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        "DATABASE_URL" in os.environ, reason="the files of a given server are not ours"
    ),
]
SECRET, SHOWN = "canary-of-", "shown-feature"  # the second proves that the search finds
MET = {"feature": SHOWN}
PREVIEW = "/admin/flags/flag/preview/"
numbers = iter(range(10**6))


def ann(**fields):
    """Returns a user whose id is a canary never sent before."""
    return {"user_id": f"{SECRET}{next(numbers)}", **fields}


def needles():
    """Returns the secret, and its Base64 wherever in a text it may begin."""
    parts = [base64.b64encode(b"x" * start + SECRET.encode()) for start in range(3)]
    return [SECRET.encode(), *(part[4:-4] for part in parts)]


def hits(needle):
    """Returns the parts of the paths of all files of the servers that have it."""
    home, found = Path(settings.LOCAL_DIR), set()
    for path in home.rglob("*"):
        with suppress(FileNotFoundError):  # a file of the moment
            if path.is_file() and needle in path.read_bytes():
                found |= set(path.relative_to(home).parts)
    return found


def outcomes(ask, client, monkeypatch):
    """Asks with canaries in every way a request can end; returns the status codes."""
    queries = [
        {"user_obj": ann(), "context_obj": MET},
        {"user_obj": ann()},
        {"user_obj": ann(user_id=[SECRET]), "context_obj": MET},
        {"user_obj": ann(user_id=SECRET * 30), "context_obj": MET},
        {"user_obj": ann(user_id=f"{SECRET}\0"), "context_obj": MET},
        {"user_obj": ann(), "context_obj": {"feature": 5}},
        {"user_obj": ann(), "context_obj": MET, "namespace": "foreign"},
        {"user_obj": [SECRET]},
        {"user_obj": f"{SECRET}!"},
        {"user_obj": base64.b64encode(b"{" + SECRET.encode()).decode()},
    ]
    answers = [ask(client, **query) for query in queries]
    with monkeypatch.context() as patch:
        patch.setattr(names, "NAME_LIMIT", 0)
        other = {"feature": "other"}
        answers.append(ask(client, user_obj=ann(), context_obj=other))
    answers.append(client.post(f"/v0/features?user_obj={encoded(ann())}"))
    return [answer.status_code for answer in answers]


def failing(ask, client):
    """Sends a canary into a database that refuses its row."""
    table = "ALTER TABLE events_inboxevent"
    sql.execute(f"{table} ADD CONSTRAINT refusal CHECK (user_key IS NULL) NOT VALID")
    client.raise_request_exception = False
    try:
        return ask(client, user_obj=ann(), context_obj=MET).status_code
    finally:
        sql.execute(f"{table} DROP CONSTRAINT refusal")


def test_no_raw_id_is_stored_or_logged(ask, backend, flag, shop, caplog, monkeypatch):
    caplog.set_level(logging.DEBUG)
    flag(boolean=True)
    expected = [200, 200, 400, 400, 400, 400, 403, 400, 400, 400, 200, 405]
    assert outcomes(ask, backend, monkeypatch) == expected
    assert failing(ask, backend) == 500
    staff = Client()
    staff.force_login(User.objects.create_superuser("ada"))
    form = {"namespace": shop.pk, "user": json.dumps(ann())}
    assert SECRET in staff.post(PREVIEW, form).text
    assert InboxEvent.objects.count() == 1
    sql.execute("CHECKPOINT")
    assert {"base", "pg_wal"} <= hits(SHOWN.encode())
    for needle in needles():
        assert hits(needle) == set()
        assert needle.decode() not in caplog.text
    assert "refusal" in caplog.text
