"""Whatever is sent: events, or an error that can be answered; two readers agree."""

from datetime import UTC, datetime

import msgspec
import orjson
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict

from api import brevity
from events import event_body, intake
from events.event_body import BodyError

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
FAST = settings(max_examples=150)

OPTIONAL = sorted({*event_body.PROPERTIES, "events"} - {"event_name", "user_id"})
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(["view", "ann", "2026-03-04T11:00:00Z", "2026-03-04", "x" * 201])
)
numbers = st.sampled_from(["1e999", "1e1000000", "1e-9999999999999999999", "9" * 5000])
fields = st.sampled_from([*event_body.PROPERTIES, "events", "other"])
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(fields, inner, max_size=6)
    ),
    max_leaves=12,
)
plausible = st.fixed_dictionaries(
    {"event_name": st.just("view") | scalars, "user_id": st.just("ann")},
    optional=dict.fromkeys(OPTIONAL, scalars | values),
)
bodies = plausible | st.lists(plausible, max_size=3) | values


def outcome(raw):
    try:
        return intake.decode(raw, received_at=NOW).events
    except BodyError as error:
        orjson.dumps({"error": brevity.small(error.error)})
        return error.error


@FAST
@given(bodies.map(lambda value: msgspec.json.encode(value)))
def test_any_json_is_events_or_an_error_that_can_be_sent(raw):
    found = outcome(raw)
    assert all(isinstance(event, event_body.Event) for event in found) or found["what"]


@FAST
@given(st.binary(max_size=60))
@example(b'{"event_name":"a","user_id":"b","value":' + b"[" * 250 + b"]" * 250 + b"}")
@example(b"[" * 251 + b"]" * 251)
@example(b"[" * 900 + b"]" * 900)
@example(b'{"event_name":' + b"9" * 30 + b"}")
def test_any_bytes_are_events_or_an_error_that_can_be_sent(raw):
    outcome(raw)


@FAST
@given(fields, numbers)
def test_any_number_anywhere_is_taken_or_refused(field, number):
    outcome(f'{{"event_name":"a","user_id":"b","{field}":{number}}}'.encode())


@FAST
@given(plausible)
def test_what_is_refused_at_once_is_also_refused_when_explained(event):
    """The slow reader finds a reason exactly where the fast one gave up."""
    raw = msgspec.json.encode(event)
    fast = outcome(raw)
    slow = outcome(raw.removesuffix(b"}") + b',"colour":null}')
    assert isinstance(fast, dict) == isinstance(slow, dict)
    if isinstance(fast, list):
        assert [asdict(one) for one in fast] == [asdict(one) for one in slow]


@FAST
@given(plausible, st.integers(0, 2))
def test_one_bad_event_refuses_its_batch(event, place):
    alone = outcome(msgspec.json.encode([event]))
    good = {"event_name": "view", "user_id": "ann"}
    batch = [*[good] * place, event, good]
    together = outcome(msgspec.json.encode(batch))
    assert isinstance(alone, list) == isinstance(together, list)
