"""What a manager is shown, offered and lets save, on every page of the admin: what
belongs to the own namespaces, and nothing else.
"""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.filters import RelatedFieldListFilter
from django.db.models import ForeignKey
from django.forms import ModelChoiceField
from django.urls import reverse

from accounts.models import Namespace
from accounts.staff import OwnedAdmin, RootAdmin, SharedAdmin
from tests.admin.test_roles import address

pytestmark = pytest.mark.django_db
ADMINS = admin.site._registry
KINDS = (OwnedAdmin, SharedAdmin, RootAdmin)
OWNED = [model for model, made in ADMINS.items() if isinstance(made, OwnedAdmin)]


@pytest.fixture
def manager(rows, manager_of):
    """Of two namespaces of four, so that there is something to choose."""
    rows(4)
    return manager_of(*mine())


def mine():
    return list(Namespace.objects.order_by("name")[:2])


def own(model):
    """Returns the keys of the rows that a manager of these namespaces may see."""
    made, rows = ADMINS[model], model._default_manager.all()
    if isinstance(made, RootAdmin):
        return set()
    if isinstance(made, OwnedAdmin):
        rows = rows.filter(**{f"{made.namespace_path}__in": [one.pk for one in mine()]})
    return set(rows.values_list("pk", flat=True))


def test_every_admin_is_of_one_kind_and_leads_to_a_namespace():
    for model, made in ADMINS.items():
        assert sum(isinstance(made, kind) for kind in KINDS) == 1, model
        if isinstance(made, OwnedAdmin):
            within: Any = {f"{made.namespace_path}__in": []}
            assert not model._default_manager.filter(**within).exists()


def test_a_list_shows_what_is_the_manager_s(manager):
    for model in OWNED:
        rows = manager.get(address(model, "changelist")).context["cl"].queryset
        assert set(rows.values_list("pk", flat=True)) == own(model), model
        assert len(own(model)) < model._default_manager.count(), model


def test_a_search_and_a_filter_find_no_more(manager):
    theirs = Namespace.objects.get(name="shop 3")
    for model in OWNED:
        path = address(model, "changelist")
        for query in ({"q": "3"}, {"namespace__id__exact": theirs.pk}):
            page = manager.get(path, query).context
            found = page["cl"].queryset if page and "cl" in page else []
            assert {row.pk for row in found} <= own(model), (model, query)


def test_filters_beside_a_list_offer_what_is_the_manager_s(manager):
    offered = 0
    for model in OWNED:
        specs = manager.get(address(model, "changelist")).context["cl"].filter_specs
        for spec in specs:
            if isinstance(spec, RelatedFieldListFilter):
                choices = {key for key, _ in spec.lookup_choices}
                assert choices == own(spec.field.related_model), model
                offered += 1
    assert offered >= 8


def forms(client):
    """Yields every form that the admin opens for somebody, empty or of an own row."""
    for model in OWNED:
        paths = [address(model, "change", key) for key in list(own(model))[:1]]
        for path in [address(model, "add"), *paths]:
            response = client.get(path)
            if response.status_code == 200:
                yield path, response.context["adminform"].form


def test_forms_offer_what_is_the_manager_s(manager):
    offered = 0
    for path, form in forms(manager):
        for name, field in form.fields.items():
            if isinstance(field, ModelChoiceField) and field.queryset is not None:
                choices = set(field.queryset.values_list("pk", flat=True))
                assert choices == own(field.queryset.model), (path, name)
                offered += 1
    assert offered >= 9


def test_what_is_another_namespace_s_cannot_be_saved(manager):
    refused = 0
    for path, form in list(forms(manager)):
        for name, field in form.fields.items():
            if isinstance(field, ModelChoiceField) and field.queryset is not None:
                model = field.queryset.model
                foreign = model._default_manager.exclude(pk__in=own(model)).last()
                if foreign:
                    response = manager.post(path, {name: [foreign.pk]})
                    assert name in response.context["adminform"].form.errors, path
                    refused += 1
    assert refused >= 7


def test_completions_are_what_is_the_manager_s(manager):
    asked = 0
    for model in ADMINS:
        for field in model._meta.get_fields():
            if isinstance(field, ForeignKey):
                label, name = model._meta.app_label, model._meta.model_name
                query = {"app_label": label, "model_name": name}
                path = reverse("admin:autocomplete")
                answer = manager.get(path, query | {"field_name": field.name})
                if answer.status_code == 200:
                    found = {one["id"] for one in answer.json()["results"]}
                    assert found <= set(map(str, own(field.related_model))), query
                    asked += 1
                else:
                    assert answer.status_code in {403, 404}, query
    assert asked >= 10


def test_a_manager_of_no_namespace_sees_nothing(rows, manager_of):
    rows(1)
    lonely = manager_of()
    for model in OWNED:
        assert lonely.get(address(model, "changelist")).context["cl"].result_count == 0
