"""Web processes wait for the database for seconds; workers and commands longer."""

import subprocess
import sys

import pytest

from config import patience
from tests.pipeline.processes import ROOT, environment

SHOW = """
from django.db import connection
with connection.cursor() as cursor:
    for name in ("lock_timeout", "statement_timeout"):
        cursor.execute("SHOW " + name)
        print(cursor.fetchone()[0])
"""


def test_a_bound_of_zero_is_left_to_the_role():
    assert patience.options(web=True, whole=lambda name, seconds: 0) == ""
    assert patience.options(web=False, whole=lambda name, seconds: 0) == ""


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("first", "extra", "bounds"),
    [
        ("import config.asgi", {}, ["2s", "20s"]),
        ("import config.asgi", {"WEB_LOCK_SECONDS": "0"}, ["0", "20s"]),
        ("import config.celery, django; django.setup()", {}, ["10min", "0"]),
    ],
)
def test_each_process_asks_for_its_bounds(first, extra, bounds):
    shown = subprocess.run(
        [sys.executable, "-c", f"{first}\n{SHOW}"],
        cwd=ROOT,
        env=environment(**extra),
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.split() == bounds


@pytest.mark.django_db
def test_what_the_url_asks_for_is_obeyed():
    ours = environment()
    ours["DATABASE_URL"] += "?options=-c%20lock_timeout%3D7s"
    shown = subprocess.run(
        [sys.executable, "-c", f"import config.asgi\n{SHOW}"],
        cwd=ROOT,
        env=ours,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.split() == ["7s", "20s"]


def test_a_worker_waits_longer_for_a_connection_and_a_command_has_no_pool():
    web, worker, command = (
        patience.connections(process=process, most=8)
        for process in ("web", "worker", "command")
    )
    assert (web["pool"]["timeout"], worker["pool"]["timeout"]) == (3, 60)
    assert command == {"connect_timeout": 60}
