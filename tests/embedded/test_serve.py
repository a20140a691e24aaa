import json
import socket
from io import StringIO

import pytest
from django.core.management import call_command

from accounts.models import User
from embedded.management.commands import demo, serve

HOST = "127.0.0.1"


@pytest.fixture
def port():
    """A port that a socket of ours has taken."""
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        yield taken.getsockname()[1]


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


def test_reset_forgets_everything(home, settings):
    settings.LOCAL_DIR = home
    (home / "postgres").mkdir()
    call_command("demo", "--reset", stdout=StringIO())
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
        user = User.objects.get(username=name)
        assert user.check_password(login["password"])
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
