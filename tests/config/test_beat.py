"""Periodic work is due however often beat starts and whatever its clock says."""

from datetime import UTC, datetime, timedelta

import pytest
from celery import Celery
from celery.beat import PersistentScheduler

from config import beat
from config.beat import Beat, Every
from config.celery import app as abacus

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Clock:
    """A wall clock that may be set, and one that only goes on."""

    def __init__(self):
        self.wall, self.seconds = NOON, 0.0

    def now(self):
        return self.wall

    def monotonic(self):
        return self.seconds

    def wait(self, seconds):
        self.wall += timedelta(seconds=seconds)
        self.seconds += seconds


class Noting(Beat):
    """Notes what it would send."""

    sent: list[str]

    def apply_entry(self, entry, producer=None):
        self.sent.append(entry.name)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(beat, "time", clock)
    return clock


@pytest.fixture
def scheduler(clock):
    entries = {name: beat.tick(name, seconds=n) for name, n in (("a", 2), ("b", 300))}
    for entry in entries.values():
        entry["schedule"].nowfun = clock.now
    with Celery("test", broker="memory://", set_as_current=False) as app:
        app.conf.beat_schedule = entries
        scheduler = Noting(app=app)
        scheduler.sent = []
        yield scheduler


def ticks(scheduler):
    """Returns what is sent until beat would wait."""
    scheduler.sent.clear()
    while scheduler.tick() == 0:
        pass
    return sorted(scheduler.sent)


def test_all_is_due_at_the_start_and_then_at_its_interval(scheduler, clock):
    assert ticks(scheduler) == ["a", "b"]
    assert ticks(scheduler) == []
    clock.wait(2)
    assert ticks(scheduler) == ["a"]
    clock.wait(298)
    assert ticks(scheduler) == ["a", "b"]


@pytest.mark.parametrize("change", [-HOUR, HOUR])
def test_a_clock_that_is_set_changes_no_interval(scheduler, clock, change):
    ticks(scheduler)
    clock.wall += change
    assert ticks(scheduler) == []
    clock.wait(2)
    assert ticks(scheduler) == ["a"]
    for _ in range(148):
        clock.wait(2)
        assert ticks(scheduler) == ["a"]
    clock.wait(2)
    assert ticks(scheduler) == ["a", "b"]


def test_a_last_run_that_is_yet_to_come_is_none():
    every = Every(300, nowfun=lambda: NOON, app=abacus)
    assert every.is_due(NOON + HOUR) == (True, 300)
    assert every.is_due(NOON - HOUR) == (True, 300)
    assert every.is_due(NOON) == (False, 300)


def test_the_products_own_work_is_due_in_a_beat_that_is_new(tmp_path):
    """Also where a deployment has told beat to keep a file."""
    file = str(tmp_path / "schedule")
    schedule = PersistentScheduler(app=abacus, schedule_filename=file)
    try:
        ours = abacus.conf.beat_schedule
        due = {name: schedule.schedule[name].is_due()[0] for name in ours}
    finally:
        schedule.close()
    assert {"drain", "aggregate", "retain", "sweep", "expire-reports"} < due.keys()
    assert all(due.values())
    assert abacus.conf.beat_scheduler == f"{Beat.__module__}:{Beat.__name__}"


def test_what_counts_has_a_queue_of_its_own():
    router = abacus.amqp.router
    queues = {
        entry["task"]: router.route({}, entry["task"])["queue"].name
        for entry in abacus.conf.beat_schedule.values()
    }
    counting = {task for task, queue in queues.items() if queue == "counting"}
    assert counting == {"pipeline.tasks.drain", "pipeline.tasks.aggregate"}
    assert set(queues.values()) == {"counting", "background"}
    routes = {
        (queue.exchange.name, queue.routing_key) for queue in abacus.conf.task_queues
    }
    assert len(routes) == 2  # or each would get the messages of both
