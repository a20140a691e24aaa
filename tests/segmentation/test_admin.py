"""Staff make and change A/B tests and segmentations by the rules of the API."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import User
from segmentation import services
from segmentation.models import ABTest, Segment, Segmentation
from tests.conftest import T0
from tests.segmentation.builders import DAY, LEAF, split

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
TESTS, SEGMENTATIONS = (
    "/admin/segmentation/abtest/",
    "/admin/segmentation/segmentation/",
)
MOMENTS = ("start_at", "end_at")


@pytest.fixture
def staff(noon):
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))
    return client


def page(row):
    base = TESTS if isinstance(row, ABTest) else SEGMENTATIONS
    return f"{base}{row.pk}/change/"


def written(response, **fields):
    """Returns what a page's form sends back: what it shows, and what is edited."""
    form = response.context["adminform"].form
    shown = {name: form[name].value() for name in form.fields} | fields
    sent = {name: value for name, value in shown.items() if value is not None}
    for name in sent.keys() & set(MOMENTS):
        at = sent.pop(name)
        sent |= {f"{name}_0": f"{at:%Y-%m-%d}", f"{name}_1": f"{at:%H:%M:%S}"}
    return sent


def send(staff, path, **fields):
    return staff.post(path, written(staff.get(path), **fields))


def errors(response):
    assert response.status_code == 200
    return response.context["adminform"].form.errors


def add(staff, shop, **fields):
    return send(staff, f"{TESTS}add/", **{"namespace": shop.pk, "name": "t", **fields})


def add_tree(staff, shop, tree, **fields):
    text = tree if isinstance(tree, str) else json.dumps(tree)
    sent = {"namespace": shop.pk, "name": "seg", "tree": text, **fields}
    return staff.post(f"{SEGMENTATIONS}add/", sent)


def test_a_test_is_added_that_starts_now_in_halves(staff, shop):
    assert add(staff, shop).status_code == 302
    [one] = ABTest.objects.all()
    assert (one.name, one.namespace) == ("t", shop)
    assert one.share_a == one.share_b == Decimal(50)
    assert (one.start_at, one.end_at, one.created_at) == (T0, None, T0)
    assert len(one.salt) == 16


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"name": "a b"}, "name"),
        ({"salt": ""}, "salt"),
        ({"share_a": "50.01"}, "share_b"),
        ({"share_a": "0"}, "share_a"),
        ({"share_a": "NaN"}, "share_a"),
        ({"start_at": T0 - 6 * DAY}, "start_at"),
        ({"end_at": T0 + timedelta(minutes=4)}, "end_at"),
        ({"end_at": T0}, "end_at"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(staff, shop, fields, wrong):
    assert list(errors(add(staff, shop, **fields))) == [wrong]
    assert not ABTest.objects.exists()


def test_the_same_id_twice_in_a_namespace_is_told_in_words(staff, shop, ab_test):
    ab_test("t")
    [told] = errors(add(staff, shop))["__all__"]
    assert told == "A/B test with this Namespace and Id already exists."


def test_a_running_test_can_only_end_at_another_time(staff, ab_test):
    one = ab_test(start_at=T0 - timedelta(microseconds=1), end_at=None)
    found = errors(send(staff, page(one), salt="x", share_a="1", share_b="2"))
    told = ["The test has started: this stays as it is."]
    assert found == dict.fromkeys(("salt", "share_a", "share_b"), told)
    assert send(staff, page(one), end_at=T0 + DAY).status_code == 302
    [changed] = ABTest.objects.all()
    assert (changed.start_at, changed.end_at) == (one.start_at, T0 + DAY)
    assert changed.created_at == one.created_at
    assert "name" not in staff.get(page(one)).context["adminform"].form.fields


def test_a_planned_test_is_changed(staff, ab_test):
    one = ab_test(start_at=T0 + DAY, end_at=None)
    assert send(staff, page(one), salt="x", start_at=T0 + 2 * DAY).status_code == 302
    one.refresh_from_db()
    assert (one.salt, one.start_at) == ("x", T0 + 2 * DAY)


def test_tests_are_ended_as_soon_as_can_be(staff, ab_test):
    running, ended = ab_test("running"), ab_test("ended", start_at=T0 - 2 * DAY)
    ABTest.objects.filter(pk=ended.pk).update(end_at=T0 - DAY)
    planned = ab_test("planned", start_at=T0 + DAY, end_at=None)
    rows = [running.pk, ended.pk, planned.pk]
    action = {"action": "end_now", "_selected_action": rows}
    told = [
        str(one) for one in staff.post(TESTS, action, follow=True).context["messages"]
    ]
    assert told == [
        "planned: It must end after its start.",
        "ended: The test has ended, or ends within 5 minutes: this stays as it is.",
        "running ends at 2026-03-04 12:05:00 UTC.",
    ]
    found = [ABTest.objects.get(pk=pk).end_at for pk in rows]
    assert found == [T0 + timedelta(minutes=5), T0 - DAY, None]


def test_a_test_that_a_segmentation_names_is_not_deleted(staff, ab_test, segmentation):
    one = ab_test()
    seg = segmentation("my <seg>", split())
    action = {"action": "delete_selected", "_selected_action": one.pk, "post": "yes"}
    told = "Segmentation: my &lt;seg&gt;, which names the A/B test my_ab_test1"
    for answer in (
        staff.post(f"{TESTS}{one.pk}/delete/", {"post": "yes"}),
        staff.post(TESTS, action),
    ):
        assert told in answer.text
        assert ABTest.objects.exists()
    assert "my &lt;seg&gt;" in staff.get(page(one)).text
    seg.delete()
    staff.post(TESTS, action)
    assert not ABTest.objects.exists()


def test_the_list_tells_how_far_a_test_is(staff, ab_test):
    ab_test("later", start_at=T0 + DAY, end_at=None)
    ab_test("now")
    result = staff.get(TESTS).context["cl"]
    found = [result.model_admin.status(row) for row in result.result_list]
    assert found == ["running", "planned"]


def test_a_segmentation_is_added_with_its_leaves(staff, shop):
    assert add_tree(staff, shop, split("a", skip=split("b"))).status_code == 302
    [one] = Segmentation.objects.all()
    assert (one.name, one.namespace, one.created_at) == ("seg", shop, T0)
    assert one.tree == split("a", skip=split("b"))
    assert Segment.objects.filter(segmentation=one).count() == 5
    log = staff.get(f"{SEGMENTATIONS}{one.pk}/history/")
    assert "Added" in log.text


@pytest.mark.parametrize(
    ("tree", "told"),
    [
        ("", "This field is required."),
        ("{", "This is no valid JSON."),
        ("[" * 100_000, "This is no valid JSON."),
        ("5", "segmentation: expected an object."),
        (LEAF | {"a": 1}, "segmentation: expected the keys type, and not 'a'."),
    ],
)
def test_a_wrong_tree_is_told_at_its_field_and_shown_again(staff, shop, tree, told):
    answer = add_tree(staff, shop, tree)
    assert errors(answer) == {"tree": [told]}
    text = tree if isinstance(tree, str) else json.dumps(tree)
    assert answer.context["adminform"].form["tree"].value() == text
    assert not Segmentation.objects.exists()


def test_a_segmentation_is_renamed_and_nothing_else(staff, segmentation):
    one, _ = segmentation("seg", split()), segmentation("other")
    answer = staff.get(page(one))
    assert list(answer.context["adminform"].form.fields) == ["name"]
    assert "my_ab_test1: neither" in answer.text
    assert "the A/B test my_ab_test1 does not exist" in answer.text
    told = ["Another segmentation has this name."]
    assert errors(staff.post(page(one), {"name": "other"})) == {"name": told}
    assert "name" in errors(staff.post(page(one), {"name": "a\tb"}))
    sent = {"name": "new", "tree": json.dumps(LEAF)}
    assert staff.post(page(one), sent).status_code == 302
    one.refresh_from_db()
    assert (one.name, one.tree) == ("new", split())


def test_a_taken_name_and_a_full_namespace_are_told_in_words(
    staff, shop, segmentation, ab_test, monkeypatch
):
    segmentation("seg")
    told = ["Another segmentation has this name."]
    assert errors(add_tree(staff, shop, LEAF)) == {"name": told}
    monkeypatch.setattr(services, "SEGMENTATION_LIMIT", 1)
    monkeypatch.setattr(services, "TEST_LIMIT", 0)
    for answer, what in [
        (add_tree(staff, shop, LEAF, name="b"), "1 segmentations"),
        (add(staff, shop), "0 A/B tests"),
    ]:
        assert errors(answer) == {"__all__": [f"A namespace holds at most {what}."]}


def test_the_list_tells_leaves_and_what_is_missing(staff, segmentation, ab_test):
    ab_test("a")
    segmentation("some", split("b", a=split("a"), b=split("a"), skip=split("a")))
    segmentation("sound", split("a"))
    result = staff.get(SEGMENTATIONS).context["cl"]
    some, sound = sorted(result.result_list, key=lambda one: one.name)
    told = result.model_admin
    assert told.warnings(sound) == "-"
    assert told.warnings(some).startswith("the A/B test b does not exist")
    assert told.leaves(sound) == "a: A<br>a: B<br>a: neither"
    assert told.leaves(some).endswith("b: B / a: neither<br>and 3 more")


def test_a_segmentation_is_deleted_and_its_tests_stay(staff, segmentation, ab_test):
    ab_test()
    one = segmentation(tree=split())
    staff.post(f"{SEGMENTATIONS}{one.pk}/delete/", {"post": "yes"})
    assert not Segmentation.objects.exists()
    assert not Segment.objects.exists()
    assert ABTest.objects.exists()
