"""`import_events`: what the command line tells of files, of all or of one of them."""

import gzip

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Namespace
from events.models import Event, Import
from tests.pipeline.importing.importing import (
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

ORDERS = 'Email;Created at;Total\nann;28/01/2025 13:00;"12,50"\n;;\n'
CLICKS = f"user_id,datetime,event_name\nann,{OLD.isoformat()},view\n"
OF_ORDERS = [
    "--set=orders.csv:event_name=buy",
    "--map=orders.csv:user_id=Email",
    "--map=orders.csv:datetime=Created at",
    "--map=orders.csv:value=Total",
    "--decimal=orders.csv:,",
    "--time-format=orders.csv:%d/%m/%Y %H:%M",
    "--timezone=Europe/Berlin",
]


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_text(content)
        return str(path)

    return write


def test_files_with_mappings_of_their_own_are_one_import(write):
    paths = write("orders.csv", ORDERS), write("clicks.csv", CLICKS)
    out = run(*paths, *OF_ORDERS)
    assert stored("views") == {OLD: 1}
    assert stored("revenue") == {OLD: 12.5}  # 13:00 in Berlin is 12:00
    assert Import.objects.get().total == 2
    assert out.splitlines()[1:3] == [
        f"{paths[0]}: cells separated by ';'; times as %d/%m/%Y %H:%M in Europe/Berlin",
        "namespace 'shop' is new",
    ]


def test_what_was_assumed_is_said_before_anything_is_stored(write):
    path = write("a.csv", CLICKS.replace("+00:00", "").replace("event_name", "name"))
    told = run(path, "--map", "event_name=name", "--dry-run")
    assert f"{path}: times as local in UTC (assumed: see --timezone)\n" in told
    assert not Namespace.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (
            ["--map", "oders.csv:user_id=Email"],
            "expected FIELD=… or FILE:FIELD=…, with",
        ),
        (["--map", "user_id=A", "--map", "user_id=B"], "expected user_id once"),
        (["--map", "value=A", "--set", "value=5"], "value: expected --map or --set"),
        (
            ["--timezone", "UTC", "--timezone", "Asia/Tokyo"],
            "--timezone: expected once",
        ),
        (["--timezone", "Europe/Berln"], "did you mean Europe/Berlin?"),
        (["--timezone", "localtime"], "--timezone localtime: expected one such as"),
        (["--encoding", "utf-9"], "--encoding utf-9: unknown encoding: utf-9"),
        (["--encoding", "rot13"], "'rot13' is not a text encoding"),
        (["--delimiter", "::"], "expected one character, or tab"),
        (["--decimal", "'"], "expected a point or a comma"),
        (["--format", "xml"], "expected one of jsonl, json, csv"),
        (["--time-format", "dd.mm"], "expected iso, local, epoch"),
        (["--namespace", "b"], "--namespace: expected once"),
    ],
)
def test_an_option_that_says_nothing_is_refused(write, arguments, problem):
    path = write("orders.csv", CLICKS)
    with pytest.raises(CommandError) as caught:
        call_command("import_events", path, "--namespace", "shop", *arguments)
    assert problem in str(caught.value)
    assert not Event.objects.exists()


def test_a_file_is_read_once(write):
    path = write("a.csv", CLICKS)
    assert refusal(path, path) == f"{path}: expected once"


def test_a_namespace_that_may_be_another_one_is_pointed_out(file):
    Namespace.objects.create(name="shops")
    told = run(file("a.jsonl", visits(1)), "--dry-run")
    assert "namespace 'shop' is new; did you mean shops?\n" in told


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("nothing.csv", None, "nothing.csv: No such file or directory"),
        (
            "a.csv.gz",
            gzip.compress(b"a,b\n" * 99, mtime=0)[:-9],
            "expected a complete gzip file",
        ),
        ("a.xlsx", b"PK\x03\x04...", "a.xlsx:1: this is a zip archive, to be unpacked"),
    ],
)
def test_what_cannot_be_read_is_told_by_name(tmp_path, name, content, problem):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    assert problem in refusal(str(path))


def test_a_folder_is_told_by_name(tmp_path):
    assert refusal(str(tmp_path)) == f"{tmp_path}: Is a directory"


def test_times_are_cut_and_not_rounded_into_the_next_day(write):
    last = f"{OLD:%Y-%m-%d}T23:59:59.9999999Z"
    path = write("a.csv", CLICKS.replace(OLD.isoformat(), last))
    run(path)
    assert Event.objects.get().occurred_at.isoformat()[:26] == last[:26]
    assert total("views") == 1


def test_no_user_id_is_told_where_columns_are_mixed_up(write):
    path = write("a.csv", "Email,when\nsecret@example.org,x\n")
    mixed = [
        "--map",
        "user_id=Email",
        "--map",
        "datetime=Email",
        "--map",
        "value=Email",
    ]
    assert "secret" not in refusal(path, *mixed, "--set", "event_name=buy")
    lines = write("a.jsonl", '{"datetime": "secret", "user_id": "secret"}')
    assert "secret" not in refusal(lines, "--set", "event_name=buy")


def test_json_times_are_cut_as_well(file):
    at = f"{OLD:%Y-%m-%d}T23:59:59.9999999Z"
    run(file("a.jsonl", [{**event(), "datetime": at}]))
    assert Event.objects.get().occurred_at.isoformat()[:26] == at[:26]
