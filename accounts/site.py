"""The admin's site: who may log in, to it and to the pages alike."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver

from accounts.permissions import is_staff


class LoginForm(AdminAuthenticationForm):
    """Refuses accounts of programs as it refuses a wrong password."""

    def confirm_login_allowed(self, user: Any) -> None:
        AuthenticationForm.confirm_login_allowed(self, user)
        if not is_staff(user):
            raise self.get_invalid_login_error()


class StaffSite(AdminSite):
    site_header = site_title = "Abacus"
    index_title = "Staff"
    login_form = LoginForm

    def has_permission(self, request: HttpRequest) -> bool:
        return is_staff(request.user)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """As Django's; but whoever has a session can end it."""
        return view if view == self.logout else super().admin_view(view, cacheable)

    def get_urls(self) -> list[Any]:
        """Without the address that tells whether an object of any model exists."""
        return [entry for entry in super().get_urls() if name(entry) != "view_on_site"]


def name(entry: URLPattern | URLResolver) -> str | None:
    return entry.name if isinstance(entry, URLPattern) else None
