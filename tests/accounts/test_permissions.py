"""A view that states no roles lets nobody in."""

import pytest
from django.urls import path
from rest_framework.response import Response
from rest_framework.test import APIClient
from rest_framework.views import APIView

from accounts.models import Role

pytestmark = pytest.mark.django_db


class Silent(APIView):
    def get(self, request):
        return Response({})


class Empty(Silent):
    roles: list[Role] = []


class Managers(Silent):
    roles = [Role.MANAGER]


class Urls:
    urlpatterns = [
        path(view.__name__, view.as_view()) for view in (Silent, Empty, Managers)
    ]


@pytest.fixture
def statuses(settings, root, manager, backend):
    settings.ROOT_URLCONF = Urls

    def get(name):
        people = (APIClient(), root, manager, backend)
        return [person.get(f"/{name}").status_code for person in people]

    return get


@pytest.mark.parametrize("name", ["Silent", "Empty"])
def test_a_view_without_roles_denies_everyone(statuses, name):
    assert statuses(name) == [401, 403, 403, 403]


def test_a_view_lets_its_roles_in_and_root_has_no_secret_door(statuses):
    assert statuses("Managers") == [401, 403, 200, 403]


def test_the_refusal_names_the_roles_that_may(statuses, settings, root):
    settings.ROOT_URLCONF = Urls
    refusals = [root.get(f"/{name}").json() for name in ("Silent", "Managers")]
    reasons = [refusal["error_data"]["error"] for refusal in refusals]
    assert reasons == ["allowed roles: none", "allowed roles: manager"]
