"""An unexpected error is logged with its traceback, and without any value."""

import logging
import logging.config

import pytest

from config import logs


@pytest.fixture
def restored():
    from django.conf import settings

    yield
    logging.config.dictConfig(settings.LOGGING)


def fail(user_id):
    raise ValueError("told by the programmer")


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_traceback_names_lines_and_no_local_variable(form, capfd, restored):
    logging.config.dictConfig(logs.configuration(level="INFO", form=form))
    try:
        fail("".join(["alice", "@", "example"]))
    except ValueError:
        logging.getLogger("test").exception("failed")
    line = capfd.readouterr().err
    assert "told by the programmer" in line
    assert "in fail" in line
    assert "alice@example" not in line
