"""`POST /v0/analytics`: 204 means the events are in the inbox, 400 that none is."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.models import Namespace
from db import sql
from events import keys
from events.models import EventName, InboxEvent
from tests.events.builders import NOON, arrival, record

pytestmark = pytest.mark.django_db
URL = "/v0/analytics"
ONE = {"event_name": "view", "user_id": "ann"}
BODIES = [
    b"",
    b"\x00",
    b"[" * 900 + b"]" * 900,
    b'{"a":' + b"9" * 99 + b"}",
    b"null",
    b'{"event_name":"a","user_id":"b","value":1e1000000}',
    b'"\\ud800"',
]
JSON_KINDS = [
    "application/json",
    "application/json; charset=utf-8",
    "application/json;",
    'Application/JSON;charset="UTF-8"',
    "application/json; version=1",
    'application/json ;charset=utf8 ; profile="a;b=\\"c"',
]
OTHER_KINDS = [
    "",
    "text/plain",
    "application/xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
]


@pytest.fixture
def noon(time_machine):
    time_machine.move_to(NOON, tick=False)
    return NOON


def stored():
    """Returns how many rows a request may have left behind, per kind."""
    return InboxEvent.objects.count(), EventName.objects.count()


@pytest.mark.parametrize("url", [URL, f"{URL}/"])
@pytest.mark.parametrize("sent", [ONE, {"events": [ONE]}, [ONE]])
def test_204_means_the_event_is_in_the_inbox(backend, shop, noon, url, sent):
    answer = backend.post(url, sent, format="json")
    assert (answer.status_code, answer.content) == (204, b"")
    place = keys.namespace_key(settings.USER_KEY_SECRET, "shop")
    key = keys.user_key("ann", key=place)
    [row] = InboxEvent.objects.all()
    assert (row.namespace_id, row.user_key, row.shard) == (shop.pk, key, key & 15)
    assert (row.event_name.name, row.ensure_goal) == ("view", False)
    assert row.occurred_at == row.received_at == noon
    absent = {row.value, row.item_id, row.order_id, row.session_id}
    assert absent == {None}


def test_every_field_is_kept(backend, noon):
    at = noon - timedelta(days=2)
    fields = {"item_id": "shoe", "order_id": "42", "session_id": "s"}
    sent = {**ONE, **fields, "value": 19.99, "datetime": at.isoformat()}
    backend.post(URL, {**sent, "ensure_goal": True}, format="json")
    [row] = InboxEvent.objects.all()
    assert (row.item_id, row.order_id, row.session_id) == ("shoe", "42", "s")
    assert (f"{row.value}", row.ensure_goal) == ("19.990000", True)
    assert (row.occurred_at, row.received_at) == (at, noon)


def test_rows_arrive_in_the_order_of_the_batch(backend):
    names = [f"event {number}" for number in (3, 1, 2)]
    sent = [{**ONE, "event_name": name} for name in names]
    backend.post(URL, sent, format="json")
    rows = InboxEvent.objects.order_by("id")
    assert list(rows.values_list("event_name__name", flat=True)) == names


def test_an_empty_batch_stores_nothing(backend):
    assert backend.post(URL, [], format="json").status_code == 204
    assert stored() == (0, 0)


@pytest.mark.parametrize(
    "bad",
    [
        {"event_name": "view"},
        {**ONE, "user_id": 5},
        {**ONE, "value": "5"},
        {**ONE, "item_id": "a\0b"},
        {**ONE, "datetime": "2020-01-01T00:00:00Z"},
        {**ONE, "namespace": "elsewhere"},
    ],
)
@pytest.mark.parametrize("place", [0, 2])
def test_one_bad_event_refuses_its_batch(backend, bad, place):
    batch = [{**ONE, "event_name": f"event {number}"} for number in range(2)]
    batch.insert(place, bad)
    answer = backend.post(URL, batch, format="json")
    assert answer.status_code == (403 if "namespace" in bad else 400)
    assert answer.json()["error"]["what"]
    assert stored() == (0, 0)


def test_the_error_is_the_answer(backend):
    answer = backend.post(URL, {"event_name": "view"}, format="json")
    assert answer.json()["error"]["why"][0] == ["missing_required_key", "user_id"]
    answer = backend.post(URL, "{", content_type="application/json")
    what = "The object is not valid JSON"
    assert answer.json() == {"error": {"what": what, "object": "{"}}


@pytest.mark.parametrize(
    "raw",
    BODIES,
)
def test_whatever_is_sent_the_answer_is_a_400(backend, raw):
    answer = backend.post(URL, raw, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["error"]["what"]


@pytest.mark.parametrize(
    "kind",
    JSON_KINDS,
)
def test_json_in_utf_8_is_taken(backend, kind):
    answer = backend.post(URL, b"[]", content_type=kind)
    assert answer.status_code == 204


@pytest.mark.parametrize(
    "kind",
    OTHER_KINDS,
)
def test_other_content_types_are_refused_by_name(backend, kind):
    answer = backend.generic("POST", URL, b"[]", content_type=kind)
    assert answer.status_code == 400
    assert answer.json() == {
        "error": {
            "what": "The content-type is invalid",
            "type": kind,
            "expected_types": ["application/json"],
        }
    }


@pytest.mark.parametrize("charset", ["utf-16", "bz2_codec", "latin-1", "bogus"])
def test_another_charset_is_refused_by_name(backend, charset):
    kind = f'application/json; profile=a; Charset="{charset}"'
    error = backend.generic("POST", URL, b"[]", content_type=kind).json()["error"]
    assert (error["charset"], error["expected_charset"]) == (charset, "utf-8")


def test_a_body_above_5_mb_is_413(backend):
    batch = b"[" + b" " * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE - 2) + b"]"
    post = {"path": URL, "content_type": "application/json"}
    assert backend.post(**post, data=batch).status_code == 204
    answer = backend.post(**post, data=batch + b" ")
    assert answer.status_code == 413
    assert "5,000,000" in answer.json()["error"]["what"]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic YTpi"])
def test_without_a_token_the_body_is_the_published_401(backend, header):
    backend.defaults["HTTP_AUTHORIZATION"] = header
    answer = backend.post(URL, ONE, format="json")
    assert answer.status_code == 401
    assert answer.json() == {"error": "Missing or invalid authorization header"}
    assert stored() == (0, 0)


@pytest.mark.parametrize("role", ["root", "manager", "backend"])
def test_every_role_may_send_events(role, request):
    client = request.getfixturevalue(role)
    assert client.post(URL, ONE, format="json").status_code == 204


def test_a_known_name_costs_one_query_after_the_token_and_the_namespace(
    backend, django_assert_num_queries
):
    backend.post(URL, ONE, format="json")
    batch = [{**ONE, "user_id": f"user {number}"} for number in range(500)]
    with django_assert_num_queries(6):  # token, BEGIN, namespace, names, COPY, COMMIT
        backend.post(URL, batch, format="json")
    with django_assert_num_queries(7):  # and which event ids are new
        backend.post(URL, {**ONE, "event_id": "1"}, format="json")


def test_a_time_without_events_is_refused_at_its_edges(backend, noon):
    old = (noon - timedelta(days=5, seconds=1)).isoformat()
    answer = backend.post(URL, [ONE, {**ONE, "datetime": old}], format="json")
    error = answer.json()["error"]
    assert (error["index"], error["field"]) == (1, "datetime")
    assert "2026-02-27T12:00:00+00:00 to 2026-03-04T12:05:00+00:00" in error["what"]


def test_the_clock_is_read_at_the_request(backend):
    before = datetime.now(UTC)
    backend.post(URL, ONE, format="json")
    [row] = InboxEvent.objects.all()
    assert before <= row.received_at <= datetime.now(UTC)


def test_a_namespace_that_was_refused_is_not_created(root):
    sent = [{**ONE, "event_name": f"{n}", "namespace": "new"} for n in range(1001)]
    assert root.post(URL, sent, format="json").status_code == 400
    assert not Namespace.objects.filter(name="new").exists()
    assert stored() == (0, 0)


def test_a_database_that_fails_while_events_are_copied_fails_as_djangos(shop):
    sql.execute("ALTER TABLE events_inboxevent ADD CHECK (item_id <> 'no')")
    with pytest.raises(IntegrityError), transaction.atomic():
        record([arrival(shop.pk), arrival(shop.pk, item_id="no")])
    assert stored() == (0, 0)
