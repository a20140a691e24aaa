"""`export_buckets` and `import_buckets` move the numbers of an installation."""

import gzip
import io
import sys
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import services as accounts
from accounts.models import Namespace
from analytics.models import AggregationRun, Bucket, Cause, Kind, Metric
from analytics.portability import services as transfers
from events import history
from events.event_body import PAST
from tests.analytics.builders import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    aggregate,
    arrive,
    event,
    fill,
    metric,
    stored,
)

pytestmark = pytest.mark.django_db
HEADER = "namespace,metric,segment,start_at,value\n"
LINE = "shop,views,0,2026-03-04T12:00:00Z,1\n"
LATER = NOON + 30 * DAY


@pytest.fixture(autouse=True)
def now():
    with time_machine.travel(LATER, tick=False):
        yield


@pytest.fixture(autouse=True)
def catalogue(shop):
    metric("views", Kind.COUNT, "view")
    metric("revenue", Kind.SUM, "purchase")
    metric("users", Kind.UNIQUE)
    metric("visitors", Kind.EXTERNAL)


@pytest.fixture
def past(shop):
    """Two namespaces, metrics of several kinds, three days."""
    other = Namespace.objects.create(name='"Läden", nördlich')
    random = Random(7)
    for place in (shop, other):
        for name in ("views", "revenue", "users", "visitors"):
            starts = random.sample(range(864), 200)
            sums = {
                NOON + each * 5 * MINUTE: Decimal(random.randint(1, 10**17)) / 10**6
                for each in starts
            }
            fill(place.pk, name, sums)


def exported(path, *arguments):
    call_command("export_buckets", str(path), *arguments)
    return path.read_bytes()


def imported(path, text, *arguments):
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    call_command("import_buckets", str(path), *arguments)


def everything():
    fields = ("namespace__name", "metric__name", "resolution", "start_at", "value")
    return sorted(Bucket.objects.values_list(*fields))


@pytest.fixture
def csv(tmp_path):
    return tmp_path / "buckets.csv"


@pytest.mark.usefixtures("past")
def test_a_round_trip_into_an_empty_installation_is_equal_to_the_byte(csv, tmp_path):
    first, before = exported(csv), everything()
    AggregationRun.objects.all().delete()
    Bucket.objects.all().delete()
    Namespace.objects.all().delete()
    call_command("import_buckets", str(csv), "--create-namespaces")
    assert everything() == before
    assert exported(tmp_path / "again.csv") == first
    assert first.count(b"\n") == 1 + 2 * 4 * 200


def test_a_file_holds_five_minutes_sorted_and_exact(csv, shop, capsys):
    fill(shop.pk, "views", {NOON + HOUR: 3, NOON: "0.000001"})
    fill(shop.pk, "revenue", {NOON: "-12345678901234567890123456.5"})
    assert exported(csv).decode() == (
        HEADER
        + "shop,revenue,0,2026-03-04T12:00:00Z,-12345678901234567890123456.5\n"
        + "shop,views,0,2026-03-04T12:00:00Z,0.000001\n"
        + "shop,views,0,2026-03-04T13:00:00Z,3\n"
    )
    assert capsys.readouterr().out == f"3 buckets written to {csv}\n"


@pytest.mark.usefixtures("past")
def test_an_export_may_be_cut_by_namespace_metric_and_time(csv, shop):
    span = ["--start", "2026-03-05", "--end", "2026-03-06T12:00:00+01:00"]
    names = ["--namespace", "shop", "--metric", "views", "--metric", "users"]
    rows = exported(csv, *span, *names).decode().splitlines()[1:]
    expected = Bucket.objects.filter(
        namespace=shop,
        resolution=300,
        metric__name__in=["views", "users"],
        start_at__gte=NOON + 12 * HOUR,
        start_at__lt=NOON + 2 * DAY - HOUR,
    )
    assert len(rows) == expected.count() > 0
    assert {row.split(",")[1] for row in rows} == {"views", "users"}


@pytest.mark.usefixtures("past")
def test_a_packed_file_is_the_same_and_is_read_as_such(csv, tmp_path):
    plain = exported(csv)
    packed = exported(tmp_path / "buckets.csv.gz")
    assert gzip.decompress(packed) == plain
    assert exported(tmp_path / "again.csv.gz") == packed
    Bucket.objects.all().delete()
    imported(tmp_path / "a name without an ending", packed)
    assert exported(csv) == plain


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_standard_output_and_input_serve_as_files(monkeypatch, shop, pack):
    fill(shop.pk, "views", {NOON: 3})
    out = io.TextIOWrapper(io.BytesIO())
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        call_command("export_buckets", "-")
    sent = out.buffer.getvalue()
    assert sent.decode().startswith(HEADER)
    Bucket.objects.all().delete()
    with monkeypatch.context() as patch:
        patch.setattr(
            sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(pack(sent))))
        )
        call_command("import_buckets", "-")
    assert stored(shop.pk, "views", 3600) == {NOON: 3}


def test_an_export_that_fails_leaves_the_file_of_before(csv, tmp_path):
    csv.write_text("before")
    with pytest.raises(CommandError, match="there is no metric named 'nothing'"):
        exported(csv, "--metric", "nothing")
    with pytest.raises(CommandError, match="'shopp'; did you mean shop"):
        exported(csv, "--namespace", "shop", "--namespace", "shopp")
    assert csv.read_text() == "before"
    assert list(tmp_path.iterdir()) == [csv]
    with pytest.raises(CommandError, match=r"missing/b\.csv: No such file"):
        exported(tmp_path / "missing" / "b.csv")


@pytest.mark.parametrize(
    "moment", ["yesterday", "0001-01-01T00:00+05:00", "2026-13-01"]
)
def test_a_time_that_is_none_is_refused_by_name(csv, moment):
    with pytest.raises(CommandError, match="argument --start: expected a date or time"):
        exported(csv, "--start", moment)
    with pytest.raises(CommandError, match="argument --end: expected once"):
        exported(csv, "--end", "2026-01-01", "--end", "2026-01-02")


def test_a_load_is_a_run_of_each_namespace_that_its_buckets_name(csv, capsys):
    other = "other,views,0,2026-03-04T12:00:00+00:00,2.50\n"
    imported(csv, HEADER + LINE + other, "--create-namespaces")
    runs = AggregationRun.objects.order_by("pk")
    assert {(run.cause, run.buckets) for run in runs} == {(Cause.LOAD, 3)}
    assert [run.namespace.name for run in runs] == ["shop", "other"]
    assert set(Bucket.objects.values_list("run__namespace", "run")) == {
        (run.namespace_id, run.pk) for run in runs
    }
    assert capsys.readouterr().out == (
        "shop: 3 buckets written\nother: 3 buckets written\n"
    )


def test_hours_and_days_hold_what_was_there_beside_the_file(csv, shop):
    fill(shop.pk, "views", {NOON - 5 * MINUTE: 1, NOON + 10 * MINUTE: 2})
    fill(shop.pk, "users", {NOON: 7})
    rows = "shop,views,0,2026-03-04T12:05:00Z,4\nshop,views,0,2026-03-04T12:00:00Z,0\n"
    imported(csv, HEADER + rows)
    assert stored(shop.pk, "views", 3600) == {NOON - HOUR: 1, NOON: 6}
    assert stored(shop.pk, "views", 86400) == {NOON - 12 * HOUR: 7}
    assert NOON not in stored(shop.pk, "views")
    assert stored(shop.pk, "users") == {NOON: 7}


def test_a_span_that_has_buckets_is_refused_and_on_request_replaced(csv, shop):
    fill(shop.pk, "views", {NOON + each * HOUR: 1 for each in range(5)})
    fill(shop.pk, "users", {NOON + 2 * HOUR: 7})
    rows = [f"shop,views,0,2026-03-04T{hour}:00:00Z,9\n" for hour in (13, 15)]
    before = everything()
    with pytest.raises(CommandError, match=r"'shop' has buckets of views already"):
        imported(csv, HEADER + "".join(rows))
    assert everything() == before
    imported(csv, HEADER + "".join(rows), "--replace")
    assert stored(shop.pk, "views") == {
        NOON: 1,
        NOON + HOUR: 9,
        NOON + 3 * HOUR: 9,
        NOON + 4 * HOUR: 1,
    }
    assert stored(shop.pk, "views", 86400) == {NOON - 12 * HOUR: 20}
    assert stored(shop.pk, "users") == {NOON + 2 * HOUR: 7}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("shop,view,0,2026-03-04T12:00:00Z,1", "named 'view'; did you mean views?"),
        ("nowhere,views,0,2026-03-04T12:00:00Z,1", "no namespace named 'nowhere' (see"),
        ("shop,views,1,2026-03-04T12:00:00Z,1", "segment '1' is not 0"),
        ("shop,views,0,2026-03-04T12:01:00Z,1", "start of five minutes"),
        ("shop,views,0,2026-03-04T12:00:01Z,1", "start of five minutes"),
        ("shop,views,0,2026-02-30T12:00:00Z,1", "start of five minutes"),
        ("shop,views,0,2026-03-04T12:00:00,1", "start of five minutes"),
        ("shop,views,0,2026-03-04T12:00:00+01:00,1", "start of five minutes"),
        ("shop,views,0,0001-03-04T12:00:00Z,1", "years 2 to 9998"),
        ("shop,views,0,9999-03-04T12:00:00Z,1", "years 2 to 9998"),
        ("shop,views,0,now,1", "start of five minutes"),
        ("shop,views,0,2026-03-04T12:00:00Z,NaN", "value 'NaN'"),
        ("shop,views,0,2026-03-04T12:00:00Z,1e3", "value '1e3'"),
        ("shop,views,0,2026-03-04T12:00:00Z,0.0000001", "value"),
        ("shop,views,0,2026-03-04T12:00:00Z," + "9" * 27, "value"),
        ("shop,views,0,2026-03-04T12:00:00Z,", "value ''"),
        ("shop,views,0,2026-03-04T12:00:00Z", "expected 5 columns"),
        ("shop,views,0,2026-03-04T12:00:00Z,1,1", "expected 5 columns"),
        ('shop,"views"x,0,2026-03-04T12:00:00Z,1', "expected after"),
        (LINE.strip(), "the bucket of line 2 comes again"),
    ],
)
def test_a_line_that_is_wrong_is_named_and_nothing_is_stored(csv, line, reason):
    with pytest.raises(CommandError) as refused:
        imported(csv, HEADER + LINE + line + "\n")
    assert str(refused.value).startswith(f"{csv}:3: ")
    assert reason in str(refused.value)
    assert not Bucket.objects.exists()
    assert not AggregationRun.objects.exists()


@pytest.mark.parametrize("name", ["", "a\x85b", "x" * 201])
def test_a_namespace_is_named_as_namespaces_are(csv, name):
    with pytest.raises(CommandError, match=":2: namespace"):
        imported(csv, HEADER + LINE.replace("shop", name), "--create-namespaces")


def test_an_error_leaves_no_namespace_behind(csv):
    fill(Namespace.objects.get(name="shop").pk, "views", {NOON: 1})
    text = HEADER + LINE + LINE.replace("shop", "new")
    with pytest.raises(CommandError, match="already"):
        imported(csv, text, "--create-namespaces")
    assert not Namespace.objects.filter(name="new").exists()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", ":1: expected the columns namespace,metric"),
        (b"namespace;metric\n", ":1: expected the columns namespace,metric"),
        (b"\xff\xfe", ":1: expected text in UTF-8"),
        (HEADER.encode() + b"\n\n\xff", ":4: expected text in UTF-8"),
        (HEADER.encode() + b"shop,vi\x00ews", ":2: expected"),
        (
            gzip.compress(HEADER.encode() * 99, mtime=0)[:-9],
            ": expected a complete gzip",
        ),
        (b"\x1f\x8bno", ": expected a complete gzip file"),
    ],
)
def test_what_is_no_file_of_buckets_is_refused(csv, content, problem):
    with pytest.raises(CommandError) as refused:
        imported(csv, content)
    assert str(refused.value).startswith(f"{csv}{problem}")


def test_a_mark_of_a_spreadsheet_and_empty_rows_change_nothing(csv, shop):
    imported(csv, f"\ufeff{HEADER}{LINE}\r\n,,,,\r\n".encode())
    assert stored(shop.pk, "views") == {NOON: 1}


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_buckets", str(tmp_path / "nothing.csv"))


def test_a_file_without_buckets_loads_nothing(csv, capsys):
    imported(csv, HEADER)
    assert "no buckets" in capsys.readouterr().out
    assert not AggregationRun.objects.exists()


def test_days_that_history_holds_take_external_values_alone(csv, shop):
    """Unless it is asked for: an event or a rebuild then computes its bucket anew."""
    text = HEADER + LINE
    settled_at = NOON + 12 * HOUR + PAST + history.LOOK_BACK
    with time_machine.travel(settled_at - MINUTE, tick=False):
        with pytest.raises(CommandError, match=r":2: .* is not before 2026-03-04"):
            imported(csv, text)
        imported(csv, text.replace("views", "visitors"))
        imported(csv, text, "--replace")
    assert stored(shop.pk, "visitors") == stored(shop.pk, "views") == {NOON: 1}
    Bucket.objects.all().delete()
    with time_machine.travel(settled_at, tick=False):
        imported(csv, text)
    assert stored(shop.pk, "views") == {NOON: 1}


def test_loaded_buckets_are_sealed_until_an_event_falls_into_them(csv, shop):
    imported(csv, HEADER + LINE + LINE.replace("12:00", "12:05"))
    arrive(shop.pk, [event("view", NOON)] * 3)
    aggregate(shop.pk)
    assert stored(shop.pk, "views") == {NOON: 3, NOON + 5 * MINUTE: 1}


def test_metrics_that_are_switched_off_travel_too(csv, shop):
    fill(shop.pk, "views", {NOON: 3})
    Metric.objects.update(active=False)
    text = exported(csv)
    Bucket.objects.all().delete()
    imported(csv, text)
    assert stored(shop.pk, "views", 86400) == {NOON - 12 * HOUR: 3}


def test_many_lines_cost_as_many_statements_as_one(shop):
    def statements(number, metric):
        starts = (NOON + timedelta(minutes=5 * each) for each in range(number))
        rows = (f"shop,{metric},0,{at.isoformat()},1\n" for at in starts)
        with CaptureQueriesContext(connection) as found:
            transfers.load([HEADER, *rows], at=LATER)
        return len(found)

    assert statements(5_000, "views") == statements(1, "users")
    assert sum(stored(shop.pk, "views", 86400).values()) == 5_000


def test_several_namespaces_are_told_apart(csv):
    places = accounts.ensure_namespaces(f"shop {number}" for number in range(20))
    rows = [LINE.replace("shop", name) for name in places]
    imported(csv, HEADER + "".join(rows))
    assert all(stored(shop, "views") == {NOON: 1} for shop in places.values())
