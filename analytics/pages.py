"""Pages for staff: their numbers come from the API, with the visitor's session."""

from typing import Any

from django.contrib.auth.mixins import UserPassesTestMixin
from django.views.generic import TemplateView

from access import queries as access
from access.models import User
from access.permissions import is_staff


class Page(UserPassesTestMixin, TemplateView):
    """Leads to the login whoever has none, and refuses whoever has another role."""

    def test_func(self) -> bool:
        return is_staff(self.request.user)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = self.request.user
        names = access.namespaces(user=user) if isinstance(user, User) else []
        return super().get_context_data(namespaces=names, **kwargs)


class Dashboard(Page):
    template_name = "dashboard.html"


class Goals(Page):
    template_name = "goals.html"
