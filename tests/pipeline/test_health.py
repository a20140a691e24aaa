"""GET /healthz and /readyz, for monitors: open to all, true without a doubt."""

import pytest
import time_machine

from events import services as intake
from pipeline import drain
from tests.analytics.builders import MINUTE, NOON, aggregate, event, namespace

READY = {
    "ready": True,
    "redis": True,
    "inbox_lag_seconds": 0,
    "aggregation_lag_seconds": 0,
    "failing": 0,
}


def test_a_process_that_lives_says_so_without_a_database(client):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok")


@pytest.mark.django_db
def test_all_is_ready_when_nothing_waits(client):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, READY)


@pytest.mark.django_db
def test_the_lag_is_that_of_the_oldest_event_in_each_stage(client):
    shop = namespace()
    waiting = event("view", NOON - 60 * MINUTE)._replace(namespace_id=shop)
    intake.record(arrivals=[waiting], received_at=NOON)
    with time_machine.travel(NOON + 14 * MINUTE, tick=False):
        assert client.get("/readyz").json() == READY | {"inbox_lag_seconds": 840}
        drain.drain_all(at=NOON + 4 * MINUTE)
        assert client.get("/readyz").json() == READY | {"aggregation_lag_seconds": 600}
        aggregate(shop)
        assert client.get("/readyz").json() == READY


@pytest.mark.django_db
@pytest.mark.parametrize("stage", ["inbox", "aggregation"])
def test_numbers_more_than_fifteen_minutes_behind_are_not_ready(client, stage):
    waiting = event("view")._replace(namespace_id=namespace())
    intake.record(arrivals=[waiting], received_at=NOON)
    if stage == "aggregation":
        drain.drain_all(at=NOON)
    with time_machine.travel(NOON + 15 * MINUTE, tick=False):
        assert client.get("/readyz").status_code == 200
    with time_machine.travel(NOON + 16 * MINUTE, tick=False):
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == READY | {"ready": False, f"{stage}_lag_seconds": 960}


@pytest.mark.django_db
def test_a_silent_redis_is_not_ready(client, settings):
    settings.SECRET_REDIS_URL = "redis://127.0.0.1:1/0"
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == READY | {"ready": False, "redis": False}
