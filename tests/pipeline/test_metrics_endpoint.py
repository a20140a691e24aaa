"""`GET /metrics`: the state of the pipeline, open to all, for Prometheus."""

import pytest
import time_machine
from django.db import connection
from prometheus_client.parser import text_string_to_metric_families

from events import services as intake
from pipeline import drain
from tests.analytics.builders import MINUTE, NOON, aggregate, event, namespace

IDLE = """\
# HELP abacus_ready 1 where /readyz answers 200.
# TYPE abacus_ready gauge
abacus_ready 1.0
# HELP abacus_redis_up 1 where Redis answers.
# TYPE abacus_redis_up gauge
abacus_redis_up 1.0
# HELP abacus_inbox_lag_seconds How long the oldest event waits to be counted.
# TYPE abacus_inbox_lag_seconds gauge
abacus_inbox_lag_seconds 0.0
# HELP abacus_aggregation_lag_seconds How long the oldest batch of counted events \
waits to be aggregated.
# TYPE abacus_aggregation_lag_seconds gauge
abacus_aggregation_lag_seconds 0.0
# HELP abacus_batches_pending Batches of counted events that are not aggregated; \
10,000: so many or more.
# TYPE abacus_batches_pending gauge
abacus_batches_pending 0.0
# HELP abacus_failing Pieces of periodic work that failed at their last attempt.
# TYPE abacus_failing gauge
abacus_failing 0.0
"""
QUIET = {"ready": 1, "redis_up": 1}
QUIET |= dict.fromkeys(["inbox_lag_seconds", "aggregation_lag_seconds"], 0)
QUIET |= {"batches_pending": 0, "failing": 0}


def scraped(client):
    """Returns gauge, without its prefix → value."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    families = list(text_string_to_metric_families(answer.content.decode()))
    assert {one.type for one in families} == {"gauge"}
    return {
        sample.name.removeprefix("abacus_"): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.mark.django_db
@pytest.mark.parametrize("url", ["/metrics", "/metrics/"])
@pytest.mark.parametrize("accept", ["*/*", "text/plain", "text/plain;version=0.0.4"])
def test_an_idle_pipeline_is_this_text(client, url, accept):
    answer = client.get(url, headers={"Accept": accept})
    assert answer.content.decode() == IDLE
    kind = "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["Content-Type"] == kind


@pytest.mark.django_db
def test_the_lags_are_those_of_readyz(client):
    shop = namespace()
    waiting = event("view", NOON - 60 * MINUTE)._replace(namespace_id=shop)
    intake.record(arrivals=[waiting], received_at=NOON)
    with time_machine.travel(NOON + 14 * MINUTE, tick=False):
        assert scraped(client) == QUIET | {"inbox_lag_seconds": 840}
        drain.drain_all(at=NOON + 4 * MINUTE)
        pending = {"aggregation_lag_seconds": 600, "batches_pending": 1}
        assert scraped(client) == QUIET | pending
        aggregate(shop)
        assert scraped(client) == QUIET


@pytest.mark.django_db
def test_a_pipeline_that_is_not_ready_is_told_with_a_200(client):
    """Prometheus throws away the body of any other answer."""
    waiting = event("view")._replace(namespace_id=namespace())
    intake.record(arrivals=[waiting], received_at=NOON)
    with time_machine.travel(NOON + 16 * MINUTE, tick=False):
        assert client.get("/readyz").status_code == 503
        assert scraped(client) == QUIET | {"ready": 0, "inbox_lag_seconds": 960}


@pytest.mark.django_db
def test_a_silent_redis_is_told(client, settings):
    settings.SECRET_REDIS_URL = "redis://127.0.0.1:1/0"
    assert scraped(client) == QUIET | {"ready": 0, "redis_up": 0}


@pytest.mark.django_db
def test_no_name_of_the_business_is_open(client):
    shop = namespace()
    for users in (1, 2):
        batch = [event("secret sale", user=user) for user in range(users)]
        intake.record(
            arrivals=[one._replace(namespace_id=shop) for one in batch],
            received_at=NOON,
        )
        drain.drain_all(at=NOON)
    text = client.get("/metrics").content.decode()
    assert "{" not in text
    assert "secret" not in text


@pytest.mark.django_db
def test_a_scrape_costs_four_queries(client, django_assert_num_queries):
    for _ in range(3):
        waiting = event("view")._replace(namespace_id=namespace())
        intake.record(arrivals=[waiting], received_at=NOON)
        with django_assert_num_queries(4):  # inbox, age of batches, batches, failures
            client.get("/metrics")
        drain.drain_all(at=NOON)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("accept", ["*/*", "text/plain"])
def test_without_a_database_it_is_503_in_json(client, monkeypatch, accept):
    connection.close()
    options = {**connection.settings_dict["OPTIONS"], "pool": False}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nowhere")
    try:
        answer = client.get("/metrics", headers={"Accept": accept})
    finally:
        monkeypatch.undo()
        connection.close()
    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["error_name"] == "ServerUnavailable"
