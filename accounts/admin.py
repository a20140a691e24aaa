"""Accounts, their tokens and namespaces, for staff."""

from typing import Any

import knox.admin
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db.models import Count, QuerySet
from django.forms import CheckboxInput, ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.cache import add_never_cache_headers
from django.utils.safestring import SafeString
from knox.models import AuthToken

from accounts import services
from accounts.models import Namespace, Role, User
from accounts.staff import OwnedAdmin, ReadOnlyAdmin, RootAdmin, is_root

admin.site.unregister([Group, knox.admin.models.AuthToken])


@admin.register(User)
class AccountAdmin(RootAdmin[User], UserAdmin[User]):
    """Whoever could edit accounts could make themselves root."""

    actions = ["issue_tokens"]
    list_display = ["username", "role", "email", "is_active", "last_login"]
    list_filter = ["role", "is_active", "namespaces"]
    filter_horizontal = ["namespaces"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        ("Access", {"fields": ["role", "is_active", "namespaces"]}),
        ("Person", {"fields": ["first_name", "last_name", "email"]}),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["username", "usable_password", "password1", "password2"]}),
        ("Access", {"fields": ["role", "namespaces"]}),
    ]

    def save_model(
        self, request: HttpRequest, obj: User, form: ModelForm[User], change: bool
    ) -> None:
        """Root is exactly the superuser: one choice in the form, not two."""
        obj.is_superuser = obj.role == Role.ROOT
        super().save_model(request, obj, form, change)

    def has_delete_permission(
        self, request: HttpRequest, obj: User | None = None
    ) -> bool:
        """An account is switched off, so that what it did keeps its name."""
        return False

    @admin.action(description="Issue an API token", permissions=["change"])
    def issue_tokens(
        self, request: HttpRequest, queryset: QuerySet[User]
    ) -> HttpResponse:
        """Shows a new token of each account, this once."""
        issued = [(user, services.new_token(user)) for user in queryset]
        for user, _ in issued:
            self.log_change(request, user, "Issued an API token.")
        context: dict[str, Any] = {"title": "New API tokens", "issued": issued}
        context["days"] = settings.TOKEN_DAYS
        context |= self.admin_site.each_context(request) | {"opts": self.opts}
        response = TemplateResponse(request, "admin/tokens.html", context)
        add_never_cache_headers(response)
        return response


@admin.register(AuthToken)
class TokenAdmin(ReadOnlyAdmin[AuthToken], RootAdmin[AuthToken]):
    """Tokens are issued in the list of users and revoked here; digests stay hidden."""

    actions = ["revoke"]
    list_display = ["beginning", "user", "created", "expiry"]
    list_display_links = None
    list_filter = ["user__role", "created"]
    list_select_related = ["user"]
    search_fields = ["user__username"]
    ordering = ["-created"]
    fields = ["user", "created", "expiry"]
    empty_value_display = "never"

    @admin.display(description="begins with")
    def beginning(self, token: AuthToken) -> str:
        return f"{token.token_key[:6]}…"

    def action_checkbox(self, token: AuthToken) -> SafeString:
        """As Django's, which would read the digest out."""
        label = {"class": "action-select", "aria-label": f"A token of {token.user}"}
        box = CheckboxInput(label, lambda value: False)
        return box.render(helpers.ACTION_CHECKBOX_NAME, token.pk)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return self.may_change(request)

    @admin.action(description="Revoke the selected tokens", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[AuthToken]) -> None:
        number, _ = queryset.delete()
        self.message_user(request, f"{number} tokens revoked.", messages.SUCCESS)


@admin.register(AccessAttempt)
class AttemptAdmin(ReadOnlyAdmin[AccessAttempt], RootAdmin[AccessAttempt]):
    """Wrong passwords of the last minutes: to delete them lifts a pause."""

    list_display = ["username", "ip_address", "failures_since_start", "attempt_time"]
    search_fields = ["username", "=ip_address"]
    ordering = ["-attempt_time"]
    fields = ["username", "ip_address", "failures_since_start", "attempt_time"]

    def has_delete_permission(
        self, request: HttpRequest, obj: AccessAttempt | None = None
    ) -> bool:
        return self.may_change(request, obj)


@admin.register(Namespace)
class NamespaceAdmin(OwnedAdmin[Namespace]):
    namespace_path = "id"
    list_display = ["name", "member_count", "created_at"]
    search_fields = ["name"]
    ordering = ["name"]

    def may_change(self, request: HttpRequest, obj: Namespace | None = None) -> bool:
        """Managers look at their own: who belongs to which is root's business."""
        return is_root(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Namespace]:
        return super().get_queryset(request).annotate(member_count=Count("members"))

    @admin.display(description="accounts", ordering="member_count")
    def member_count(self, namespace: Namespace) -> int:
        return int(getattr(namespace, "member_count", 0))

    def get_readonly_fields(
        self, request: HttpRequest, obj: Namespace | None = None
    ) -> list[str]:
        """The name is part of every user's key: under another, all would be new."""
        return ["name", "created_at"] if obj else ["created_at"]

    def has_delete_permission(
        self, request: HttpRequest, obj: Namespace | None = None
    ) -> bool:
        """A namespace owns numbers; deleting one is no click in a list."""
        return False
