"""Imports for tests: events of long ago in files, and the command that takes them."""

import io

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Namespace
from events import services as intake
from events.models import Import
from pipeline.importing import record as imports
from tests.analytics import builders
from tests.analytics.builders import DAY, MINUTE, NOON

FIVE = 5 * MINUTE
OLD = NOON - 400 * DAY


def event(name="view", user="ann", at=OLD, **fields):
    return {
        "event_name": name,
        "user_id": user,
        "datetime": at.isoformat(),
        **fields,
    }


def visits(number, *, at=OLD, **fields):
    """Events of as many users, a minute apart."""
    return [event(user=f"u{n}", at=at + n * MINUTE, **fields) for n in range(number)]


def run(*arguments):
    out = io.StringIO()
    call_command("import_events", *arguments, "--namespace", "shop", stdout=out)
    return out.getvalue()


def refusal(*arguments):
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    return str(caught.value)


def stored(name, resolution=300):
    shop = Namespace.objects.get(name="shop").pk
    return builders.stored(shop, name, resolution)


def total(name):
    return sum(stored(name).values())


def newest():
    return Import.objects.latest("pk")


class StopError(Exception):
    """Stands for a kill."""


def stopped(path, monkeypatch, *, after, arguments=()):
    """Runs an import that ends after so many of its parts."""
    took = intake.record

    def record(**fields):
        nonlocal after
        if not after:
            raise StopError
        after -= 1
        return took(**fields)

    with monkeypatch.context() as patch:
        patch.setattr(intake, "record", record)
        patch.setattr(imports, "CHUNK", 1)
        patch.setattr("events.files.reading.BLOCK", 300)
        with pytest.raises(StopError):
            run(path, *arguments)
