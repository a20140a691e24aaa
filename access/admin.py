"""Accounts and namespaces, for staff."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from access.models import Namespace, User

admin.site.site_header = admin.site.site_title = "Abacus"
admin.site.index_title = "Staff"


@admin.register(User)
class AccountAdmin(UserAdmin[User]):
    list_display = ["username", "role", "email", "is_active", "is_staff", "last_login"]
    list_filter = ["role", "is_active", "is_staff", "namespaces"]
    filter_horizontal = ["namespaces", "groups", "user_permissions"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        ("Access", {"fields": ["role", "is_superuser", "namespaces"]}),
        ("Person", {"fields": ["first_name", "last_name", "email"]}),
        (
            "Admin pages",
            {"fields": ["is_active", "is_staff", "groups", "user_permissions"]},
        ),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (
            None,
            {
                "classes": ["wide"],
                "fields": ["username", "usable_password", "password1", "password2"],
            },
        ),
        ("Access", {"fields": ["role", "is_superuser", "is_staff", "namespaces"]}),
    ]


@admin.register(Namespace)
class NamespaceAdmin(admin.ModelAdmin[Namespace]):
    list_display = ["name", "member_count", "created_at"]
    search_fields = ["name"]
    readonly_fields = ["created_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Namespace]:
        return super().get_queryset(request).annotate(member_count=Count("members"))

    @admin.display(description="accounts", ordering="member_count")
    def member_count(self, namespace: Namespace) -> int:
        return int(getattr(namespace, "member_count", 0))

    def has_delete_permission(
        self, request: HttpRequest, obj: Namespace | None = None
    ) -> bool:
        """A namespace owns numbers; deleting one is no click in a list."""
        return False
