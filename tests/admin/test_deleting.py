"""What root may delete can be deleted: what the product wrote itself goes with it."""

import pytest
from django.contrib import admin

from analytics.models import Backfill, ReportSchedule
from segmentation.models import ABTest, Segment, Segmentation
from tests.admin.test_roles import TABLE, address

pytestmark = pytest.mark.django_db
MODELS = {model._meta.label_lower: model for model in admin.site._registry}
DELETED = sorted(name for name, (_, root, _) in TABLE.items() if "delete" in root)
SURE = {"post": "yes"}
PATH = "/admin/segmentation/segmentation/"


@pytest.mark.parametrize("name", DELETED)
def test_nothing_internal_stands_in_the_way(staff, rows, name):
    rows(1)
    if name == "segmentation.abtest":  # a segmentation that names it does
        Segmentation.objects.all().delete()
    [row] = MODELS[name]._default_manager.all()
    path = address(MODELS[name], "delete", row.pk)
    context = staff.get(path).context
    assert (context["perms_lacking"], context["protected"]) == (set(), [])
    assert staff.post(path, SURE).status_code == 302
    assert not MODELS[name]._default_manager.exists()


@pytest.mark.parametrize("name", DELETED)
def test_nor_where_many_are_chosen_in_the_list(staff, rows, name):
    rows(2)
    if name == "segmentation.abtest":
        Segmentation.objects.all().delete()
    keys = list(MODELS[name]._default_manager.values_list("pk", flat=True))
    sent = {"action": "delete_selected", "_selected_action": keys}
    assert staff.post(address(MODELS[name], "changelist"), sent | SURE).url
    assert not MODELS[name]._default_manager.exists()


def test_the_page_says_what_goes_with_a_segmentation(staff, rows):
    rows(1)
    row = Segmentation.objects.get()
    backfill = Backfill.objects.get(segmentation=row)
    page = staff.get(f"{PATH}{row.pk}/delete/").text
    for told in ("segments and their numbers", f"backfill {backfill.pk}", "Segment: "):
        assert told in page
    staff.post(f"{PATH}{row.pk}/delete/", SURE)
    assert not Backfill.objects.filter(metric=None).exists()
    assert not Segment.objects.exists()
    assert ABTest.objects.exists()


def test_a_schedule_that_is_cut_by_a_segmentation_protects_it(staff, rows):
    rows(1)
    row = Segmentation.objects.get()
    ReportSchedule.objects.update(segmentation=row)
    response = staff.get(f"{PATH}{row.pk}/delete/")
    assert "schedule 0" in str(response.context["protected"])
    staff.post(f"{PATH}{row.pk}/delete/", SURE)
    assert Segmentation.objects.exists()
