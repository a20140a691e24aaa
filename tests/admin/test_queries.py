"""The admin's lists cost the same however many rows there are."""

import pytest
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.staff import COUNTED, BoundedPaginator
from events.models import Batch

pytestmark = pytest.mark.django_db
MODELS = {model._meta.label_lower: model for model in admin.site._registry}
LIST_BUDGET = 11  # session, user, two counts at most, the rows, filters, editing
BIG = ["events.batch", "events.eventname", "analytics.aggregationrun", "knox.authtoken"]


def queries_of(client, path):
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return [query["sql"] for query in queries.captured_queries]


def list_of(name):
    return f"/admin/{name.replace('.', '/')}/"


@pytest.fixture(autouse=True)
def _content_types_are_known(db):
    """They are asked for once a process."""
    ContentType.objects.get_for_models(*MODELS.values())


def test_every_list_of_20_rows_costs_what_one_of_5_costs(staff, rows):
    rows(5)
    few = {name: len(queries_of(staff, list_of(name))) for name in MODELS}
    rows(15, first=5)
    many = {name: len(queries_of(staff, list_of(name))) for name in MODELS}
    assert many == few
    assert max(few.values()) <= LIST_BUDGET


@pytest.mark.parametrize("name", BIG)
def test_a_big_table_is_counted_once_and_not_to_its_end(staff, rows, name):
    rows(5)
    counts = [sql for sql in queries_of(staff, list_of(name)) if "COUNT(" in sql]
    assert len(counts) == 1
    assert f"LIMIT {COUNTED}" in counts[0]


def test_the_paginator_stops_counting(rows):
    rows(3)
    pages = BoundedPaginator(Batch.objects.order_by("pk"), 2)
    assert (pages.count, pages.num_pages) == (3, 2)
    assert BoundedPaginator(list(Batch.objects.all()), 2).count == 3


def test_the_list_of_batches_leaves_the_long_column_alone(staff, rows):
    rows(1)
    asked = queries_of(staff, list_of("events.batch"))
    assert not [sql for sql in asked if "touched" in sql]
