"""An import that is killed goes on where it was: every event counts once."""

import subprocess
import sys
import time
from io import StringIO
from random import Random

import orjson
import pytest
from django.core.management import call_command

from analytics.models import Bucket, Kind
from events import history
from events.models import Batch, Event, Import, InboxEvent
from tests.analytics import builders
from tests.analytics.builders import DAY, HOUR, NOON
from tests.pipeline import processes

pytestmark = pytest.mark.django_db(transaction=True)
EVENTS, KILLS = 12_000, 2
OLD = NOON - 30 * DAY


@pytest.fixture
def path(tmp_path):
    """A file of some hours; every third event is told twice."""
    random, file = Random(1), tmp_path / "events.jsonl"
    lines = []
    for number in range(EVENTS):
        at = OLD + 6 * HOUR * number / EVENTS
        one = {
            "event_name": random.choice(["view", "buy"]),
            "user_id": f"u{random.randrange(EVENTS // 5)}",
            "datetime": at.isoformat(),
            "value": random.randrange(10_000) / 100,
            "event_id": str(number - number % 3 // 2),
        }
        lines.append(orjson.dumps(one))
    file.write_bytes(b"\n".join(lines))
    return file


def metrics():
    builders.metric("views", Kind.COUNT, "view")
    builders.metric("revenue", Kind.SUM, "buy", unit="usd")
    builders.metric("users", Kind.UNIQUE)
    builders.metric("sessions", Kind.SESSIONS)
    history.ensure([OLD.date()])


# Small parts, so that there are many points to be killed at.
PROGRAM = """
import sys
from django.core.management import execute_from_command_line
import django; django.setup()
from events.files import reading
from pipeline.importing import catch_up, record
record.CHUNK, reading.BLOCK = 500, 50_000
catch_up.PASS, catch_up.AGGREGATED = 2_000, 2_000
execute_from_command_line(["manage.py", "import_events", *sys.argv[1:]])
"""


def start(path, namespace):
    environment = {"DJANGO_SETTINGS_MODULE": "config.settings"}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(path), "--namespace", namespace],
        cwd=processes.ROOT,
        env=processes.environment(**environment),
        stdout=subprocess.DEVNULL,
    )


def buckets(namespace):
    rows = Bucket.objects.filter(namespace__name=namespace)
    return set(rows.values_list("metric", "resolution", "start_at", "value"))


def taken():
    return sum(Import.objects.values_list("taken", flat=True))


def kill(process, random):
    """Kills an import at a random point after it has taken some more events."""
    goal = min(taken() + EVENTS // (KILLS + 1), EVENTS)
    processes.until(lambda: taken() >= goal or process.poll() is not None)
    time.sleep(random.random() / 10)
    process.kill()
    process.wait()


def test_kills_at_random_points_lose_and_double_nothing(path):
    metrics()
    random, points = Random(2), []
    for _ in range(KILLS):
        kill(start(path, "killed"), random)
        points.append((taken(), InboxEvent.objects.count(), Batch.objects.count()))
    assert len(set(points)) > 1
    start(path, "killed").wait()
    call_command("import_events", path, "--namespace", "straight", stdout=StringIO())
    for done in Import.objects.all():
        assert done.finished_at
        assert (done.taken, done.recorded) == (EVENTS, EVENTS * 2 // 3)
    assert Event.objects.count() == EVENTS * 4 // 3
    assert buckets("killed") == buckets("straight")
    assert {resolution for _, resolution, *_ in buckets("killed")} == {300, 3600, 86400}
