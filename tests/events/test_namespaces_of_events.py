"""Which namespace an event goes to, and who may send it there."""

import pytest

from accounts.models import Namespace
from events.models import EventName, InboxEvent

pytestmark = pytest.mark.django_db
URL = "/v0/analytics"
ONE = {"event_name": "view", "user_id": "ann"}


def namespaces():
    rows = InboxEvent.objects.order_by("id").select_related("namespace")
    return [row.namespace.name for row in rows]


def test_a_member_of_one_namespace_need_not_name_it(backend):
    backend.post(URL, [ONE, {**ONE, "namespace": "shop"}], format="json")
    assert namespaces() == ["shop", "shop"]


def test_a_member_of_several_means_default_unless_it_names_one(client_of):
    client = client_of("backend", "shop", "default")
    client.post(URL, [ONE, {**ONE, "namespace": "shop"}], format="json")
    assert namespaces() == ["default", "shop"]


def test_root_means_default_and_creates_it_with_its_first_event(root, shop):
    assert root.post(URL, ONE, format="json").status_code == 204
    assert namespaces() == ["default"]


def test_roots_batch_creates_every_namespace_it_names(root):
    batch = [{**ONE, "namespace": name} for name in ("b", "a", "b", "日本")]
    assert root.post(URL, batch, format="json").status_code == 204
    assert namespaces() == ["b", "a", "b", "日本"]


def test_users_of_two_namespaces_have_nothing_in_common(root):
    batch = [{**ONE, "namespace": name} for name in ("a", "b")]
    root.post(URL, batch, format="json")
    first, second = InboxEvent.objects.order_by("id")
    assert first.user_key != second.user_key
    assert first.event_name_id != second.event_name_id


@pytest.mark.parametrize("role", ["manager", "backend"])
@pytest.mark.parametrize("name", ["other", "unknown", "SHOP"])
def test_others_may_send_to_their_own_namespaces_alone(request, role, name):
    Namespace.objects.create(name="other")
    client = request.getfixturevalue(role)
    answer = client.post(URL, [ONE, {**ONE, "namespace": name}], format="json")
    assert answer.status_code == 403
    assert name in answer.json()["error"]["what"]
    assert namespaces() == []
    assert not EventName.objects.exists()
    assert not Namespace.objects.filter(name="unknown").exists()


def test_an_account_without_a_namespace_may_send_nowhere(client_of, shop):
    answer = client_of("backend").post(URL, ONE, format="json")
    assert answer.status_code == 403
