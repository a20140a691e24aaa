"""`manage.py`: what whoever types a command can put right ends in a sentence.

Faults of the program itself keep their traceback; `--traceback` shows it for all.
"""

import errno
import os
import sys
from collections.abc import Sequence

import psycopg
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import OperationalError, ProgrammingError
from psycopg import errors

from embedded.home import EmbeddedError

ASIDE = "start it with `manage.py serve` or `make demo`, then run this again"
OUTDATED = (errors.UndefinedTable, errors.UndefinedColumn)
PASSING = (
    errors.AdminShutdown,
    errors.CannotConnectNow,
    errors.DeadlockDetected,
    errors.LockNotAvailable,
    errors.QueryCanceled,
)
INTERRUPTED = 130  # as shells tell of Ctrl-C


def main(arguments: Sequence[str]) -> None:
    """Runs a command; leaves with its exit code, and a sentence on standard error."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    # How it comes by connections to the database: config.patience.
    os.environ["PROCESS"] = "command"
    try:
        execute_from_command_line(list(arguments))
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Who reads, as `head` does, has enough; nothing is left to be written at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        message = sentence(error)
        if message is None or "--traceback" in arguments:
            raise
        sys.exit(message)


def sentence(error: Exception) -> str | None:
    """Returns what is wrong and what to do; None for a fault of the program."""
    match error:
        case ImproperlyConfigured() | EmbeddedError():
            return str(error)
        case OperationalError() | ProgrammingError():
            return database_sentence(error.__cause__)
        case OSError(filename=str() | bytes(), strerror=str()):
            return f"{os.fsdecode(error.filename)}: {error.strerror}"
        case OSError(errno=errno.ENOSPC | errno.EDQUOT | errno.EIO):
            return f"{error.strerror}: nothing more can be written or read."
    return None


def database_sentence(error: BaseException | None) -> str | None:
    """Returns the same for what the database, or the way to it, said."""
    if isinstance(error, OUTDATED):
        return "The database is not up to date: run `manage.py migrate` first."
    if isinstance(error, PASSING):
        return f"The database cannot do it now ({first_line(error)}): run this again."
    if not isinstance(error, psycopg.OperationalError):
        return None
    if error.sqlstate:
        return f"The database refused: {first_line(error)}."
    if settings.EMBEDDED:
        return f"Abacus does not run in {settings.LOCAL_DIR}: {ASIDE}."
    return f"The database does not answer: {first_line(error)} (DATABASE_URL)."


def first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0].rstrip(".")
