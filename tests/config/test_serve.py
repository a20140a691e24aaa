import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from config import servers, service
from config.management.commands import demo, serve

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"


@pytest.fixture
def port():
    """A port that a socket of ours has taken."""
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        yield taken.getsockname()[1]


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "local"
    folder.mkdir(mode=0o700)
    yield folder
    servers.recover(folder)
    servers.remove(folder)


def manage(home: Path, *arguments: str) -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), *arguments]


def environment(home: Path) -> dict[str, str]:
    ours = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**ours, "LOCAL_DIR": str(home), "WEB_CONCURRENCY": "1"}


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        manage(home, *arguments),
        env=environment(home),
        capture_output=True,
        text=True,
        check=False,
    )


@contextmanager
def serving(home: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Runs `manage.py serve`, yields it and its address, and kills it in the end."""
    with subprocess.Popen(
        manage(home, "serve"),
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            said = []
            for line in process.stdout or ():
                said.append(line)
                if line.startswith("Abacus is at "):
                    yield process, line.split()[3]
                    break
            else:
                pytest.fail("".join(said))
        finally:
            process.kill()


def test_the_port_of_the_environment_is_obeyed(monkeypatch):
    monkeypatch.setenv("PORT", "54321")
    assert serve.choose_port(HOST) == 54321


def test_a_port_that_is_taken_is_said_plainly(monkeypatch, port):
    monkeypatch.setenv("PORT", str(port))
    with pytest.raises(serve.PortError, match=f"Port {port} is taken"):
        serve.choose_port(HOST)


@pytest.mark.parametrize("wrong", ["", "0", "65536", "-1", "http"])
def test_a_port_that_is_none_is_said_plainly(monkeypatch, wrong):
    monkeypatch.setenv("PORT", wrong)
    with pytest.raises(serve.PortError, match="from 1 to 65535"):
        serve.choose_port(HOST)


def test_without_a_port_the_first_free_one_is_taken(monkeypatch, port):
    monkeypatch.delenv("PORT", raising=False)
    monkeypatch.setattr(serve, "FIRST_PORT", port)
    monkeypatch.setattr(serve, "LAST_PORT", port + 50)
    assert port < serve.choose_port(HOST) <= port + 50


def test_when_every_port_is_taken_it_is_said_plainly(monkeypatch, port):
    monkeypatch.delenv("PORT", raising=False)
    monkeypatch.setattr(serve, "FIRST_PORT", port)
    monkeypatch.setattr(serve, "LAST_PORT", port)
    with pytest.raises(serve.PortError, match="set PORT"):
        serve.choose_port(HOST)


def test_serve_runs_everything_refuses_a_second_start_and_stops_cleanly(home):
    with serving(home) as (process, address):
        with urllib.request.urlopen(f"{address}healthz", timeout=10) as answer:
            assert answer.status == 200
        second = run(home, "serve")
        assert second.returncode == 1
        assert second.stderr.startswith("Abacus is already running from this folder")
        assert str(process.pid) in second.stderr
        assert address.rstrip("/") in second.stderr
        reset = run(home, "demo", "--reset")
        assert reset.returncode == 1
        assert "Stop it first" in reset.stderr
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=40) == 0
    assert service.leftovers(home) == []


def test_reset_forgets_everything(home):
    (home / "postgres").mkdir()
    assert run(home, "demo", "--reset").returncode == 0
    assert not home.exists()


def test_logins_are_remembered_for_each_database_and_closed_to_others(tmp_path):
    one = {"root": {"password": "p", "token": "t"}}
    demo.Logins(tmp_path, database="one").put(one)
    demo.Logins(tmp_path, database="two").put({})
    assert demo.Logins(tmp_path, database="one").get() == one
    assert demo.Logins(tmp_path, database="three").get() == {}
    assert (tmp_path / "demo.json").stat().st_mode & 0o777 == 0o600
    assert set(json.loads((tmp_path / "demo.json").read_text())) == {"one", "two"}


@pytest.mark.django_db
def test_the_demo_makes_one_working_login_per_role_and_keeps_it(
    tmp_path, settings, client
):
    settings.LOCAL_DIR = tmp_path
    first, second = demo.Command(), demo.Command()
    first.fill()
    second.fill()
    assert first.logins == second.logins
    assert set(first.logins) == {"root", "manager", "backend"}
    for name, login in first.logins.items():
        assert client.login(username=name, password=login["password"])
    token = first.logins["manager"]["token"]
    headers = {"Authorization": f"Bearer {token}"}
    answer = client.get("/analytics/kpis/status/", headers=headers)
    assert answer.status_code == 200


def test_the_summary_has_lines_to_paste():
    login = {"password": "secret", "token": "abc"}
    text = demo.summary("http://here:1", {"root": login, "manager": login})
    lines = [line.strip() for line in text.splitlines() if "curl" in line]
    assert len(lines) == 3
    assert lines[0] == (
        "curl -s -H 'Authorization: Bearer abc' 'http://here:1/analytics/kpis/values/'"
    )
