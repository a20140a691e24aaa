"""Event names in the admin: what was sent by mistake is retired, and may come back."""

import pytest

from events import names
from events.models import EventName

pytestmark = pytest.mark.django_db
PAGE = "/admin/events/eventname/"


@pytest.fixture
def typo(shop):
    [id] = names.ensure({(shop.pk, "typo")}).values()
    return id


def act(client, action, id):
    form = {"action": action, "_selected_action": [id]}
    return client.post(PAGE, form, follow=True)


def in_use(id):
    return EventName.objects.get(pk=id).slot is not None


def test_a_name_is_retired_and_restored_from_the_list(staff, typo):
    assert "1 names retired" in act(staff, "retire", typo).text
    assert not in_use(typo)
    assert "1 names restored" in act(staff, "restore", typo).text
    assert in_use(typo)


def test_a_full_dictionary_says_why_a_name_stays_retired(
    staff, typo, shop, monkeypatch
):
    monkeypatch.setattr(names, "NAME_LIMIT", 1)
    names.retire([typo])
    names.ensure({(shop.pk, "view")})
    assert "at most 1 event names" in act(staff, "restore", typo).text
    assert not in_use(typo)


def test_a_manager_of_another_namespace_retires_nothing(visitor, typo):
    act(visitor, "retire", typo)
    assert in_use(typo)
