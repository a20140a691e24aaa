"""An import owns its span: numbers there stay, or are replaced as a whole."""

from datetime import UTC, datetime

import pytest

from accounts.models import Namespace
from analytics.models import AggregationRun, Bucket, Carried, Cause, Kind
from events import services as intake
from events.models import Event, Import, InboxEvent
from pipeline import retain
from pipeline.importing import catch_up
from tests.analytics import builders
from tests.analytics.builders import DAY, HOUR, MINUTE, NOON
from tests.pipeline.importing.importing import (
    FIVE,
    OLD,
    event,
    newest,
    refusal,
    run,
    stopped,
    stored,
    total,
    visits,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("import_metrics"),
]


def test_a_span_with_numbers_is_not_touched(file):
    run(file("a.jsonl", visits(3)))
    before = stored("views"), stored("users")
    wider = [event(at=OLD - DAY), event(at=OLD + DAY)]
    assert refusal(file("b.jsonl", wider)) == (
        "shop already has numbers of 2025-01-28 12:00 to 2025-01-28 12:05 UTC; to "
        "replace all of 2025-01-27 12:00 to 2025-01-29 12:05 UTC, give --replace"
    )
    assert (stored("views"), stored("users")) == before


def test_what_waits_counts_as_there(file, shop):
    at = OLD + MINUTE
    waiting = builders.event("view", at)._replace(namespace_id=shop.pk)
    intake.record(arrivals=[waiting], received_at=NOON)
    assert "already has numbers of 2025-01-28 12:00" in refusal(
        file("a.jsonl", visits(1))
    )


def test_history_without_a_bucket_counts_as_there(file, shop):
    builders.arrive(shop.pk, [builders.event("scroll", OLD + HOUR)])
    builders.aggregate(shop.pk)
    Bucket.objects.all().delete()
    path = file("a.jsonl", [event(), event(at=OLD + DAY)])
    assert "numbers of 2025-01-28 13:00 to 2025-01-28 13:05" in refusal(path)


def test_pushed_numbers_are_no_obstacle_and_stay(file, shop):
    builders.metric("cost", Kind.EXTERNAL)
    builders.fill(shop.pk, "cost", {OLD: 5})
    run(file("a.jsonl", visits(1)))
    run(file("b.jsonl", visits(2)), "--replace")
    assert stored("cost") == {OLD: 5}
    assert stored("cost", 86400) == {OLD - 12 * HOUR: 5}


def test_other_namespaces_are_no_obstacle_and_stay(file):
    other = builders.namespace()
    builders.arrive(other, [builders.event("view", OLD)])
    builders.aggregate(other)
    run(file("a.jsonl", visits(1)))
    run(file("b.jsonl", visits(2)), "--replace")
    assert builders.stored(other, "views") == {OLD: 1}
    assert Event.objects.filter(namespace_id=other).count() == 1


def test_a_replaced_span_holds_the_new_events_alone(file):
    early, late = event(at=OLD - DAY, value=1), event(at=OLD + DAY)
    run(file("a.jsonl", [early, *visits(9, at=OLD), late]))
    run(file("b.jsonl", visits(2, at=OLD)), "--replace")
    assert stored("views") == {OLD - DAY: 1, OLD: 2, OLD + FIVE: 4, OLD + DAY: 1}


def test_a_replaced_span_is_empty_where_nothing_came_instead(file):
    run(file("a.jsonl", [event(), event(at=OLD + HOUR), event(at=OLD + DAY)]))
    again = [event(), event(at=OLD + DAY)]
    run(file("b.jsonl", again), "--replace")
    assert stored("views") == {OLD: 1, OLD + DAY: 1}
    assert stored("views", 3600) == {OLD: 1, OLD + DAY: 1}
    assert Event.objects.count() == 2
    run_ = AggregationRun.objects.get(cause=Cause.REPLACE)
    assert run_.started_at == newest().started_at


def test_users_counted_in_a_replaced_span_stay_counted(file):
    """The filters know them, so no event will ever mark them as new again."""
    run(file("a.jsonl", visits(3)))
    again = [*visits(3), event(user="new", at=OLD), event(user="u1", at=OLD + HOUR)]
    for _ in range(2):
        run(file("b.jsonl", again), "--replace")
        assert stored("users") == {OLD: 4}
        assert stored("users", 86400) == {OLD - 12 * HOUR: 4}
    assert dict(Carried.objects.values_list("start_at", "value")) == {OLD: 4}
    assert total("views") == 5


def test_events_with_ids_can_be_replaced_by_themselves(file):
    """Their ids were seen, but what they brought is gone."""
    sent = [event(user=f"u{n}", event_id=str(n)) for n in range(3)]
    run(file("a.jsonl", sent))
    for _ in range(2):
        assert "0 repeats left out" in run(file("a.jsonl", sent), "--replace")
        assert total("views") == 3
    assert "3 events imported" in run(file("b.jsonl", [*sent, sent[0]]), "--replace")


def test_what_looked_back_on_replaced_events_counts_anew(file):
    """A click that a replacement takes away takes its purchase along."""
    builders.metric("direct", Kind.ATTRIBUTED_SUM, "buy", after="click", unit="usd")
    at = datetime.now(UTC) - 3 * DAY
    run(file("a.jsonl", [event("click", at=at, item_id="hat")]))
    later = at + DAY
    run(file("b.jsonl", [event("buy", at=later, item_id="hat", value=5)]))
    assert total("direct") == 5
    run(file("c.jsonl", [event("view", at=at)]), "--replace")
    assert total("direct") == 0
    assert total("revenue") == 5


def test_an_import_that_was_stopped_keeps_others_out_of_its_span(file, monkeypatch):
    stopped(file("a.jsonl", visits(9)), monkeypatch, after=1)
    run(file("b.jsonl", visits(2, at=OLD + HOUR)))
    told = refusal(file("c.jsonl", [event(at=OLD + 9 * MINUTE)]))
    assert "a.jsonl, 2025-01-28 12:00 to 2025-01-28 12:10 UTC, is not finished" in told


def test_a_replacing_import_gives_up_one_that_was_stopped(file, monkeypatch):
    stopped(file("a.jsonl", visits(9)), monkeypatch, after=2)
    run(file("b.jsonl", [event(), event(at=OLD + 8 * MINUTE)]), "--replace")
    assert total("views") == 2
    assert Import.objects.count() == 1


def test_going_on_does_not_replace_again(file, monkeypatch):
    run(file("a.jsonl", visits(9)))
    ids = [{**one, "event_id": one["user_id"]} for one in visits(20)]
    path = file("b.jsonl", ids)
    stopped(path, monkeypatch, after=3, arguments=["--replace"])
    taken = newest().taken
    assert 0 < taken < 20
    catch_up.catch_up(Namespace.objects.get().pk, clock=lambda: NOON + 999 * DAY)
    run(path)
    assert total("views") == 20
    assert AggregationRun.objects.filter(cause=Cause.REPLACE).count() == 1
    assert newest().recorded == 20


def test_an_import_that_another_process_goes_on_with_stops(file, monkeypatch):
    path = file("a.jsonl", visits(9))
    stopped(path, monkeypatch, after=1)
    took = intake.record

    def record(**fields):
        Import.objects.update(taken=9, recorded=9)
        return took(**fields)

    monkeypatch.setattr(intake, "record", record)
    assert refusal(path) == "another process goes on with it, or it was deleted"
    assert Event.objects.count() + InboxEvent.objects.count() < 9


def test_history_stays_until_an_import_ended_a_day_ago(file, monkeypatch):
    path = file("a.jsonl", visits(9))
    stopped(path, monkeypatch, after=1)
    shop = Namespace.objects.get().pk
    catch_up.catch_up(shop, clock=lambda: NOON + 999 * DAY)
    kept = Event.objects.count()
    assert kept
    retain.drop_past(now=NOON)
    assert Event.objects.count() == kept
    run(path)
    ended = Import.objects.get().finished_at
    assert ended
    retain.drop_past(now=ended + DAY - MINUTE)
    assert Event.objects.count() == 9
    retain.drop_past(now=ended + DAY + MINUTE)
    assert not Event.objects.exists()
    assert total("views") == 9
