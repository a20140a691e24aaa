"""`manage.py rebuild` and the periodic task."""

import pytest
import time_machine
from django.core.management import CommandError, call_command

from analytics.buckets import backfill, metric_backfill, tasks
from analytics.models import Backfill, Kind, Metric
from tests.analytics.builders import (
    DAY,
    NOON,
    aggregate,
    arrive,
    event,
    metric,
    namespace,
    stored,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def shop():
    shop = namespace()
    arrive(shop, [event("click", NOON - day * DAY) for day in range(2)])
    aggregate(shop)
    for name in ("clicks", "more_clicks"):
        metric(name, Kind.COUNT, "click", built_as="")
    metric("pushed", Kind.EXTERNAL)
    return shop


def refused(*arguments):
    with pytest.raises(CommandError) as caught:
        call_command("rebuild", *arguments)
    assert not Backfill.objects.exists()
    return str(caught.value)


def test_a_metric_is_rebuilt_by_its_name(shop, capsys):
    call_command("rebuild", "clicks")
    assert stored(shop, "clicks") == {NOON: 1, NOON - DAY: 1}
    assert stored(shop, "more_clicks") == {}
    assert capsys.readouterr().out == (
        "clicks: rebuilt from 2026-02-24 00:00 UTC on; older buckets stay as they "
        "were\n"
    )


def test_all_that_need_it_are_rebuilt(shop, capsys):
    call_command("rebuild", "--stale")
    assert stored(shop, "clicks") == stored(shop, "more_clicks") != {}
    assert metric_backfill.stale() == []
    capsys.readouterr()
    call_command("rebuild", "--stale")
    assert capsys.readouterr().out == "nothing to rebuild\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name the metrics, or write --stale"),
        (["clicks", "--stale"], "name the metrics, or write --stale"),
        (["clicks", "click"], "no metric named 'click'; did you mean clicks"),
        (["nonsense"], "there is no metric named 'nonsense'"),
        (["clicks", "pushed"], "pushed is external"),
    ],
)
def test_what_cannot_be_rebuilt_is_refused_with_the_reason(shop, arguments, message):
    assert message in refused(*arguments)


def test_what_staff_asked_for_is_done_by_the_command_as_well(shop):
    metric_backfill.request(metrics=[Metric.objects.get(name="clicks")], at=NOON)
    call_command("rebuild", "clicks")
    assert Backfill.objects.get().finished_at == NOON


def test_a_metric_switched_off_meanwhile_is_an_error(shop, monkeypatch):
    advance = backfill.advance

    def switched_off(*arguments, **options):
        Metric.objects.filter(name="clicks").update(active=False)
        return advance(*arguments, **options)

    monkeypatch.setattr(backfill, "advance", switched_off)
    with pytest.raises(CommandError, match="not rebuilt: clicks"):
        call_command("rebuild", "clicks")


def test_a_tick_does_what_is_asked_for_and_another_nothing(shop):
    metric_backfill.request(metrics=metric_backfill.stale(), at=NOON)
    for _ in range(2):
        tasks.backfill()
        assert metric_backfill.stale() == []
        assert stored(shop, "clicks") == stored(shop, "more_clicks") != {}


def test_a_tick_ends_when_its_time_is_over_and_the_next_goes_on(shop, monkeypatch):
    metric_backfill.request(metrics=metric_backfill.stale(), at=NOON)
    monkeypatch.setattr(tasks, "RUN_SECONDS", 0.001)
    ticks = 0
    while metric_backfill.stale():
        tasks.backfill()
        ticks += 1
    assert ticks > 2
    assert stored(shop, "clicks") == stored(shop, "more_clicks") != {}
