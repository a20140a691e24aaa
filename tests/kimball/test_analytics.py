"""`POST` and `GET /v0/analytics`: what goes in, what is refused, what comes out."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.kimball.product import Namespace, event
from tests.pipeline.processes import until
from tests.published import original

URL = "/v0/analytics"
ONE = event("view")
ONE_OF = "Object does not match any of the oneOf specifications"
IMPOSSIBLE = "2020-13-01T00:00:00Z"
NO_EVENT = ["missing_required_key", "event_name"]
NO_USER = ["missing_required_key", "user_id"]
NO_EVENTS = ["missing_required_key", "events"]


def wrong(value, kind):
    return ["incorrect_type", value, kind]


@pytest.mark.parametrize("url", [URL, f"{URL}/"])
@pytest.mark.parametrize(
    "form", [lambda one: one, lambda one: {"events": [one]}, lambda one: [one]]
)
def test_an_event_a_batch_and_a_bare_list_are_counted(namespace, url, form):
    sent = form({**ONE, "namespace": namespace.name})
    answer = namespace.client.post(url, json=sent)
    assert (answer.status_code, answer.content) == (204, b"")
    namespace.product.settle()
    assert namespace.counts() == {"view": 1}


def test_the_ticks_of_the_beat_alone_count_events(namespace):
    namespace.post_events(ONE)
    until(lambda: namespace.counts() == {"view": 1}, log=namespace.product.log)


@pytest.mark.parametrize("sent", [[], {"events": []}])
def test_an_empty_batch_is_accepted(root, sent):
    assert root.post(URL, json=sent).status_code == 204


@pytest.mark.parametrize(
    "form",
    [
        lambda one: {**one, "unknown": None, "colour": {"deep": [1]}},
        lambda one: {**one, "events": 5},
        lambda one: {"events": [{**one, "unknown": None}], "colour": []},
    ],
)
def test_unknown_properties_are_ignored(namespace, form):
    sent = form({**ONE, "namespace": namespace.name})
    assert namespace.client.post(URL, json=sent).status_code == 204
    namespace.product.settle()
    assert namespace.counts() == {"view": 1}


def test_every_property_of_an_event_may_be_given(namespace):
    at = (datetime.now(UTC) - timedelta(days=4)).isoformat()
    full = event("view", value=-2.5, ensure_goal=False, datetime=at)
    namespace.send(full, event("view", "bob", value=7, datetime=at[:19] + "Z"))
    assert namespace.counts() == {"view": 2}


BAD_EVENTS = [
    ({}, NO_EVENT),
    ({"event_name": "view"}, NO_USER),
    ({"user_id": "ann"}, NO_EVENT),
    ({**ONE, "event_name": 5}, wrong(5, "string")),
    ({**ONE, "event_name": None}, wrong(None, "string")),
    ({**ONE, "user_id": 42}, wrong(42, "string")),
    ({**ONE, "user_id": None}, wrong(None, "string")),
    ({**ONE, "namespace": ["a"]}, wrong(["a"], "string")),
    ({**ONE, "namespace": None}, wrong(None, "string")),
    ({**ONE, "ensure_goal": "true"}, wrong("true", "boolean")),
    ({**ONE, "ensure_goal": None}, wrong(None, "boolean")),
    ({**ONE, "value": "5"}, wrong("5", "number")),
    ({**ONE, "value": None}, wrong(None, "number")),
    ({**ONE, "datetime": 1_600_000_000}, wrong(1_600_000_000, "string")),
    ({**ONE, "datetime": "2020"}, ["invalid_date", "2020"]),
    ({**ONE, "datetime": IMPOSSIBLE}, ["invalid_date", IMPOSSIBLE]),
    # Types before what is missing, in alphabetical order.
    ({"user_id": 5}, wrong(5, "string")),
    ({**ONE, "user_id": 5, "ensure_goal": 1}, wrong(1, "boolean")),
]


@pytest.mark.parametrize(("bad", "why"), BAD_EVENTS)
def test_an_event_that_is_wrong_is_told_how_it_misses_each_form(root, bad, why):
    answer = root.post(URL, json=bad)
    assert answer.status_code == 400
    whys = [why, NO_EVENTS, wrong(bad, "array")]
    error = answer.json()["error"]
    assert original(error) == {"what": ONE_OF, "object": bad, "why": whys}
    assert error["index"] == 0
    assert error["expected"]


@pytest.mark.parametrize(
    ("body", "whys"),
    [
        ({"events": 5}, [NO_EVENT, wrong(5, "array"), wrong({"events": 5}, "array")]),
        (
            {"events": [ONE, {}]},
            [NO_EVENT, NO_EVENT, wrong({"events": [ONE, {}]}, "array")],
        ),
        (
            [ONE, {"event_name": "a"}],
            [wrong([ONE, {"event_name": "a"}], "object")] * 2 + [NO_USER],
        ),
        ([5], [wrong([5], "object")] * 2 + [wrong(5, "object")]),
        ("text", [wrong("text", "object")] * 2 + [wrong("text", "array")]),
        (1.5, [wrong(1.5, "object")] * 2 + [wrong(1.5, "array")]),
    ],
)
def test_a_body_of_no_form_is_told_how_it_misses_each(root, body, whys):
    answer = root.post(URL, json=body)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert original(error) == {"what": ONE_OF, "object": body, "why": whys}


def test_a_body_of_two_forms_is_refused(root):
    body = {**ONE, "events": [ONE]}
    answer = root.post(URL, json=body)
    assert answer.status_code == 400
    what = "Object matches more than oneOf specifications"
    assert original(answer.json()["error"]) == {"what": what, "object": body}


@pytest.mark.parametrize("bad", [{}, {**ONE, "user_id": 5}, {**ONE, "event_name": ""}])
@pytest.mark.parametrize("place", [0, 2])
def test_one_bad_event_refuses_its_batch_and_nothing_is_stored(namespace, bad, place):
    batch = [{**event("a", name), "namespace": namespace.name} for name in "bc"]
    batch.insert(place, {"namespace": namespace.name, **bad})
    answer = namespace.client.post(URL, json=batch)
    assert answer.status_code == 400
    assert answer.json()["error"]["what"]
    namespace.product.settle()
    assert namespace.rows() == {}


@pytest.mark.parametrize("field", ["event_name", "user_id"])
@pytest.mark.parametrize("text", ["", "a\0b", "x" * 201])
def test_names_and_ids_have_1_to_200_printable_characters(root, field, text):
    answer = root.post(URL, json={**ONE, field: text})
    assert answer.status_code == 400
    assert field in answer.json()["error"]["what"]


@pytest.mark.parametrize("days", [-6, 1])
def test_a_time_out_of_the_window_is_refused(root, days):
    at = datetime.now(UTC) + timedelta(days=days)
    answer = root.post(URL, json={**ONE, "datetime": at.isoformat()})
    assert answer.status_code == 400
    assert "datetime" in answer.json()["error"]["what"]


def test_a_counter_is_told_with_all_its_keys(namespace):
    namespace.send(event("view", value=2))
    published = {
        "type": "named",
        "count": 1,
        "single_event_counts": [],
        "event_counts": [{"events": [], "count": 1}],
        "value": {"sum": 2},
    }
    view = {"name": "view", **published}
    everybody = {"name": "global_counter", **published, "type": "internal"}
    rows = namespace.rows()
    assert rows.keys() == {"view", "global_counter"}
    assert view.items() <= rows["view"].items()
    assert everybody.items() <= rows["global_counter"].items()


def test_a_count_comes_with_its_bounds(namespace):
    namespace.send(ONE, event("view", "bob"))
    for row in namespace.rows().values():
        assert row["lower"] <= 2 <= row["upper"]
        assert row["saturated"] is False


def test_without_a_namespace_root_writes_and_reads_the_default_one(namespace, root):
    default = Namespace("default", root, namespace.product)
    mine = f"in {namespace.name}"
    assert root.post(URL, json=event(mine)).status_code == 204
    namespace.product.settle()
    assert default.counts()[mine] == 1
    assert mine in {row["name"] for row in root.get(URL).json()["counts"]}
    assert namespace.rows() == {}


@pytest.mark.parametrize("role", ["manager", "backend"])
def test_without_a_namespace_others_write_and_read_their_own(role, clients, shop):
    client = clients[role]
    assert client.post(URL, json=event(f"by {role}")).status_code == 204
    shop.product.settle()
    assert shop.counts()[f"by {role}"] == 1
    assert f"by {role}" in {row["name"] for row in client.get(URL).json()["counts"]}


def test_a_stranger_neither_writes_nor_reads(stranger, shop):
    for answer in (
        stranger.post(URL, json=event("by a stranger", namespace="shop")),
        stranger.get(URL, params={"namespace": "shop"}),
    ):
        assert answer.status_code == 403
        assert answer.json()["error"]["what"]
    shop.product.settle()
    assert "by a stranger" not in shop.counts()


def test_of_an_unknown_namespace_root_reads_an_empty_list(namespace):
    answer = namespace.get(URL)
    assert (answer.status_code, answer.json()) == (200, {"counts": []})


def test_a_body_above_5_mb_is_413(root):
    body = b"[" + b" " * 5_000_000 + b"]"
    # On a connection of its own: the server closes it with the body unread.
    headers = {**root.headers, "Content-Type": "application/json"}
    answer = httpx.post(root.base_url.join(URL), content=body, headers=headers)
    assert answer.status_code == 413
    assert answer.json()["error"]["what"]
