"""What whoever types a command can put right ends in a sentence, not a traceback."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection

from config.commandline import INTERRUPTED, sentence
from embedded.home import EmbeddedError

NOWHERE = "postgres://ada:secret@127.0.0.1:1/abacus"
PROGRAM = (sys.executable, settings.BASE_DIR / "manage.py")


def manage(*arguments, **environment):
    """Returns the exit code and standard error of a command."""
    secrets = {"SECRET_KEY": "s" * 40, "USER_KEY_SECRET": "u" * 40}
    done = subprocess.run(
        [*PROGRAM, *arguments],
        env={**os.environ, **secrets, **environment},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stderr


def test_commands_without_a_server_say_what_to_do(tmp_path):
    events = tmp_path / "a.csv"
    events.write_text("event_name,user_id,datetime\nbuy,ann,2026-03-04T12:00:00Z\n")
    elsewhere = {"DATABASE_URL": NOWHERE, "REDIS_URL": "redis://127.0.0.1:1"}
    embedded = {"DATABASE_URL": "", "LOCAL_DIR": str(tmp_path)}
    with ThreadPoolExecutor() as pool:
        told = [
            pool.submit(manage, "verify", **embedded),
            pool.submit(manage, "import_events", str(events), **elsewhere),
            pool.submit(manage, "migrate", **elsewhere),
            pool.submit(manage, "verify", "--traceback", **elsewhere),
        ]
    first, second, third, traceback = [future.result() for future in told]
    assert {code for code, _ in (first, second, third)} == {1}
    assert first[1] == (
        f"Abacus does not run in {tmp_path}: start it with `manage.py serve` or "
        "`make demo`, then run this again.\n"
    )
    assert second[1] == third[1]
    assert third[1] == (
        "The database does not answer: connection failed: connection to server at "
        '"127.0.0.1", port 1 failed: Connection refused (DATABASE_URL).\n'
    )
    assert "Traceback" in traceback[1]


def test_ctrl_c_ends_quietly():
    # What runs in the background of a shell ignores it, and so do its children.
    heed = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    waiting = f"{heed}; print('ready', flush=True); signal.pause()"
    with subprocess.Popen(
        [*PROGRAM, "shell", "-c", waiting],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stderr
        assert any(line == "ready\n" for line in process.stdout)
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == ""
    assert process.returncode == INTERRUPTED


def test_a_reader_that_has_enough_ends_a_command_quietly():
    endless = "while True: print('line')"
    with subprocess.Popen(
        [*PROGRAM, "shell", "-c", endless],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1


def refused(statement):
    with pytest.raises(DatabaseError) as caught, connection.cursor() as cursor:
        cursor.execute(statement)
    return sentence(caught.value)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("SELECT * FROM nowhere", "The database is not up to date: run `manage.py"),
        (
            "SET statement_timeout = 1; SELECT count(*) FROM generate_series(1, 1e9)",
            "The database cannot do it now (canceling statement",
        ),
        (
            "SELECT pg_terminate_backend(pg_backend_pid())",
            "The database cannot do it n",
        ),
        (
            "DO $$ BEGIN RAISE 'full' USING ERRCODE = 'disk_full'; END $$",
            "The database refused: full.",
        ),
    ],
)
def test_what_the_database_says_is_told_with_what_to_do(statement, told):
    assert (refused(statement) or "").startswith(told)


@pytest.mark.django_db
def test_faults_of_the_program_keep_their_traceback():
    assert refused("SELEC 1") is None
    assert sentence(ZeroDivisionError()) is None


def test_other_refusals_are_told_as_they_are(tmp_path):
    assert sentence(ImproperlyConfigured("DEBUG=yes: write True or False")) == (
        "DEBUG=yes: write True or False"
    )
    assert sentence(EmbeddedError("no room")) == "no room"
    with pytest.raises(OSError, match="Is a directory") as caught:
        tmp_path.open()
    assert sentence(caught.value) == f"{tmp_path}: Is a directory"
    with pytest.raises(OSError, match="No space") as caught:
        Path("/dev/full").write_text("x")
    assert (sentence(caught.value) or "").startswith("No space left on device: nothing")
