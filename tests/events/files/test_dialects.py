"""Files as spreadsheets and exports write them: recognised, or refused by name."""

import json

import pytest

from events import event_body
from events.files import reading as files
from events.files.fields import Fields
from events.files.lines import Rules
from events.files.reading import FileError, Reading
from events.files.recognition import Options
from tests.events.files.test_files import NOON, ONE

RULES = Rules(namespace="shop", latest_at=NOON + event_body.FUTURE)
HEADER = "event_name,user_id,datetime,value\n"
ROW = "buy,ann,2026-03-04T12:00:00Z,12.5\n"


@pytest.fixture
def source(tmp_path):
    def write(content, *, name="a.csv", encoding="utf-8", **options):
        path = tmp_path / name
        path.write_bytes(content.encode(encoding))
        return files.source(path, name=name, options=Options(**options))

    return write


def read(source):
    reading = Reading([source], rules=RULES)
    events = [event for events in reading for event in events]
    return events, reading.remarks()


def refusal(write, *arguments, **options):
    with pytest.raises(FileError) as caught:
        read(write(*arguments, **options))
    return str(caught.value)


def events_of(source):
    return [(one.event_name, one.user_id, one.datetime) for one in read(source)[0]]


ANN = ("buy", "ann", NOON)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("first", ["", "sep={}\r\n", '"sep={}"\n'])
def test_delimiters_are_recognised(source, delimiter, first):
    rows = (HEADER + ROW).replace(",", delimiter)
    [event], remarks = read(source(first.format(delimiter) + rows))
    assert (event.user_id, event.value) == ("ann", 12.5)
    shown = f"a.csv: cells separated by {delimiter!r}"
    assert remarks == ([] if delimiter == "," else [shown])


def test_another_delimiter_is_told(source):
    content = (HEADER + ROW).replace(",", "~")
    assert "event_name: expected a column" in refusal(source, content)
    assert events_of(source(content, delimiter="~")) == [ANN]


def test_a_row_of_nothing_is_no_event_and_lines_are_counted(source):
    content = f'{HEADER}{ROW},,,\n\r\n  , ,"",\n"b\nuy",ann,x,\n'
    assert refusal(source, content).startswith("a.csv:7: datetime: expected a time")
    assert len(read(source(f"{HEADER},,,\n{ROW},,,\r\n,,,\r\n"))[0]) == 1


@pytest.mark.parametrize(
    "encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_encodings_are_recognised_by_their_mark_or_told(tmp_path, encoding, form):
    text = HEADER + ROW if form == "csv" else json.dumps(ONE) + "\n"
    text = text.replace("ann", "rené" if encoding != "utf-8-sig" else "日本")
    marked = encoding in ("utf-8-sig", "utf-16", "utf-32")
    path = tmp_path / f"a.{form}"
    path.write_bytes(text.encode(encoding))
    options = Options(encoding=None if marked else encoding)
    [event], _ = read(files.source(path, name=path.name, options=options))
    assert event.user_id in ("rené", "日本")


def test_utf_16_without_a_mark_is_refused_with_the_option(source):
    told = refusal(source, HEADER + ROW, encoding="utf-16-le")
    assert told == "a.csv:1: expected text: for UTF-16, give --encoding utf-16-le"


def test_a_byte_that_an_encoding_has_not_is_told_with_its_line(source):
    content = HEADER + ROW * 9 + ROW.replace("ann", "\x81")
    path = source(content, encoding="latin-1").path
    for encoding, name in [(None, "UTF-8"), ("cp1252", "CP1252")]:
        written = files.source(path, name="a", options=Options(encoding=encoding))
        with pytest.raises(FileError, match=f"^a:11: expected text in {name}"):
            read(written)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (
            "PK\x03\x04…",
            "to be unpacked, or a spreadsheet (.xlsx, .xls): save it as CSV",
        ),
        ("\xd0\xcf\x11\xe0", "this is a spreadsheet (.xlsx, .xls): save it as CSV"),
        ("BZh9", "this is a packed file: unpack it, or pack it with gzip"),
        ("PAR1", "this is a Parquet file: convert it to CSV or JSON lines"),
    ],
)
def test_what_is_no_text_is_refused_by_name(source, content, what):
    told = refusal(source, content, encoding="cp1252")
    assert told.startswith("a.csv:1: this is")
    assert told.endswith(what)


def test_names_in_a_header_have_no_spaces_around_them_and_may_be_empty(source):
    header = ' event_name,user_id ,"datetime",value,,\n'
    [event], remarks = read(source(header + ROW.replace("\n", ",,\n")))
    assert (event.event_name, event.value) == ("buy", 12.5)
    assert remarks == ["a.csv: left out: column 5, column 6"]


def test_a_column_that_comes_twice_is_refused_only_where_it_is_used(source):
    rows = ROW.replace("\n", ",x,y\n")
    twice = HEADER.replace("\n", ",note,note\n")
    assert read(source(twice + rows))[1] == ["a.csv: left out: note"]
    again = HEADER.replace("\n", ", user_id,note\n")
    told = "a.csv:1: user_id: there is more than one column 'user_id'"
    assert refusal(source, again + rows) == told


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("Item ID", "item_id"),
        ("oder_id", "order_id"),
        ("sessionId", "session_id"),
        ("sku", "item_id"),
    ],
)
def test_a_name_that_is_plainly_meant_for_a_field_is_refused(source, name, field):
    header = HEADER.replace("\n", f",{name},color\n")
    content = header + ROW.replace("\n", ",x,red\n")
    told = refusal(source, content)
    assert told.startswith(f"a.csv:1: {name}: did you mean {field}? (--map ")
    ignoring = source(content, fields=Fields(ignored=[name]))
    assert read(ignoring)[1] == [
        f"a.csv: left out: {', '.join(sorted([name, 'color']))}"
    ]
    mapping = source(content, fields=Fields(names={field: name}))
    assert getattr(read(mapping)[0][0], field) == "x"


def test_a_field_that_is_there_keeps_its_aliases_from_being_meant(source):
    header, row = HEADER.replace("\n", ",time,amount\n"), ROW.replace("\n", ",a,b\n")
    assert read(source(header + row))[1] == ["a.csv: left out: amount, time"]


def test_a_column_can_be_left_out_though_it_is_a_field(source):
    [event], remarks = read(source(HEADER + ROW, fields=Fields(ignored=["value"])))
    assert (event.value, remarks) == (None, ["a.csv: left out: value"])


@pytest.mark.parametrize(
    ("cell", "decimal", "value"),
    [
        ("12,50", ",", 12.5),
        (" -1,5e3 ", ",", -1500),
        ("12", ",", 12),
        ("12,50", ".", None),
        ("1.234", ",", None),
        ("1.234,50", ",", None),
        ("1,234.50", ".", None),
        ("$12.50", ".", None),
    ],
)
def test_a_number_is_read_in_one_way_only(source, cell, decimal, value):
    content = (HEADER + ROW).replace(",", ";").replace("12.5", cell)
    if value is not None:
        assert read(source(content, decimal=decimal))[0][0].value == value
    else:
        told = refusal(source, content, decimal=decimal)
        assert told.startswith("a.csv:2: value: expected a number")
        assert "(see --decimal)" in told
        assert told.endswith(f'not "{cell}"')


@pytest.mark.parametrize(("cell", "value"), [("12.5", 12.5), ("1.234", None)])
def test_what_may_be_thousands_is_refused_where_commas_may_be_decimal(
    source, cell, value
):
    content = (HEADER + ROW).replace("12.5", cell)
    assert float(read(source(content))[0][0].value) == float(cell)
    content = content.replace(",", ";")
    if value:
        assert read(source(content))[0][0].value == value
    else:
        told = refusal(source, content)
        assert "that can be read in one way (see --decimal), not" in told
        assert float(read(source(content, decimal="."))[0][0].value) == 1.234


@pytest.mark.parametrize(("cell", "taken"), [("usd", 1), ("", 1), ("EUR", 0)])
def test_values_of_another_currency_are_refused(source, cell, taken):
    header, row = HEADER.replace("\n", ",currency\n"), ROW.replace("\n", f",{cell}\n")
    if taken:
        assert len(read(source(header + row))[0]) == 1
    else:
        told = refusal(source, header + row)
        assert told.startswith("a.csv:2: currency: expected USD, as values are summed")


def test_times_are_recognised_and_what_was_assumed_is_said(source):
    content = (HEADER + ROW).replace("2026-03-04T12:00:00Z", "2026-03-04 12:00:00")
    events, remarks = read(source(content))
    assert events[0].datetime == NOON
    assert remarks == ["a.csv: times as local in UTC (assumed: see --timezone)"]


def test_times_that_can_be_read_in_two_ways_are_refused(source):
    content = (HEADER + ROW).replace("2026-03-04T12:00:00Z", "03/04/2026 12:00")
    told = refusal(source, content)
    assert told.startswith("a.csv:2: datetime: expected a time that can be read in one")
    assert 'not "03/04/2026 12:00"' in told
    first = source(content, time_format="%m/%d/%Y %H:%M")
    assert read(first)[0][0].datetime == NOON


def test_a_column_of_mixed_times_is_refused_at_the_first_other_one(source):
    content = HEADER + ROW * 3 + ROW.replace("2026-03-04T12:00:00Z", "1772625600")
    assert refusal(source, content).startswith(
        "a.csv:5: datetime: expected a time with"
    )


@pytest.mark.parametrize("at", [1772625600, "1772625600", 1772625600.0])
def test_times_of_json_are_recognised_as_well(source, at):
    content = json.dumps({**ONE, "datetime": at}) + "\n"
    [event], remarks = read(source(content, name="a.jsonl"))
    assert (event.datetime, remarks) == (NOON, ["a.jsonl: times as epoch"])


def test_a_time_with_another_offset_among_those_of_json_is_read(source):
    other = {**ONE, "datetime": "2026-03-04 07:00:00 -0500"}
    content = f"{json.dumps(ONE)}\n{json.dumps(other)}\n"
    assert {at for _, _, at in events_of(source(content, name="a.jsonl"))} == {NOON}


def test_unknown_fields_of_json_are_named_and_a_meant_one_is_refused(source):
    others = [{**ONE, "color": 1}, {**ONE, "shape": [2], "color": {}}, ONE] * 5
    content = "".join(f"{json.dumps(each)}\n" for each in others)
    written = source(content, name="a.jsonl")
    assert read(written)[1] == ["a.jsonl: left out: color, shape"]
    meant = json.dumps({**ONE, "valeu": 5, "color": 1})
    assert refusal(source, f"{content}{meant}\n", name="a.jsonl") == (
        "a.jsonl:16: valeu: did you mean value? "
        "(--map value=valeu, else --ignore valeu)"
    )
