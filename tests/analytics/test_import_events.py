"""`import_events`: files become buckets as if their events had come in time."""

import gzip
import io
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import orjson
import pytest
from django.core.management import CommandError, call_command

from access.models import Namespace
from analytics import imports, settling
from analytics.models import AggregationRun, Bucket, Carried, Cause, Kind
from events import services as intake
from events.models import Event, EventName, Import, InboxEvent, SeenEvent
from goals import queries as goals
from tests.analytics import builders
from tests.analytics.builders import DAY, HOUR, MINUTE, NOON

pytestmark = pytest.mark.django_db(transaction=True)
FIVE = 5 * MINUTE
OLD = NOON - 400 * DAY


@pytest.fixture(autouse=True)
def _metrics(db):
    builders.metric("views", Kind.COUNT, "view")
    builders.metric("revenue", Kind.SUM, "buy", unit="usd")
    builders.metric("users", Kind.UNIQUE)
    builders.metric("sessions", Kind.SESSIONS)


@pytest.fixture
def file(tmp_path):
    def write(name, events):
        path = tmp_path / name
        path.write_bytes(b"".join(orjson.dumps(event) + b"\n" for event in events))
        return str(path)

    return write


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


def nothing_stored():
    tables = (Namespace, InboxEvent, Event, SeenEvent, EventName, Import, Bucket)
    return not any(table.objects.exists() for table in tables)


def test_events_of_any_age_become_buckets(file):
    sold = event("buy", "bob", OLD + HOUR, value=12.5)
    out = run(file("a.jsonl", [*visits(3), sold]))
    assert "4 events imported into shop" in out
    assert stored("views") == {OLD: 3}
    assert stored("revenue") == {OLD + HOUR: 12.5}
    assert stored("users", 3600) == {OLD: 3, OLD + HOUR: 1}
    assert stored("sessions") == {OLD: 3, OLD + HOUR: 1}
    done = Import.objects.get()
    assert (done.total, done.taken, done.recorded) == (4, 4, 4)
    assert (done.start_at, done.end_at) == (OLD, OLD + HOUR + FIVE)
    assert done.finished_at
    assert not InboxEvent.objects.exists()


def test_users_and_goals_are_counted_as_ever(file):
    run(file("a.jsonl", [event(), event("buy", "ann", OLD + MINUTE, ensure_goal=True)]))
    shop = Namespace.objects.get()
    assert goals.goals(namespace_id=shop.pk).keys() == {
        EventName.objects.get(name="buy").pk
    }
    assert total("users") == 1


def test_an_event_without_a_value_takes_its_items_price(file, shop):
    intake.put_prices(namespace_id=shop.pk, prices={"hat": Decimal(7)}, at=NOON)
    run(file("a.jsonl", [event("buy", item_id="hat")]))
    assert stored("revenue") == {OLD: 7}


CSV = "Type,Who,created_at,Amount\nbuy,ann,{0},5\nbuy,bob,{0},\n"


def test_csv_comes_with_a_mapping(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(CSV.format(OLD.isoformat()))
    mapping = ["user_id=Who", "datetime=created_at", "value=Amount"]
    named = [argument for one in mapping for argument in ("--map", one)]
    run(str(path), *named, "--set", "event_name=view")
    assert total("views") == 2
    assert refusal(str(path), *named, "--map", "event_name=Type") == (
        "shop already has numbers of 2025-01-28 12:00 to 2025-01-28 12:05 UTC; to "
        "replace all of 2025-01-28 12:00 to 2025-01-28 12:05 UTC, give --replace"
    )


@pytest.mark.parametrize("wrong", ["who", "who=me", "=x"])
def test_a_mapping_of_no_field_is_refused(tmp_path, wrong):
    with pytest.raises(CommandError, match="FIELD="):
        run("a.csv", "--map", wrong)


def test_a_mapping_is_for_csv(file):
    told = refusal(file("a.jsonl", visits(1)), "--set", "event_name=buy")
    assert told.endswith("a.jsonl: --map and --set are for CSV")


def piped(monkeypatch, content):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_standard_input_may_be_packed_too(file, monkeypatch, pack):
    lines = b"".join(orjson.dumps(one) + b"\n" for one in visits(3))
    piped(monkeypatch, pack(lines))
    run("-")
    assert total("views") == 3
    assert Import.objects.get().source == "standard input"


def test_a_pipe_can_be_read_as_well(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    line = orjson.dumps(event()) + b"\n"
    with ThreadPoolExecutor(1) as pool:
        pool.submit(pipe.write_bytes, line * 3)
        run(str(pipe))
    assert total("views") == 3


def test_files_are_taken_as_one_in_their_order(file, tmp_path):
    first = file("a.jsonl", visits(2))
    second = tmp_path / "b.jsonl.gz"
    second.write_bytes(gzip.compress(orjson.dumps(event(user="u0", at=OLD + HOUR))))
    run(first, str(second))
    ids = Event.objects.order_by("id").values_list("occurred_at", flat=True)
    assert list(ids) == [OLD, OLD + MINUTE, OLD + HOUR]


def test_one_bad_line_and_nothing_is_stored(file):
    path = file("a.jsonl", [*visits(3), event(user="", at=OLD)])
    assert refusal(path).endswith(
        "a.jsonl:4: user_id: expected 1 to 200 characters, "
        "none of them a control character"
    )
    assert nothing_stored()


def test_no_event_at_all_is_refused(file):
    assert refusal(file("a.jsonl", [])) == "there are no events to import"


def test_too_many_names_are_refused(file, monkeypatch):
    monkeypatch.setattr("events.names.NAME_LIMIT", 3)
    run(file("a.jsonl", [event(f"name {n}") for n in range(3)]))
    path = file("b.jsonl", [event("name 3", at=OLD + DAY)])
    assert refusal(path) == "a namespace holds at most 3 event names"


def test_a_dry_run_tells_what_would_come_and_stores_nothing(file):
    told = run(file("a.jsonl", [*visits(2), event("buy")]), "--dry-run")
    assert told.splitlines()[1:] == [
        "3 events would be imported into shop",
        "span: 2025-01-28 12:00 to 2025-01-28 12:05 UTC",
        "             2 view",
        "             1 buy",
    ]
    assert nothing_stored()


def test_the_same_content_is_imported_once(file):
    run(file("a.jsonl", visits(3)))
    assert refusal(file("b.jsonl", visits(3))).startswith("already imported at ")
    assert total("views") == 3


def test_a_repeat_of_an_event_id_is_left_out_and_counted(file):
    sent = visits(4, event_id="1") + visits(2)
    assert "3 repeats left out" in run(file("a.jsonl", sent))
    assert total("views") == 3
    done = Import.objects.get()
    assert (done.taken, done.recorded) == (6, 3)


def test_an_event_that_came_by_http_is_not_imported_again(file, backend):
    sent = {"event_name": "view", "user_id": "ann", "event_id": "1"}
    assert backend.post("/v0/analytics", sent, format="json").status_code == 204
    ids = [event(event_id=one, at=OLD) for one in ("0", "1", "2", "2")]
    assert "2 repeats left out" in run(file("a.jsonl", ids))
    assert total("views") == 3


def test_repeats_are_found_over_the_parts_of_an_import(file, monkeypatch):
    monkeypatch.setattr(imports, "CHUNK", 1)
    monkeypatch.setattr("events.files.BLOCK", 500)
    sent = [event(at=OLD + n * MINUTE, event_id=str(n % 10)) for n in range(40)]
    run(file("a.jsonl", sent))
    assert total("views") == 10


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


def test_an_import_that_was_stopped_keeps_others_out_of_its_span(file, monkeypatch):
    stopped(file("a.jsonl", visits(9)), monkeypatch, after=1)
    run(file("b.jsonl", visits(2, at=OLD + HOUR)))
    told = refusal(file("c.jsonl", [event(at=OLD + 9 * MINUTE)]))
    assert "a.jsonl, 2025-01-28 12:00 to 2025-01-28 12:10 UTC, is not finished" in told


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
        patch.setattr("events.files.BLOCK", 300)
        with pytest.raises(StopError):
            run(path, *arguments)


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
    settling.settle(Namespace.objects.get().pk, clock=lambda: NOON + 999 * DAY)
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
    settling.settle(shop, clock=lambda: NOON + 999 * DAY)
    kept = Event.objects.count()
    assert kept
    intake.retain(now=NOON)
    assert Event.objects.count() == kept
    run(path)
    ended = Import.objects.get().finished_at
    assert ended
    intake.retain(now=ended + DAY - MINUTE)
    assert Event.objects.count() == 9
    intake.retain(now=ended + DAY + MINUTE)
    assert not Event.objects.exists()
    assert total("views") == 9


def test_a_backlog_is_drained_while_more_is_recorded(file, monkeypatch):
    monkeypatch.setattr(settling, "PASS", 100)
    monkeypatch.setattr(imports, "CHUNK", 50)
    monkeypatch.setattr("events.files.BLOCK", 5_000)
    most, took = 0, intake.record

    def record(**fields):
        nonlocal most
        most = max(most, InboxEvent.objects.count())
        return took(**fields)

    monkeypatch.setattr(intake, "record", record)
    run(file("a.jsonl", visits(600)))
    assert 0 < most < 400
    assert total("views") == 600


def test_a_file_that_changes_while_it_is_read_is_noticed(file, monkeypatch):
    path = file("a.jsonl", visits(3))
    planned = imports.plan

    def plan(*arguments, **fields):
        found = planned(*arguments, **fields)
        file("a.jsonl", visits(4))
        return found

    monkeypatch.setattr(imports, "plan", plan)
    assert refusal(path) == "the files changed while they were read"
    assert Import.objects.get().finished_at is None


def test_no_user_id_is_kept_or_told(file, capfd):
    told = run(file("a.jsonl", [event(user="secret-user")]))
    told += refusal(file("b.jsonl", [event(user="secret-user" * 40)]))
    assert "secret-user" not in told + "".join(capfd.readouterr())


def test_a_span_can_be_anywhere_in_the_past_and_5_minutes_ahead(file, time_machine):
    time_machine.move_to(NOON, tick=False)
    path = file("a.jsonl", [event(at=NOON + FIVE + timedelta(microseconds=1))])
    assert "datetime: expected a time from 1970 to" in refusal(path)
    run(file("b.jsonl", [event(at=NOON + FIVE), event(at=NOON - 20_000 * DAY)]))
    assert total("views") == 2
