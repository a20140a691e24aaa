"""The servers the tests run against: a pytest plugin, and a command for other tools.

Unless DATABASE_URL and REDIS_URL are set, a throw-away PostgreSQL and Valkey live as
long as the test run. They start before pytest-django loads the settings, which find
them, and their generated secrets, in LOCAL_DIR.

    python -m tests.servers PROGRAM [ARGUMENT …]     runs any program beside them
"""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from config import embedded, servers

OURS = "ABACUS_TEST_SERVERS"  # REDIS_URL is ours, not given by whoever runs the tests
TALK_ONLY = {"-h", "--help", "-V", "--version", "--co", "--collect-only"}


@contextmanager
def running() -> Iterator[None]:
    """Points the environment at servers for tests, if need be at new ones."""
    with ExitStack() as stack:
        if os.environ.get(OURS):  # a parallel test run's: each process has its own
            del os.environ["REDIS_URL"]
        given = {"DATABASE_URL", "REDIS_URL"} & os.environ.keys()
        if len(given) < 2:
            home = stack.enter_context(servers.throwaway())
            os.environ["LOCAL_DIR"] = str(home)
            if "REDIS_URL" not in given:
                os.environ["REDIS_URL"] = embedded.redis_url(home)
                os.environ[OURS] = "yes"
        if "DATABASE_URL" in given:
            for name in ("SECRET_KEY", "USER_KEY_SECRET"):
                os.environ.setdefault(name, secrets.token_urlsafe(48))
            os.environ.setdefault("HTTPS", "False")
        yield


stack = ExitStack()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(args: list[str]) -> Iterator[None]:
    if not TALK_ONLY & set(args):
        stack.enter_context(running())
    return (yield)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    stack.close()


if __name__ == "__main__":
    with running():
        done = subprocess.run(sys.argv[1:], check=False)
    sys.exit(done.returncode)
