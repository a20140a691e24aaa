"""`analytics/ab-tests/`: users are drawn as was said, for as long as was said."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from segmentation import services
from segmentation.models import ABTest
from tests.conftest import T0
from tests.segmentation.builders import DAY, LEAF, TESTS, query_of, split

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
NOON = T0.timestamp()
HALVES = {"share_a": 50, "share_b": 50}
PATH = f"{TESTS}my_ab_test1/"


def create(client, id="my_ab_test1", **fields):
    return client.post(TESTS, {"id": id, **HALVES, **fields}, format="json")


def change(client, **fields):
    return client.patch(PATH, fields, format="json")


def told(client):
    return client.get(PATH).json()


@pytest.mark.parametrize("role", ["manager", "backend"])
def test_a_test_is_made_shown_changed_and_deleted(role, request):
    client = request.getfixturevalue(role)
    fields = {"share_a": 12.34, "share_b": "50.01", "salt": "s"}
    times = {"start_timestamp": NOON + 600, "end_timestamp": NOON + 1200.5}
    answer = create(client, **fields, **times)
    assert (answer.status_code, answer.json()) == (201, {"id": "my_ab_test1"})
    whole = {"id": "my_ab_test1", **fields, "share_b": 50.01, **times}
    whole |= {"status": "planned", "segmentations": []}
    assert told(client) == whole
    assert client.get(TESTS).json() == {"ab_tests": [whole]}
    answer = change(client, share_a=1, end_timestamp=None)
    assert (answer.status_code, answer.content) == (204, b"")
    assert told(client) == whole | {"share_a": 1, "end_timestamp": None}
    answer = client.delete(PATH)
    assert (answer.status_code, answer.content) == (204, b"")
    assert client.delete(PATH).json()["error_data"] == {
        "type": "ab-test",
        "key": "my_ab_test1",
        "name": "AB_TEST_NOT_FOUND",
    }


def test_what_is_not_said_is_now_without_an_end_and_random(manager):
    create(manager, "a")
    create(manager, "b")
    b, a = manager.get(TESTS).json()["ab_tests"]
    assert (a["start_timestamp"], a["end_timestamp"]) == (NOON, None)
    assert a["status"] == "running"
    assert a["salt"] != b["salt"]
    assert len(a["salt"]) == 16


@pytest.mark.parametrize("name", ["a", "A-1.b_c", "0" * 64])
def test_a_readable_id_is_taken(manager, name):
    assert create(manager, name).status_code == 201
    assert manager.get(f"{TESTS}{name}/").json()["id"] == name


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"id": "-a"}, "id"),
        ({"id": "a b"}, "id"),
        ({"id": "a\n"}, "id"),
        ({"id": ""}, "id"),
        ({"id": "x" * 65}, "id"),
        ({"share_a": 0}, "share_a"),
        ({"share_a": 33.333}, "share_a"),
        ({"share_a": True}, "share_a"),
        ({"share_b": 50.01}, "share_b"),
        ({"share_b": "NaN"}, "share_b"),
        ({"share_b": None}, "share_b"),
        ({"salt": ""}, "salt"),
        ({"salt": "\t"}, "salt"),
        ({"salt": "x" * 65}, "salt"),
        ({"start_timestamp": NOON - 5 * 86_400 - 1}, "start_timestamp"),
        ({"start_timestamp": None}, "start_timestamp"),
        ({"start_timestamp": 1e12}, "start_timestamp"),
        ({"end_timestamp": NOON + 299}, "end_timestamp"),
        (
            {"start_timestamp": NOON + 900, "end_timestamp": NOON + 900},
            "end_timestamp",
        ),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_nothing_is_stored(manager, sent, field):
    answer = manager.post(TESTS, {"id": "a", **HALVES, **sent}, format="json")
    assert list(query_of(answer)) == [field]
    assert not ABTest.objects.exists()


def test_an_id_is_taken_once_in_a_namespace(manager, stranger):
    create(manager)
    answer = create(manager)
    assert answer.status_code == 400
    assert answer.json()["error_data"] == {
        "type": "ab-test",
        "key": "my_ab_test1",
        "name": "DUPLICATED_AB_TEST",
    }
    assert create(stranger).status_code == 201


def test_what_a_running_test_has_drawn_stays(manager, ab_test):
    ab_test(end_at=None)
    before = told(manager)
    fixed = {"salt": "x", "share_a": 1, "share_b": 1, "start_timestamp": NOON - 900}
    told_of = query_of(change(manager, **fixed, id="other", end_timestamp=NOON))
    assert told_of == {
        **{key: ["The test has started: this stays as it is."] for key in fixed},
        "id": ["An id stays as it is."],
        "end_timestamp": ["It can end 5 minutes from now at the earliest."],
    }
    assert told(manager) == before
    sent = {key: before[key] for key in [*fixed, "id"] if key in before}
    assert change(manager, **sent, end_timestamp=NOON + 300).status_code == 204
    assert told(manager) == before | {"end_timestamp": NOON + 300}


def test_a_moment_that_was_told_can_be_sent_again(manager, ab_test, time_machine):
    time_machine.move_to(NOON + 0.123457, tick=False)
    create(manager)
    start = told(manager)["start_timestamp"]
    time_machine.move_to(NOON + 1, tick=False)
    assert change(manager, start_timestamp=start).status_code == 204


def test_the_end_of_an_ended_test_stays(manager, ab_test, time_machine):
    ab_test(end_at=T0 + DAY)
    time_machine.move_to(T0 + DAY, tick=False)
    assert told(manager)["status"] == "ended"
    wrong = query_of(change(manager, end_timestamp=None))
    assert wrong == {
        "end_timestamp": [
            "The test has ended, or ends within 5 minutes: this stays as it is."
        ]
    }


def test_a_test_that_a_segmentation_names_is_not_deleted(
    manager, ab_test, segmentation
):
    ab_test()
    one = segmentation("my seg", split("other", skip=split()))
    assert told(manager)["segmentations"] == [one.pk]
    sentence = f"Segmentations name this A/B test: 'my seg' ({one.pk})."
    assert query_of(manager.delete(PATH)) == {"non_field_errors": [sentence]}
    assert ABTest.objects.exists()
    one.delete()
    assert manager.delete(PATH).status_code == 204


@pytest.mark.parametrize("name", ["none", "a%00b"])
def test_an_unknown_id_is_missing_whatever_is_asked(manager, stranger, name):
    for path in (f"{TESTS}{name}/", f"{TESTS}{name}/group/?user_id=u"):
        assert manager.get(path).json()["error_data"]["name"] == "AB_TEST_NOT_FOUND"
    create(stranger, "foreign")
    for send in (manager.get, manager.delete, manager.patch):
        assert send(f"{TESTS}foreign/").status_code == 404


def test_the_list_is_filtered_and_ordered(manager, ab_test):
    ab_test("old", start_at=T0 - 3 * DAY, end_at=T0)
    ab_test("now", start_at=T0)
    ab_test("later", start_at=T0 + DAY, end_at=None)

    def ids(**query):
        return [one["id"] for one in manager.get(TESTS, query).json()["ab_tests"]]

    assert ids() == ["later", "now", "old"]
    assert ids(status="running") == ["now"]
    assert ids(status="planned") == ["later"]
    assert ids(status="ended") == ["old"]
    assert ids(ordering="start_timestamp") == ["old", "now", "later"]
    assert ids(id="now") == ["now"]
    assert ids(id__icontains="L", ordering="-id") == ["old", "later"]
    for query in ({"status": "paused"}, {"ordering": "salt"}):
        assert query_of(manager.get(TESTS, query)).keys() == query.keys()


def test_a_namespace_holds_so_many_and_no_more(manager, ab_test, monkeypatch):
    monkeypatch.setattr(services, "TEST_LIMIT", 1)
    ab_test()
    message = ["A namespace holds at most 1 A/B tests."]
    assert query_of(create(manager, "b")) == {"non_field_errors": message}


def test_the_same_costs_the_same_however_many(
    manager, ab_test, segmentation, django_assert_num_queries
):
    for number in range(20):
        ab_test(f"test{number}")
        segmentation(f"name {number}", split(f"test{number}"))
    with django_assert_num_queries(4):  # token, namespace, rows, segmentations
        assert len(manager.get(TESTS).json()["ab_tests"]) == 20
    with django_assert_num_queries(4):
        manager.get(f"{TESTS}test0/")
    with django_assert_num_queries(3):
        manager.get(f"{TESTS}test0/group/", {"user_id": "u"})


@pytest.mark.django_db(transaction=True)
def test_of_the_same_id_sent_at_once_one_is_taken(manager, segmentation):
    segmentation(tree=LEAF)

    def send(_):
        try:
            return create(manager).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(send, range(8)))
    assert sorted(found) == [201] + [400] * 7
    assert ABTest.objects.count() == 1
