"""No raw user id or event id reaches a disk or a log, whatever happens to its request.

Canary ids are sent down every path, good and bad. Then the files of PostgreSQL (heap,
WAL, log) and Valkey and the log of this process are searched for them.
"""

import logging
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis
from django.conf import settings

from db import sql
from embedded import home as embedded
from events import names
from events.models import Event
from pipeline.tasks import aggregate, drain

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        "DATABASE_URL" in os.environ, reason="the files of a given server are not ours"
    ),
]
URL = "/v0/analytics"
SECRET, OPEN = b"canary-of-", b"shown-item"  # the second proves that the search finds
numbers = iter(range(10**6))


def event(**fields):
    """Returns an event whose ids are canaries never sent before."""
    number = next(numbers)
    ids = {"user_id": f"canary-of-user-{number}", "event_id": f"canary-of-id-{number}"}
    return {"event_name": "view", **ids, "item_id": "shown-item", **fields}


def outcomes(client, monkeypatch):
    """Sends canaries in every way a request can end; returns the status codes."""
    repeated = [event() for _ in range(50)]
    bodies = [
        repeated,
        repeated,
        {"events": [event(datetime=datetime.now(UTC).isoformat())]},
        [event(), event(user_id=5)],
        [event(), event(user_id="canary-of-\0")],
        [event(), event(user_id="canary-of-" * 30)],
        event(datetime="2020-01-01T00:00:00Z"),
        event(datetime="canary-of-time"),
        event(namespace="canary-of-namespace"),
    ]
    answers = [client.post(URL, body, format="json") for body in bodies]
    raw = b'{"event_name": "view", "user_id": "canary-of-broken'
    answers.append(client.post(URL, raw, content_type="application/json"))
    answers.append(client.post(URL, raw, content_type="text/canary-of-type"))
    large = b" " * 5_000_000 + raw
    answers.append(client.post(URL, large, content_type="application/json"))
    with monkeypatch.context() as patch:
        patch.setattr(names, "NAME_LIMIT", 1)
        full = [event(), event(event_name="other")]
        answers.append(client.post(URL, full, format="json"))
    answers.append(client.put(URL, event(), format="json"))
    return [answer.status_code for answer in answers]


def failing(client):
    """Sends a canary into a database that refuses its row."""
    sql.execute(
        "ALTER TABLE events_inboxevent ADD CONSTRAINT refusal CHECK (item_id <> 'no')"
    )
    client.raise_request_exception = False
    try:
        return client.post(URL, event(item_id="no"), format="json").status_code
    finally:
        sql.execute("ALTER TABLE events_inboxevent DROP CONSTRAINT refusal")


def hits(text):
    """Returns the parts of the paths of all files of the servers that have a text."""
    home, found = Path(settings.LOCAL_DIR), set()
    for path in home.rglob("*"):
        with suppress(FileNotFoundError):  # a file of the moment
            if path.is_file() and text in path.read_bytes():
                found |= set(path.relative_to(home).parts)
    return found


def test_no_raw_id_is_stored_or_logged(backend, caplog, monkeypatch):
    caplog.set_level(logging.DEBUG)
    expected = [204, 204, 204, 400, 400, 400, 400, 400, 403, 400, 400, 413, 400, 405]
    assert outcomes(backend, monkeypatch) == expected
    assert failing(backend) == 500
    drain()
    aggregate()
    assert Event.objects.count() == 51
    sql.execute("CHECKPOINT")
    with redis.Redis.from_url(
        embedded.redis_client_url(settings.SECRET_REDIS_URL)
    ) as queue:
        queue.set("shown", OPEN)
    assert {"base", "pg_wal", "valkey"} <= hits(OPEN)
    assert (Path(settings.LOCAL_DIR) / "logs" / "postgres.log").stat().st_size
    assert hits(SECRET) == set()
    assert "canary-of-" not in caplog.text
    assert "drained 51 events" in caplog.text
