"""Imports in the admin: how far they are, and one that was stopped can be given up."""

from datetime import timedelta

import pytest

from events.models import Import
from tests.admin.conftest import T0

pytestmark = pytest.mark.django_db
PAGE = "/admin/events/import/"
SURE = {"post": "yes"}


@pytest.fixture
def two(rows):
    """An import that has ended, and one that has not."""
    rows(2)
    ended, stopped = Import.objects.order_by("pk")
    Import.objects.filter(pk=ended.pk).update(finished_at=T0 + timedelta(days=1))
    return ended.pk, stopped.pk


def test_the_list_tells_how_far_an_import_is(staff, two):
    assert "3 of 4 (75%)" in staff.get(PAGE).text


def test_only_an_import_that_has_not_ended_can_be_deleted(staff, two):
    statuses = [staff.post(f"{PAGE}{one}/delete/", SURE).status_code for one in two]
    assert statuses == [403, 302]
    assert [one.pk for one in Import.objects.all()] == [two[0]]


def test_deleting_many_at_once_spares_those_that_have_ended(staff, two):
    action = {"action": "delete_selected", "_selected_action": list(two), **SURE}
    staff.post(PAGE, action)
    assert Import.objects.filter(pk=two[0]).exists()


def test_a_manager_gives_up_imports_of_the_own_namespace_alone(
    visitor, manager_of, two
):
    _, stopped = two
    manager = manager_of(Import.objects.get(pk=stopped).namespace)
    assert visitor.post(f"{PAGE}{stopped}/delete/", SURE).status_code == 404
    assert manager.post(f"{PAGE}{stopped}/delete/", SURE).status_code == 302
