"""Pages for staff: their numbers come from the API, with the visitor's session."""

from typing import Any

from django.conf import settings
from django.contrib.auth.mixins import UserPassesTestMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.views.generic import TemplateView

from accounts import queries as accounts
from accounts.models import User
from accounts.permissions import is_staff
from api import brevity
from web import addresses
from web.addresses import Address


class Page(UserPassesTestMixin, TemplateView):
    """Leads to the login whoever has none, and refuses whoever has another role.

    What its address asks for and nobody can show is refused as well: something else
    in its place would be taken for it.
    """

    address: type[Address]
    tick: int  # seconds after which what it shows follows the events

    def test_func(self) -> bool:
        return is_staff(self.request.user)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        context = self.get_context_data(**kwargs)
        if problems := addresses.problems(request.GET, kind=self.address):
            return self.refuse(context, problems, status=400)
        name = request.GET.get("namespace")
        if name is not None and name not in context["namespaces"]:
            shown = brevity.text(name, most=200)
            problem = f'There is no namespace "{shown}", or you may not read it.'
            status = 404 if self.request.user.is_superuser else 403  # as in the API
            return self.refuse(context, [problem], status=status)
        return self.render_to_response(context)

    def refuse(
        self, context: dict[str, Any], problems: list[str], *, status: int
    ) -> HttpResponse:
        """Answers with what is wrong, and ways to what the visitor may read."""
        refusal = {**context, "problems": problems}
        return render(self.request, "address.html", refusal, status=status)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = self.request.user
        names = accounts.namespaces(user=user) if isinstance(user, User) else []
        login = resolve_url(settings.LOGIN_URL)
        return super().get_context_data(
            namespaces=names, login=login, tick=self.tick, **kwargs
        )


class Dashboard(Page):
    template_name = "dashboard.html"
    address = addresses.DashboardAddress
    tick = settings.AGGREGATE_SECONDS


class Goals(Page):
    template_name = "goals.html"
    address = addresses.GoalsAddress
    tick = settings.DRAIN_SECONDS
