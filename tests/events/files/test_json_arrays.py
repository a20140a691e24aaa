"""Lists of events in JSON: read piece by piece, and told by line."""

import json
import tracemalloc

import pytest

from events import event_body
from events.files import reading
from events.files.json_arrays import cut
from events.files.lines import LineError, Rules
from events.files.reading import FileError, Reading
from events.files.recognition import Options
from tests.events.files.test_files import NOON, ONE

RULES = Rules(namespace="shop", latest_at=NOON + event_body.FUTURE)
TRICKY = [ONE | {"item_id": text} for text in ('a"b', "[{", "},", "\\", 'é\\"]')]


@pytest.fixture
def source(tmp_path):
    def write(content, *, name="a.json"):
        path = tmp_path / name
        path.write_bytes(content.encode())
        return reading.source(path, name=name, options=Options())

    return write


def read(source):
    return [event for events in Reading([source], rules=RULES) for event in events]


def refusal(source):
    with pytest.raises(FileError) as caught:
        read(source)
    return str(caught.value)


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("wrapped", [True, False])
def test_a_list_holds_events(source, indent, wrapped):
    sent = {"events": TRICKY} if wrapped else TRICKY
    events = read(source(f"\n {json.dumps(sent, indent=indent)}\n"))
    assert [one.item_id for one in events] == [one["item_id"] for one in TRICKY]


@pytest.mark.parametrize("size", range(1, 40))
def test_a_list_may_be_cut_anywhere(size):
    text = json.dumps({"events": TRICKY}, indent=1, ensure_ascii=False)
    texts = [text[at : at + size] for at in range(0, len(text), size)]
    elements = [element for some in cut(texts, most=1_000) for element in some]
    assert [json.loads(text) for _, text in elements] == TRICKY
    assert [line for line, _ in elements] == [3 + 6 * n for n in range(len(TRICKY))]


def test_what_is_wrong_is_told_with_the_line_its_event_begins_in(source):
    sent = [ONE, ONE, {**ONE, "value": "x"}]
    told = refusal(source(json.dumps(sent, indent=1)))
    assert told.startswith("a.json:12: value: expected a number")


@pytest.mark.parametrize(
    "content",
    [
        "[",
        "[]]",
        "[{}",
        '{"events": []',
        '{"events": [], "namespace": "b"}',
        '{"events": []}{}',
        "[] 1",
        '["',
    ],
)
def test_a_list_that_does_not_end_as_it_began_is_refused(content):
    with pytest.raises(
        LineError, match="expected a JSON list of events, bare or alone"
    ):
        list(cut([content], most=100))


@pytest.mark.parametrize("content", ["[1,,2]", "[1,]", '["a\nb"]', "[,]"])
def test_what_is_no_json_is_refused(content):
    with pytest.raises(LineError, match="expected"):
        list(cut([content], most=100))


@pytest.mark.parametrize(
    "content",
    ['{"namespace": "b", "events": [{}]}', '{"a": 1,\n"events": [' + "{}," * 9_000],
)
def test_what_stands_beside_a_list_is_refused(source, content):
    told = refusal(source(content))
    assert told.startswith("a.json:1: expected a JSON list of events, bare or alone")


def test_an_empty_list_has_no_event():
    assert [*cut(["[ \n]"], most=9)] == [[]]


def test_memory_does_not_grow_with_the_list(source):
    many = source("[" + ",".join([json.dumps(ONE)] * 100_000) + "]")
    tracemalloc.start()
    try:
        seen = sum(len(events) for events in Reading([many], rules=RULES))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert seen == 100_000
    assert peak < 40 * 2**20
