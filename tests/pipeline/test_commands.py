"""`drain`, `aggregate` and `retain` by hand do what the periodic tasks do."""

from collections.abc import Callable

import pytest
import time_machine
from django.core.management import call_command

from analytics.models import Kind
from events import services as intake
from pipeline import tasks
from pipeline import tasks as draining
from tests.analytics.builders import DAY, NOON, event, metric, namespace, stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> int:
    """One event in the inbox."""
    metric("views", Kind.COUNT, "view")
    shop = namespace()
    intake.record(
        arrivals=[event("view")._replace(namespace_id=shop)], received_at=NOON
    )
    return shop


def test_commands_say_what_they_did_and_that_nothing_is_left(shop, capsys):
    call_command("drain")
    call_command("aggregate")
    assert stored(shop, "views") == {NOON: 1}
    assert "1 events" in capsys.readouterr().out
    call_command("drain")
    call_command("aggregate")
    assert "nothing to aggregate" in capsys.readouterr().out
    with time_machine.travel(NOON + 30 * DAY, tick=False):
        call_command("retain")
    assert f"{NOON:%Y-%m-%d}" in capsys.readouterr().out
    assert stored(shop, "views") == {NOON: 1}


def test_tasks_do_the_same_when_they_are_ticked(shop):
    ticks: list[Callable[[], None]] = [
        draining.drain,
        tasks.aggregate,
        tasks.retain,
    ]
    for tick in ticks * 2:
        tick()
    assert stored(shop, "views") == {NOON: 1}
