"""What was sent is read, or refused: one table of every verb and what may stand there.

Each test is a column; its rows are in `sending.py`, one for each verb of each endpoint.
"""

import time
from functools import partial

import pytest
from rest_framework.serializers import ListField

from accounts.models import Namespace
from analytics.models import Kind
from goals import services as goals
from segmentation import services as segmentation
from tests.analytics import builders
from tests.conftest import T0
from tests.sending import DEAF, LEAF, SAMPLES, TRAVELS, changed, paths, rows, send

pytestmark = pytest.mark.django_db
ROWS = rows()
SMALL = 4_096  # bytes of a refusal
WRONG: list[object] = [None, True, 10**400, "x" * 99_999, {}, [[[]]] * 9]
# Where nothing is looked up: a request is read before that.
NONE = dict.fromkeys(["goal", "name", "test_id", "segmentation_id", "task_id"], "none")
STRANGE = ["", "\0", "x" * 3_000, "-1", "1e999", "é" * 999]


def rows_where(chosen):
    return pytest.mark.parametrize("row", list(filter(chosen, ROWS)), ids=str)


every_row = rows_where(lambda row: True)
rows_with_a_body = rows_where(lambda row: row.sample.body is not None)
PLACES = [
    (row, place)
    for row in ROWS
    for place in ("query", "body")
    if place == "query" or row.takes_body
]
every_place = pytest.mark.parametrize(("row", "place"), PLACES, ids=str)


@pytest.fixture
def ids(shop, manager):
    """What the addresses of the rows name, by parameter; it is all in "shop"."""
    builders.metric("pushed", Kind.EXTERNAL)
    builders.kpi("pushes", "pushed")
    goals.create_goal(namespace_id=shop.pk, name="buy", at=T0)
    test = {"id": "button", "share_a": 1, "share_b": 1}
    manager.post("/analytics/ab-tests/", test, format="json")
    tree = segmentation.create_segmentation(
        namespace_id=shop.pk, name="all", checked=LEAF, at=T0
    )
    report = manager.post("/tasks/private/analytics_report_export/", {}, format="json")
    return {
        "goal": "buy",
        "name": "pushes",
        "test_id": "button",
        "segmentation_id": tree.pk,
        "task_id": report.json()["task_id"],
    }


def named(row, name, place):
    """Returns a row's query or body that names a namespace."""
    return {place: {**(getattr(row.sample, place) or {}), "namespace": name}}


def refused(answer):
    """Returns the text of a refusal, which is small."""
    assert answer.status_code in {400, 404}, answer.content
    assert len(answer.content) <= SMALL
    return answer.content.decode()


def answered(answer):
    """Checks that there is an answer, and that it is small where it is a refusal."""
    assert answer.status_code < 500
    assert answer.status_code < 300 or len(answer.content) <= SMALL


def test_every_verb_has_its_sample():
    assert {(row.verb, row.route) for row in ROWS} == SAMPLES.keys()
    assert not DEAF.keys() & {row.route for row in ROWS}


@every_row
def test_the_sample_is_answered(row, ids, manager):
    assert send(manager, row, ids).status_code == row.sample.status


@rows_with_a_body
@pytest.mark.parametrize("travel", TRAVELS)
def test_a_body_is_read_however_it_travels(row, travel, ids, manager):
    refused(send(manager, row, ids, body=5, travel=travel))  # as empty, many would do
    assert send(manager, row, ids, travel=travel).status_code == row.sample.status


@every_place
def test_a_namespace_of_others_is_refused_in_every_verb(row, place, ids, stranger):
    assert send(stranger, row, ids, **named(row, "shop", place)).status_code == 403


@every_place
def test_the_namespace_that_is_named_is_the_one_that_is_meant(row, place, ids, root):
    answer = send(root, row, ids, **named(row, "shop", place))
    assert answer.status_code == row.sample.status
    assert not Namespace.objects.filter(name="default").exists()


@every_row
def test_namespaces_that_contradict_each_other_are_refused(row, client_of):
    both = client_of("manager", "shop", "elsewhere", name="both")
    query = [("namespace", "shop"), ("namespace", "elsewhere")]
    assert "namespace" in refused(send(both, row, NONE, query=query))
    if row.takes_body:
        sent = named(row, "shop", "query") | named(row, "elsewhere", "body")
        assert "namespace" in refused(send(both, row, NONE, **sent))


@every_row
def test_several_values_of_what_has_one_are_refused(row, manager):
    for name, field in row.reads.query().fields.items():
        if not isinstance(field, ListField):
            query = [(name, "1"), (name, "2")]
            assert name in refused(send(manager, row, NONE, query=query))


@every_row
def test_an_unknown_parameter_is_refused_or_under_v0_ignored(row, ids, manager):
    answer = send(manager, row, ids, query={**row.sample.query, "colour": "red"})
    if row.is_v0:
        assert answer.status_code == row.sample.status
    else:
        assert "colour" in refused(answer)
    query = {**row.sample.query, "_": "1", "_trace": "x"}
    assert send(manager, row, ids, query=query).status_code == row.sample.status


@every_row
def test_a_slip_in_a_parameter_is_told(row, manager):
    for name in row.reads.query().fields:
        query = {**row.sample.query, f"{name}x": "1"}
        assert f"did you mean {name}?" in refused(send(manager, row, NONE, query=query))


@rows_where(lambda row: row.sample.body is not None and not row.is_v0)
def test_an_unknown_key_is_refused_at_any_depth(row, manager):
    for at in paths(row.sample.body, dict):
        body = changed(row.sample.body, at, lambda one: {**one, "colour": "red"})
        assert "colour" in refused(send(manager, row, NONE, body=body))


@rows_where(lambda row: row.sample.body is None and not row.is_v0)
def test_a_body_that_a_verb_does_not_read_is_refused(row, ids, manager):
    assert "colour" in refused(send(manager, row, ids, body={"colour": "red"}))
    assert send(manager, row, ids, body={}).status_code == row.sample.status


@rows_with_a_body
def test_what_has_the_wrong_type_is_refused_in_short(row, ids, manager):
    for at in paths(row.sample.body, object):
        for wrong in WRONG:
            body = changed(row.sample.body, at, partial(lambda new, _: new, wrong))
            answered(send(manager, row, ids, body=body))


@every_row
def test_strange_parameters_are_answered_or_refused_in_short(row, ids, manager):
    for name in row.reads.query().fields:
        for value in STRANGE:
            answered(send(manager, row, ids, query={**row.sample.query, name: value}))


@rows_with_a_body
def test_a_list_is_counted_before_its_items_are_looked_at(row, manager):
    for at in paths(row.sample.body, list):
        body = changed(row.sample.body, at, lambda _: [{}] * 100_000)
        began = time.process_time()
        refused(send(manager, row, NONE, body=body))
        assert time.process_time() - began < 1


@every_row
def test_more_parameters_than_are_read_are_told_as_that(row, manager):
    for name in ["namespace", *list(row.reads.query().fields)]:
        told = refused(send(manager, row, NONE, query=[(name, "a")] * 1_001))
        assert "more than 1,000 parameters" in told
