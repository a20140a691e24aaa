"""`analytics/segmentations/params/`: the published examples, and what is refused."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from accounts.models import Namespace
from segmentation import services
from segmentation.models import ALPHABET, Segment, Segmentation
from tests.segmentation.builders import LEAF, PARAMS, TESTS, query_of, split

pytestmark = pytest.mark.django_db
# Both as they are published.
CREATE = """
  {
      "name": "my_segm",
      "segmentation": {
          "type": "ab_test",
          "split": {
              "ab_test_id": "my_ab_test1",
              "group_a": {"type": "analytics"},
              "group_b": {"type": "analytics"}
          },
          "skip": {"type": "analytics"}
      }
  }
"""
RENAME = """
  {
      "name": "my_segm24"
  }
"""
UNKNOWN = "the A/B test {} does not exist: nobody is in its groups"
TAKEN = {
    "error_code": 42,
    "error_name": "DuplicatedError",
    "message": "The analytics-segmentation my_seg1 is duplicated",
    "error_data": {
        "type": "analytics-segmentation",
        "key": "my_seg1",
        "name": "DUPLICATED_ANALYTICS_SEGMENTATION_NAME",
    },
}


def raw(send, path, body):
    return send(path, body, content_type="application/json")


def create(client, name="my_seg1", tree=LEAF, **fields):
    sent = {"name": name, "segmentation": tree, **fields}
    return client.post(PARAMS, sent, format="json")


def listed(client, **query):
    answer = client.get(PARAMS, query)
    assert answer.status_code == 200
    assert answer.json().keys() == {"segmentations"}
    return answer.json()["segmentations"]


def is_missing(answer, key):
    assert answer.status_code == 404
    assert answer.json() == {
        "error_code": 60,
        "error_name": "NotFoundError",
        "message": f"The analytics-segmentation {key} does not exist",
        "error_data": {
            "type": "analytics-segmentation",
            "key": key,
            "name": "ANALYTICS_SEGMENTATION_NOT_FOUND",
        },
    }


@pytest.mark.parametrize("version", ["", "/v1"])
@pytest.mark.parametrize("role", ["root", "manager", "backend"])
def test_the_published_examples_get_their_published_answers(
    role, version, ab_test, request, shop
):
    client, place = request.getfixturevalue(role), "?namespace=shop"
    ab_test()
    body = CREATE.replace("{", '{"namespace": "shop",', 1) if role == "root" else CREATE
    answer = raw(client.post, version + PARAMS, body)
    assert answer.status_code == 201
    [key] = answer.json().values()
    assert answer.json() == {"id": key}
    assert len(key) == 8
    assert set(key) <= set(ALPHABET)
    whole = {"id": key, "name": "my_segm", "segmentation": split()}
    one = f"{version}{PARAMS}{key}/{place}"
    assert client.get(one).json() == whole
    assert client.get(f"{version}{PARAMS}{place}").json() == {"segmentations": [whole]}
    renamed = raw(client.patch, one, RENAME)
    assert (renamed.status_code, renamed.content) == (204, b"")
    assert client.get(one).json() == whole | {"name": "my_segm24"}
    deleted = client.delete(one)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert listed(client, namespace="shop") == []
    assert client.get(TESTS, {"namespace": "shop"}).json()["ab_tests"]
    is_missing(client.delete(one), key)


def test_the_leaves_are_numbered_from_left_to_right(manager):
    create(manager, tree=split("a", a=split("b")))
    assert list(Segment.objects.values_list("position", "path")) == [
        (0, "a: A / b: A"),
        (1, "a: A / b: B"),
        (2, "a: A / b: neither"),
        (3, "a: B"),
        (4, "a: neither"),
    ]


def test_a_test_that_does_not_exist_is_warned_of_wherever_its_tree_is(manager, ab_test):
    ab_test("known")
    warnings = [UNKNOWN.format("a"), UNKNOWN.format("b")]
    tree = split("b", a=split("a"), skip=split("known"))
    answer = create(manager, tree=tree)
    assert answer.status_code == 201
    assert answer.json()["warnings"] == warnings
    create(manager, "sound", split("known"))
    sound, lacking = listed(manager)
    assert "warnings" not in sound
    assert lacking["warnings"] == warnings
    assert manager.get(f"{PARAMS}{lacking['id']}/").json() == lacking


def test_a_test_of_another_namespace_does_not_exist_here(manager, ab_test):
    ab_test(namespace=Namespace.objects.create(name="elsewhere"))
    assert create(manager, tree=split()).json()["warnings"]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"segmentation": LEAF}, "name"),
        ({"name": "a"}, "segmentation"),
        ({"name": "a", "segmentation": None}, "segmentation"),
        ({"name": "a", "segmentation": split("a b")}, "segmentation"),
        ({"name": "", "segmentation": LEAF}, "name"),
        ({"name": "x" * 65, "segmentation": LEAF}, "name"),
        ({"name": "a\tb", "segmentation": LEAF}, "name"),
        ({"name": ["a"], "segmentation": LEAF}, "name"),
        ({"name": "a", "segmentation": LEAF, "namespace": "\n"}, "namespace"),
        ([], "non_field_errors"),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_nothing_is_stored(root, sent, field):
    answer = root.post(PARAMS, sent, format="json")
    assert list(query_of(answer)) == [field]
    assert not Segmentation.objects.exists()
    assert not Namespace.objects.exists()


def test_a_wrong_tree_is_told_with_its_place(manager):
    answer = create(manager, tree=split(a={"type": "case"}))
    place = "segmentation.split.group_a.type"
    told = f'{place}: expected "analytics" or "ab_test"'
    assert query_of(answer) == {"segmentation": [told]}


@pytest.mark.parametrize(
    "node",
    [
        '{"skip":' * 200_000 + "1" + "}" * 200_000,
        "[" * 1_000_000,
        '{"type": "ab_test", "split": [' + ",".join(["{}"] * 500_000) + "]}",
        '{"type": "analytics", "\\u0000": 1}',
    ],
    ids=["deep", "brackets", "wide", "NUL"],
)
def test_deep_and_huge_json_is_refused_as_wrong(manager, node):
    answer = raw(manager.post, PARAMS, f'{{"name": "a", "segmentation": {node}}}')
    assert answer.status_code == 400
    assert answer.json()["error_name"] == "WrongData"


def test_the_deepest_tree_is_taken(manager):
    tree = LEAF
    for number in range(15):
        tree = split(f"test{number}", a=tree)
    assert create(manager, tree=tree).status_code == 201
    assert create(manager, "b", split("one more", a=tree)).status_code == 400


def test_a_name_is_taken_once_in_a_namespace(manager, stranger, segmentation):
    first, second = segmentation(), segmentation("second")
    answer = create(manager)
    assert (answer.status_code, answer.json()) == (400, TAKEN)
    sent = {"name": "my_seg1"}
    for one, status in [(first, 204), (second, 400)]:
        answer = manager.patch(f"{PARAMS}{one.pk}/", sent, format="json")
        assert answer.status_code == status
    assert answer.json() == TAKEN
    assert create(stranger).status_code == 201


def test_a_tree_is_not_changed_and_whoever_tries_is_told(manager, segmentation):
    sent = {"name": "b", "segmentation": LEAF}
    answer = manager.patch(f"{PARAMS}{segmentation().pk}/", sent, format="json")
    assert answer.status_code == 400
    assert answer.json()["error_data"]["query"].keys() == {"segmentation"}


@pytest.mark.parametrize("name", ["", "x" * 65, "a\0", None])
def test_an_impossible_name_is_refused_when_renaming_too(manager, segmentation, name):
    path = f"{PARAMS}{segmentation().pk}/"
    assert manager.patch(path, {"name": name}, format="json").status_code == 400
    assert manager.patch(path, {}, format="json").status_code == 400


@pytest.mark.parametrize("key", ["reg34te", "a%00b", "ä", "x" * 250])
def test_an_unknown_id_is_missing_whatever_is_asked(manager, key):
    path = f"{PARAMS}{key}/"
    key = key.replace("%00", "\0")
    is_missing(manager.get(path), key)
    is_missing(manager.patch(path, {"name": "a"}, format="json"), key)
    is_missing(manager.delete(path), key)


def test_the_id_of_another_namespace_is_missing(manager, stranger, segmentation):
    foreign = segmentation(namespace=Namespace.objects.get(name="elsewhere"))
    path = f"{PARAMS}{foreign.pk}/"
    assert stranger.get(path).status_code == 200
    for send in (manager.get, manager.delete):
        is_missing(send(path), foreign.pk)
    is_missing(manager.patch(path, {"name": "a"}, format="json"), foreign.pk)
    assert manager.get(f"{path}?namespace=elsewhere").status_code == 403


def test_the_list_is_filtered_and_ordered(manager, segmentation, t0):
    for number, name in enumerate(["b", "a b", " c"]):
        segmentation(name, at=t0 + timedelta(days=number))

    def names(**query):
        return [one["name"] for one in listed(manager, **query)]

    assert names() == [" c", "a b", "b"]
    assert names(name="b") == ["b"]
    assert names(name=" c") == [" c"]
    assert names(name__icontains="B", ordering="name") == ["a b", "b"]
    assert names(ordering="created_at") == ["b", "a b", " c"]
    assert names(name="none") == []
    for query in ({"ordering": "tree"}, {"name": "a\0"}):
        assert query_of(manager.get(PARAMS, query)).keys() == query.keys()


def test_a_namespace_holds_so_many_and_no_more(manager, segmentation, monkeypatch):
    monkeypatch.setattr(services, "SEGMENTATION_LIMIT", 1)
    segmentation()
    told = ["A namespace holds at most 1 segmentations."]
    assert query_of(create(manager, "b")) == {"non_field_errors": told}


def test_roots_first_segmentation_makes_its_namespace(root):
    assert create(root).status_code == 201
    assert Segmentation.objects.get().namespace.name == "default"
    assert root.get(PARAMS, {"namespace": "unknown"}).status_code == 404


def test_the_same_costs_the_same_however_many(
    manager, segmentation, ab_test, django_assert_num_queries
):
    for number in range(20):
        ab_test(f"test{number}")
        segmentation(f"name {number}", split(f"test{number}", a=split("unknown")))
    with django_assert_num_queries(4):  # token, namespace, rows, tests
        found = listed(manager)
    assert len(found) == 20
    with django_assert_num_queries(4):
        manager.get(f"{PARAMS}{found[0]['id']}/")
    with django_assert_num_queries(12):  # and savepoints, the lock, the checks
        create(manager, tree=split("a", *[split("b", *[split("c")] * 3)] * 3))
    assert Segment.objects.count() == 20 * 5 + 27


@pytest.mark.django_db(transaction=True)
def test_of_the_same_name_sent_at_once_one_is_taken(manager):
    def send(_):
        try:
            return create(manager, tree=split()).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(send, range(8)))
    assert sorted(found) == [201] + [400] * 7
    assert Segment.objects.count() == 3
