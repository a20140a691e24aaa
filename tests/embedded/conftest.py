"""Folders to run servers from."""

import subprocess

import pytest

from embedded import postgres, servers
from embedded.supervisor import Supervisor


@pytest.fixture
def home(tmp_path):
    """A folder for servers, from which nothing runs in the end."""
    folder = tmp_path / "local"
    folder.mkdir(mode=0o700)
    yield folder
    servers.recover(folder)
    servers.remove(folder)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A new cluster of PostgreSQL, with its database, at rest."""
    folder = tmp_path_factory.mktemp("cluster")
    with Supervisor(folder, say=print) as running:
        servers.start(running, durable=False, with_valkey=False)
    yield postgres.data_directory(folder)
    servers.remove(folder)


@pytest.fixture
def filled(home, cluster):
    """A folder with such a cluster: a copy is quicker made than a cluster."""
    copy = postgres.data_directory(home)
    subprocess.run(["cp", "--archive", cluster, copy], check=True)
    return home
