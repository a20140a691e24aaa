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
from django.core.management import CommandError

from accounts.models import Namespace
from analytics.models import AggregationRun, Bucket
from events import services as intake
from events.models import Event, EventName, Import, InboxEvent, SeenEvent
from goals.paths import queries as path_queries
from pipeline.importing import catch_up
from pipeline.importing import record as imports
from tests.analytics.builders import DAY, HOUR, MINUTE, NOON
from tests.pipeline.importing.importing import (
    FIVE,
    OLD,
    event,
    refusal,
    run,
    stored,
    total,
    visits,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("import_metrics"),
]


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
    assert path_queries.goals(namespace_id=shop.pk).keys() == {
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


def test_json_comes_with_a_mapping_as_well(file):
    path = file("a.jsonl", [{**event(user="x"), "total": 3, "who": "ann"}])
    mapping = ["--map", "user_id=who", "--map", "value=total"]
    out = run(path, "--set", "event_name=buy", *mapping)
    assert stored("revenue") == {OLD: 3}
    assert out.splitlines()[1].endswith("a.jsonl: left out: event_name, user_id")


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
        "namespace 'shop' is new",
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
    monkeypatch.setattr("events.files.reading.BLOCK", 500)
    sent = [event(at=OLD + n * MINUTE, event_id=str(n % 10)) for n in range(40)]
    run(file("a.jsonl", sent))
    assert total("views") == 10


def test_a_backlog_is_drained_while_more_is_recorded(file, monkeypatch):
    monkeypatch.setattr(catch_up, "PASS", 100)
    monkeypatch.setattr(imports, "CHUNK", 50)
    monkeypatch.setattr("events.files.reading.BLOCK", 5_000)
    most, took = 0, intake.record

    def record(**fields):
        nonlocal most
        most = max(most, InboxEvent.objects.count())
        return took(**fields)

    monkeypatch.setattr(intake, "record", record)
    run(file("a.jsonl", visits(600)))
    assert 0 < most < 400
    assert total("views") == 600


@pytest.mark.parametrize("ordered", [True, False])
def test_only_what_comes_in_order_of_time_is_aggregated_meanwhile(
    file, monkeypatch, ordered
):
    monkeypatch.setattr(catch_up, "PASS", 100)
    monkeypatch.setattr(catch_up, "AGGREGATED", 100)
    monkeypatch.setattr(imports, "CHUNK", 50)
    monkeypatch.setattr("events.files.reading.BLOCK", 5_000)
    events = visits(600) if ordered else visits(600)[::-1]
    run(file("a.jsonl", events))
    assert (AggregationRun.objects.count() > 1) is ordered
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
