"""Whatever stands in an address of the admin, it is answered: never with a 500."""

import pytest
from django.contrib import admin
from django.db.models import DateField

from tests.admin.test_roles import address

pytestmark = pytest.mark.django_db
MODELS = list(admin.site._registry)
NUL = ("%00", "a%00b")
STRANGE = ("x", "9" * 30)
OF_THE_PAGE = ("q", "o", "p", "_to_field")
OF_A_DATE = [
    *(("year", text) for text in ("99999", "0", "-1")),
    ("iso_year", "10000"),
    ("date", "10000-01-01"),
    ("gte", "0001-01-01 00:00:00%2B14:00"),
    ("lt", "9999-12-31 23:59:59-14:00"),
]


def filters(model, page):
    """Returns what a list may be filtered by beside it."""
    specs = page.context["cl"].filter_specs
    return [name for spec in specs for name in spec.expected_parameters() if name]


def queries(model, page):
    """Yields parameters of a list with values that it is not meant for."""
    yield from ((name, "x") for name in OF_THE_PAGE)
    for name in filters(model, page):
        yield from ((name, text) for text in STRANGE)
    for field in model._meta.fields:
        if isinstance(field, DateField):
            yield from ((f"{field.name}__{part}", text) for part, text in OF_A_DATE)


def test_a_strange_filter_is_answered(staff, rows):
    rows(1)
    for model in MODELS:
        path = address(model, "changelist")
        for name, text in queries(model, staff.get(path)):
            response = staff.get(f"{path}?{name}={text}")
            assert response.status_code in {200, 302, 400}, (path, name, text)


def test_a_year_that_no_statement_can_ask_for_leads_back_to_the_list(staff, rows):
    rows(1)
    path = "/admin/events/batch/"
    assert staff.get(f"{path}?drained_at__year=99999").url == f"{path}?e=1"
    assert staff.get(f"{path}?drained_at__year=2026").status_code == 200


def test_a_nul_in_a_filter_is_refused(staff, rows):
    rows(1)
    for model in MODELS:
        path = address(model, "changelist")
        for name in [*OF_THE_PAGE, *filters(model, staff.get(path))]:
            assert staff.get(f"{path}?{name}=a%00b").status_code == 400, (path, name)


@pytest.mark.parametrize("page", ["change", "history", "delete"])
def test_a_strange_key_is_nobody_s(staff, page):
    for model in MODELS:
        for text in (*NUL, "9" * 30, "x" * 5_000, "_5F"):
            path = address(model, page, "KEY").replace("KEY", text)
            assert staff.get(path).status_code == 404, path


def test_a_strange_key_is_chosen_in_no_list(staff, rows):
    rows(1)
    for model in MODELS:
        for key in ("x", "9" * 30, "", "-1"):
            sent = {"action": "delete_selected", "_selected_action": key}
            response = staff.post(address(model, "changelist"), sent)
            assert response.status_code in {200, 302, 400}, (model, key)


def test_a_nul_in_a_form_is_refused(staff):
    for model in MODELS:
        chosen = {"action": "delete_selected", "_selected_action": "a\0b"}
        assert staff.post(address(model, "changelist"), chosen).status_code == 400
        assert staff.post(address(model, "add"), {"\0": ""}).status_code == 400
