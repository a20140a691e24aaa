"""Files of events: read as the HTTP intake would read each line, in bounded pieces."""

import gzip
import json
import tracemalloc
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events import event_body, intake
from events.files import columns, lines
from events.files import reading as files
from events.files.dialects import Dialect, Form
from events.files.fields import Fields
from events.files.json_lines import JsonLines
from events.files.lines import LineError, Plain, Rules
from events.files.reading import FileError, Reading, Survey
from events.files.recognition import Options
from timegrid.buckets import Span

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
RULES = Rules(namespace="shop", latest_at=NOON + event_body.FUTURE)
ONE = {"event_name": "view", "user_id": "ann", "datetime": "2026-03-04T12:00:00Z"}


def jsonl(*events):
    return b"".join(orjson.dumps(event) + b"\n" for event in events)


@pytest.fixture
def file(tmp_path):
    def write(name, content, *, mapping=None, constants=None):
        path = tmp_path / name
        path.write_bytes(content)
        fields = Fields(names=mapping or {}, constants=constants or {})
        return files.source(path, name=name, options=Options(fields=fields))

    return write


def read(*sources):
    return [event for events in Reading(sources, rules=RULES) for event in events]


def refusal(*sources):
    with pytest.raises(FileError) as caught:
        read(*sources)
    return str(caught.value)


def decoded(block):
    """Returns the events of JSON lines."""
    return JsonLines(Dialect(Form.JSONL), rules=RULES).decoded(block, numbers=[1, 2])


def fields(event):
    return {
        name: value
        for name in event_body.PROPERTIES
        if (value := getattr(event, name)) not in (None, False)
    }


def test_json_lines_hold_all_fields(file):
    sent = {
        **ONE,
        "namespace": "shop",
        "value": 12.5,
        "ensure_goal": True,
        "event_id": "e",
        "item_id": "i",
        "order_id": "ö",
        "session_id": "s",
        "unknown": [1],
    }
    [event] = read(file("a.jsonl", jsonl(sent)))
    del sent["unknown"]
    assert fields(event) == {**sent, "datetime": NOON, "value": Decimal("12.500000")}


def test_csv_holds_all_fields_and_an_empty_cell_is_an_absent_field(file):
    content = (
        "event_name,user_id,datetime,value,ensure_goal,item_id,other\r\n"
        'view,"ann, b",2026-03-04T13:00:00+01:00,1e2,TRUE,,x\r\n'
        "\r\n"
        "buy,bob,2026-03-04 12:00:00Z,,,hat,\n"
    )
    first, second = read(file("a.csv", content.encode()))
    assert fields(first) == {
        "event_name": "view",
        "user_id": "ann, b",
        "datetime": NOON,
        "value": 100,
        "ensure_goal": True,
    }
    assert fields(second) == {
        "event_name": "buy",
        "user_id": "bob",
        "datetime": NOON,
        "item_id": "hat",
    }


def test_columns_may_have_names_of_their_own_and_fields_be_the_same_throughout(file):
    content = b"Who,user_id,When\nann,0,2026-03-04T12:00:00Z\n"
    mapping = {"user_id": "Who", "datetime": "When"}
    source = file("a.csv", content, mapping=mapping, constants={"event_name": "buy"})
    [event] = read(source)
    assert fields(event) == {"event_name": "buy", "user_id": "ann", "datetime": NOON}


@pytest.mark.parametrize(
    ("header", "mapping", "problem"),
    [
        ("event_name,user_id", {}, "datetime: expected a column, or a mapping to one"),
        ("event_name,user_id", {"datetime": "t"}, "datetime: there is no column 't'"),
        (
            "event_name,user_id,datetime,user_id",
            {},
            "user_id: there is more than one column 'user_id'",
        ),
        ("", {}, "event_name: expected a column, or a mapping to one"),
    ],
)
def test_a_header_that_lacks_a_column_is_refused(file, header, mapping, problem):
    source = file("a.csv", f"{header}\n".encode(), mapping=mapping)
    assert refusal(source) == f"a.csv:1: {problem}"


TIME, NUMBER = lines.EXPECTED["date-time"], columns.VALUES["."]
UTF_8_EXPECTED = "expected text in UTF-8: for another encoding, give --encoding"
TEXT = "1 to 200 characters, none of them a control character"


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"event_name": ...}, "event_name: expected a text"),
        ({"user_id": 7}, "user_id: expected a text"),
        ({"user_id": ""}, f"user_id: expected {TEXT}"),
        ({"user_id": "secret" * 40}, f"user_id: expected {TEXT}"),
        ({"user_id": "secret\x7f"}, f"user_id: expected {TEXT}"),
        ({"user_id": "secret\x85"}, f"user_id: expected {TEXT}"),
        ({"user_id": "secret\n"}, f"user_id: expected {TEXT}"),
        ({"datetime": ...}, f"datetime: expected {TIME}"),
        ({"datetime": None}, f"datetime: expected {TIME}, not null"),
        (
            {"datetime": "2026-03-04T12:00:00"},
            f'datetime: expected {TIME}, not "2026-03-04T12:00:00"',
        ),
        (
            {"datetime": "2026-03-04T12:05:00.000001Z"},
            "datetime: expected a time from 1970 to 2026-03-04T12:05:00+00:00",
        ),
        (
            {"datetime": "1969-12-31T23:59:59Z"},
            "datetime: expected a time from 1970 to 2026-03-04T12:05:00+00:00",
        ),
        ({"value": "1"}, f'value: expected {event_body.VALUE_EXPECTED}, not "1"'),
        (
            {"value": ["x" * 90]},
            f'value: expected {event_body.VALUE_EXPECTED}, not ["{"x" * 38}…',
        ),
        ({"value": "ann"}, f"value: expected {event_body.VALUE_EXPECTED}"),
        ({"value": 1e13}, f"value: expected {event_body.VALUE_EXPECTED}"),
        ({"ensure_goal": 1}, "ensure_goal: expected true or false, not 1"),
        ({"order_id": None}, "order_id: expected a text"),
        ({"namespace": "b"}, "namespace: expected shop, as it is imported into"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_never_whose_it_is(
    file, changed, problem
):
    sent = {name: v for name, v in {**ONE, **changed}.items() if v is not ...}
    good = jsonl(ONE)
    source = file("a.jsonl", good + b"\n" + good + jsonl(sent) + good)
    assert refusal(source) == f"a.jsonl:4: {problem}"


@pytest.mark.parametrize(
    "line", [b"{", b"7", b"[]", b'"secret"', b"{}{}", b"\xff", b"[" * 100_000]
)
def test_a_line_that_is_no_object_is_refused(file, line):
    told = refusal(file("a.jsonl", jsonl(ONE) + line + b"\n"))
    expected = lines.OBJECT_EXPECTED
    assert told in {
        f"a.jsonl:2: expected {expected}",
        "a.jsonl:2: event_name: expected a text",
        f"a.jsonl:2: {UTF_8_EXPECTED}",
    }


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("view,,2026-03-04T12:00:00Z,", "user_id: expected a text"),
        ('view,"a\nb",2026-03-04T12:00:00Z,', f"user_id: expected {TEXT}"),
        ("view,ann,yesterday,", f'datetime: expected {TIME}, not "yesterday"'),
        ("view,ann,2026-03-04T12:00:00Z,1_0", f'value: expected {NUMBER}, not "1_0"'),
        ("view,ann,2026-03-04T12:00:00Z,nan", f'value: expected {NUMBER}, not "nan"'),
        ("view,ann,2026-03-04T12:00:00Z,ann", f"value: expected {NUMBER}"),
        ("view,ann,2026-03-04T12:00:00Z,1,,", None),
        (
            "view,ann,2026-03-04T12:00:00Z,1,,x",
            "expected 4 cells as in the header, not 6",
        ),
        ("view,ann,2026-03-04T12:00:00Z", "expected 4 cells as in the header, not 3"),
        ('view,ann,"x', "expected CSV (unexpected end of data)"),
    ],
)
def test_a_bad_row_is_told_with_the_line_it_ends_in(file, row, problem):
    head = "event_name,user_id,datetime,value\nview,ann,2026-03-04T12:00:00Z,1\n"
    line = 3 + row.count("\n")
    source = file("a.csv", f"{head}{row}\n".encode())
    if problem:
        assert refusal(source) == f"a.csv:{line}: {problem}"
    else:
        assert len(read(source)) == 2


def test_a_long_text_in_a_row_is_not_taken_for_a_bad_value(file):
    head = "event_name,user_id,datetime,value,item_id\n"
    row = f"view,ann,2026-03-04T12:00:00Z,5,{'x' * 201}\n"
    assert refusal(file("a.csv", (head + row).encode())) == (
        f"a.csv:2: item_id: expected {TEXT}"
    )


def test_what_is_no_utf_8_is_told_with_its_line(file):
    head = b"event_name,user_id,datetime\n" + b"a,ann,2026-03-04T12:00:00Z\n" * 40_000
    source = file("a.csv", head + b"\xff,ann,2026-03-04T12:00:00Z\n")
    assert refusal(source) == f"a.csv:40002: {UTF_8_EXPECTED}"


floats = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | st.integers() | floats | st.text(max_size=3)
texts = st.text(max_size=3) | st.sampled_from(["a" * 200, "a" * 201, "\x80", "\\", "é"])
events = st.fixed_dictionaries(
    {"datetime": st.just("2026-03-04T12:00:00Z")},
    optional={
        name: texts | scalars
        for name in event_body.PROPERTIES
        if name not in ("datetime", "namespace")
    },
)
probable = st.tuples(events, st.booleans()).map(
    lambda drawn: {**ONE, **drawn[0]} if drawn[1] else drawn[0]
)


@settings(max_examples=300)
@given(probable, st.booleans())
def test_a_line_is_taken_exactly_if_the_intake_takes_it(sent, escaped):
    raw = json.dumps(sent, ensure_ascii=escaped).encode()
    try:
        expected = intake.decode(raw, received_at=NOON).events
    except event_body.BodyError:
        with pytest.raises(LineError):
            decoded(raw + b"\n")
    else:
        found = decoded(raw + b"\n")
        assert [fields(one) for one in found] == [fields(one) for one in expected]


def test_the_fields_are_those_of_the_intake():
    assert Plain.__struct_fields__ == event_body.Event.__struct_fields__


def many(number):
    return [
        {**ONE, "user_id": f"u{n}", "item_id": "é" * (n % 50 + 1)}
        for n in range(number)
    ]


@pytest.mark.parametrize("block", [1, 100, 1_000, 2**20])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\n\n"])
def test_blocks_end_anywhere(file, monkeypatch, block, end):
    monkeypatch.setattr(files, "BLOCK", max(block, 400))
    sent = many(40)
    content = jsonl(*sent).removesuffix(b"\n") + end
    found = read(file("a.jsonl", content))
    assert [one.user_id for one in found] == [one["user_id"] for one in sent]


def test_a_line_longer_than_a_block_is_refused_with_its_number(file, monkeypatch):
    monkeypatch.setattr(files, "BLOCK", 400)
    source = file("a.jsonl", jsonl(ONE) * 7 + b"x" * 1_000)
    assert refusal(source) == "a.jsonl:8: expected lines of at most 1 MiB"


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv"])
def test_gzip_and_a_byte_order_mark_change_nothing(file, name):
    head = b"event_name,user_id,datetime\nview,ann,2026-03-04T12:00:00Z\n"
    content = jsonl(ONE) if name == "a.jsonl" else head
    packed = file(f"{name}.gz", gzip.compress(b"\xef\xbb\xbf" + content))
    assert read(packed) == read(file(name, content)) != []


@pytest.mark.parametrize("cut", [slice(0, 40), slice(0, -1)])
def test_a_gzip_that_was_cut_off_is_refused(file, cut):
    packed = gzip.compress(jsonl(*many(100)))[cut]
    with pytest.raises(FileError, match=r"a\.jsonl\.gz: expected a complete gzip file"):
        read(file("a.jsonl.gz", packed))


@pytest.mark.parametrize("problem", ["No such file or directory", "Is a directory"])
def test_a_file_that_cannot_be_read_is_told_by_name(tmp_path, problem):
    path = tmp_path / "a.csv" if "No such" in problem else tmp_path
    with pytest.raises(FileError) as caught:
        files.source(path, name="a.csv", options=Options())
    assert str(caught.value) == f"a.csv: {problem}"


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [
        ("a.JSONL", b"", Form.JSONL),
        ("a.jsonl", b' [{"a":1}', Form.JSON),
        ("a.json", b'{"events" : [', Form.JSON),
        ("a.ndjson.gz", b"", Form.JSONL),
        ("a.csv", b"{", Form.CSV),
        ("standard input", b'\n {"a":1}', Form.JSONL),
        ("standard input", b"event_name,user_id", Form.CSV),
        ("standard input", gzip.compress(b"a,b", mtime=0), Form.CSV),
    ],
)
def test_the_form_is_guessed_by_name_or_by_how_the_content_begins(
    tmp_path, name, content, form
):
    path = tmp_path / "file"
    path.write_bytes(content)
    source = files.source(path, name=name, options=Options())
    assert source.dialect.form == form


def test_the_digest_stands_for_the_content_and_how_it_is_understood(file):
    def digest(*sources):
        reading = Reading(sources, rules=RULES)
        assert list(reading)
        return reading.digest

    one, two = jsonl(ONE), jsonl({**ONE, "user_id": "bob"})
    rows = b"event_name,user_id,datetime,x\nview,ann,2026-03-04T12:00:00Z,bob\n"
    apart = [
        digest(file("a.jsonl", one)),
        digest(file("a.jsonl", one + two)),
        digest(file("a.jsonl", one), file("b.jsonl", two)),
        digest(file("a.csv", rows)),
        digest(file("a.csv", rows, mapping={"user_id": "x"})),
        digest(file("a.csv", rows, constants={"user_id": "x"})),
    ]
    assert len(set(apart)) == len(apart)
    assert digest(file("c.jsonl.gz", gzip.compress(one))) == apart[0]


def test_a_survey_tells_names_and_whole_five_minutes():
    survey = Survey()
    for minutes in (0, -14, 4.99):
        at = (NOON + timedelta(minutes=minutes)).isoformat()
        event = {**ONE, "datetime": at, "event_name": f"at {minutes}"}
        survey.add(decoded(jsonl(event, event)))
    assert survey.events == 6
    assert survey.span == Span(
        NOON - timedelta(minutes=15), NOON + timedelta(minutes=5)
    )
    assert survey.names == {"at 0": 2, "at -14": 2, "at 4.99": 2}


def test_memory_does_not_grow_with_the_file(file):
    source = file("a.jsonl.gz", gzip.compress(jsonl(ONE) * 100_000))
    tracemalloc.start()
    try:
        seen = sum(len(events) for events in Reading([source], rules=RULES))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert seen == 100_000
    assert peak < 30 * 2**20
