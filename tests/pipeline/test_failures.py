"""What fails in one namespace is noted there, and is no reason to stop the others."""

from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from kombu import Connection

from accounts.models import Namespace
from analytics.buckets import backfill, metric_backfill, segment_backfill
from analytics.models import Backfill, Kind, Metric
from db import sql
from events import services as intake
from events.models import Failure, SeenEvent
from pipeline import aggregate, drain, retain
from pipeline import tasks as pipeline_tasks
from tests.analytics.builders import (
    DAY,
    MINUTE,
    NOON,
    arrive,
    event,
    metric,
    namespace,
    stored,
)
from tests.analytics.kinds.segmented import leaf, segmented

pytestmark = pytest.mark.django_db
POISON = """
CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.namespace_id = {} THEN RAISE EXCEPTION 'poison'; END IF; RETURN NEW;
END $$;
CREATE TRIGGER poison BEFORE INSERT ON {} FOR EACH ROW EXECUTE FUNCTION poison()
"""
CURE = "DROP TRIGGER poison ON {}; DROP FUNCTION poison"


@contextmanager
def poisoned(table, namespace_id):
    """Lets every write of a namespace's rows fail."""
    sql.execute(POISON.format(namespace_id, table))
    yield
    sql.execute(CURE.format(table))


@pytest.fixture
def shops():
    """Two namespaces with work of every kind, the first made of them poisoned."""
    metric("revenue", Kind.SUM, "purchase")
    shops = namespace(), namespace()
    for shop in shops:
        arrive(shop, [event("purchase", value="2")])
    return shops


def noted():
    return [
        (one.work, one.subject, one.error, one.times) for one in Failure.objects.all()
    ]


def test_an_aggregation_that_fails_stops_no_other(shops, caplog):
    ill, well = shops
    with poisoned("analytics_bucket", ill):
        for times in (1, 2):
            aggregate.aggregate_all(at=NOON)
            assert noted() == [("aggregate", ill, "ProgrammingError", times)]
    assert not stored(ill, "revenue")
    assert stored(well, "revenue") == {NOON: 2}
    assert f"aggregate of {ill} failed: ProgrammingError" in caplog.text
    assert "poison" not in caplog.text  # a message may hold what somebody sent
    aggregate.aggregate_all(at=NOON)
    assert stored(ill, "revenue") == {NOON: 2}
    assert noted() == []


def test_a_drain_that_fails_stops_no_other(shops):
    ill, _ = shops
    for shop in shops:
        later = [
            event("view", user=user)._replace(namespace_id=shop) for user in (1, 2)
        ]
        intake.record(arrivals=later, received_at=NOON)
    with poisoned("events_batch", ill):
        assert drain.drain_all(at=NOON) == 2
    assert noted() == [("drain", ill, "ProgrammingError", 2)]  # two of its shards
    assert drain.drain_all(at=NOON) == 2
    assert noted() == []


def test_backfills_that_fail_stop_no_other(shops):
    ill, well = shops
    cuts = [segmented(shop, leaf()) for shop in shops]
    bad, good = (metric(name, Kind.COUNT, "purchase", built_as="") for name in "ab")
    metric_backfill.request(metrics=[bad], at=NOON)
    metric_backfill.request(metrics=[good], at=NOON)
    with poisoned("analytics_bucket", ill):
        while backfill.advance_next(at=NOON):
            pass
    failed = {subject for work, subject, _, _ in noted() if work == "backfill"}
    assert len(failed) == len(noted())
    rows = list(Backfill.objects.filter(pk__in=failed))
    assert {bool(row.metric) for row in rows} == {True, False}
    [(filled, _)] = segment_backfill.filled(namespace_id=well)
    assert filled.definition == cuts[1].definition
    while backfill.advance_next(at=NOON):
        pass
    assert noted() == []
    assert not any(one.stale for one in Metric.objects.all())


def test_what_fails_comes_last_in_the_next_tick(shops):
    ill, well = shops
    with poisoned("analytics_bucket", ill):
        aggregate.aggregate_all(at=NOON)
    for shop in shops:
        arrive(shop, [event("purchase", NOON + MINUTE, value="3")])
    runs = aggregate.aggregate_all(at=NOON)
    assert [run.namespace_id for run in runs] == [well, ill]


def test_a_long_aggregation_goes_to_the_end_of_its_queue_behind_the_drains(
    shops, monkeypatch
):
    monkeypatch.setattr(pipeline_tasks, "TURN_SECONDS", -1)
    with Connection(settings.SECRET_REDIS_URL) as broker:
        channel: Any = broker.default_channel
        channel.client.delete("counting")
        pipeline_tasks.aggregate()
        assert channel.client.llen("counting") == 1
        channel.client.delete("counting")
    left, done = sorted(shops, key=lambda shop: len(stored(shop, "revenue")))
    assert not stored(left, "revenue")
    assert stored(done, "revenue") == {NOON: 2}


def test_monitors_and_commands_tell_what_fails(shops, client):
    ill, _ = shops
    with poisoned("analytics_bucket", ill):
        told = f"^aggregate of {ill}: ProgrammingError$"
        with pytest.raises(CommandError, match=told):
            call_command("aggregate")
        assert client.get("/readyz").json()["failing"] == 1
        assert "abacus_failing 1.0" in client.get("/metrics").content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_session_that_is_ended_stops_no_other_namespace(shops):
    ill, well = shops

    def end_session(execute, statement, *rest):
        if "INSERT INTO analytics_bucket" in statement and not ended:
            ended.append(statement)
            [(pid,)] = sql.fetch("SELECT pg_backend_pid()")
            other = connection.copy()
            with other.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
            other.close()
        return execute(statement, *rest)

    ended: list[str] = []
    with connection.execute_wrapper(end_session):
        runs = aggregate.aggregate_all(at=NOON)
    assert [run.namespace_id for run in runs] == [well]
    assert noted() == [("aggregate", ill, "OperationalError", 1)]
    assert aggregate.aggregate_all(at=NOON)
    assert noted() == []


def test_what_others_did_meanwhile_is_forgotten(shops):
    ill, _ = shops
    with poisoned("analytics_bucket", ill):
        aggregate.aggregate_all(at=NOON)
    aggregate.aggregate(namespace_id=ill, at=NOON)
    aggregate.aggregate_all(at=NOON)
    assert noted() == []


def test_what_is_not_tried_any_more_is_forgotten(shops):
    with poisoned("analytics_bucket", shops[0]):
        aggregate.aggregate_all(at=NOON)
    Namespace.objects.filter(pk=shops[0]).update(name="still here")
    retain.drop_past(now=NOON + DAY)
    assert len(noted()) == 1
    retain.drop_past(now=NOON + DAY + MINUTE)
    assert noted() == []


def test_what_was_seen_long_ago_is_forgotten_piece_by_piece(shops, monkeypatch):
    monkeypatch.setattr(intake, "PIECE", 2)
    for number in range(5):
        one = event("view")._replace(namespace_id=shops[0], event_hash=f"{number:032x}")
        intake.record(arrivals=[one], received_at=NOON)
    retain.drop_past(now=NOON + 8 * DAY)
    assert not SeenEvent.objects.exists()
