"""The servers the tests run against: a pytest plugin, and a command for other tools.

Unless DATABASE_URL and REDIS_URL are set, a throw-away PostgreSQL and Valkey live as
long as the test run. They start before pytest-django loads the settings, which find
them, and their generated secrets, in LOCAL_DIR. Of a parallel run each process has its
own, but for the one that runs no tests.

    python -m tests.servers PROGRAM [ARGUMENT …]     runs any program beside them
"""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from embedded import home as embedded
from embedded import servers

TALK_ONLY = {"-h", "--help", "-V", "--version", "--co", "--collect-only"}

# Tests start a hundred Pythons, and each would compile all that it imports again; who
# wants no bytecode beside the sources finds none there.
if sys.dont_write_bytecode:
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(Path(sys.prefix) / "bytecode")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix


@contextmanager
def running(*, needed: bool = True) -> Iterator[None]:
    """Points the environment at servers for tests, if need be at new ones.

    Where they are not `needed`, at nothing but a folder for the secrets.
    """
    with ExitStack() as stack:
        given = {"DATABASE_URL", "REDIS_URL"} & os.environ.keys()
        if not needed:
            os.environ["LOCAL_DIR"] = stack.enter_context(TemporaryDirectory())
        elif len(given) < 2:
            home = stack.enter_context(servers.throwaway())
            os.environ["LOCAL_DIR"] = str(home)
            if "REDIS_URL" not in given:
                os.environ["REDIS_URL"] = embedded.redis_url(home)
        if "DATABASE_URL" in given:
            for name in ("SECRET_KEY", "USER_KEY_SECRET"):
                os.environ.setdefault(name, secrets.token_urlsafe(48))
            os.environ.setdefault("HTTPS", "False")
        yield


def runs_tests(config: pytest.Config) -> bool:
    """Says whether tests run in this process, or in those that it starts (-n)."""
    processes = getattr(config.known_args_namespace, "numprocesses", None)
    return not processes or "PYTEST_XDIST_WORKER" in os.environ


stack = ExitStack()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, args: list[str]
) -> Iterator[None]:
    if not TALK_ONLY & set(args):
        stack.enter_context(running(needed=runs_tests(early_config)))
    return (yield)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    stack.close()


if __name__ == "__main__":
    with running():
        done = subprocess.run(sys.argv[1:], check=False)
    sys.exit(done.returncode)
