"""Flags for staff, and a preview: which are on for this user, and why."""

from datetime import UTC, datetime
from random import random
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Func, IntegerField, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from accounts.models import Namespace
from accounts.queries import Scope
from accounts.staff import OwnedAdmin, visible
from flags import evaluation, queries
from flags.evaluation import Spec
from flags.forms import FlagForm, PreviewForm
from flags.models import Flag


@admin.register(Flag)
class FlagAdmin(OwnedAdmin[Flag]):
    namespace_path = "namespace_id"
    form = FlagForm
    list_display = ["name", "namespace", "boolean", "rollout", "rules", "now"]
    list_filter = [
        "boolean",
        ("rollout_start_at", admin.EmptyFieldListFilter),
        "namespace",
    ]
    list_select_related = ["namespace"]
    search_fields = ["name"]
    ordering = ["namespace__name", "name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Flag]:
        """Counts the rules, which may be long, instead of reading them."""
        length = Func(
            "user_rules", function="jsonb_array_length", output_field=IntegerField()
        )
        flags = super().get_queryset(request)
        return flags.annotate(rule_count=length).defer("user_rules")

    @admin.display(ordering="rollout_start_at")
    def rollout(self, flag: Flag) -> str:
        start_at, end_at = flag.rollout_start_at, flag.rollout_end_at
        if start_at is None or end_at is None:
            return "-"
        return f"{start_at:%Y-%m-%d %H:%M} to {end_at:%Y-%m-%d %H:%M}"

    @admin.display(ordering="rule_count")
    def rules(self, flag: Flag) -> int:
        return int(getattr(flag, "rule_count", 0))

    @admin.display
    def now(self, flag: Flag) -> str:
        spec = Spec(
            name=flag.name,
            boolean=flag.boolean,
            start_at=flag.rollout_start_at,
            end_at=flag.rollout_end_at,
        )
        state = evaluation.state(spec, at=datetime.now(UTC))
        everybody = state == "on" or not self.rules(flag)
        return state if everybody else f"{state}; on where a rule fits"

    def get_urls(self) -> list[URLPattern]:
        """As Django's, and the preview before them: they take any word for a key."""
        view = self.admin_site.admin_view(self.preview)
        return [path("preview/", view, name="flags_flag_preview"), *super().get_urls()]

    def preview(self, request: HttpRequest) -> HttpResponse:
        """Shows what every flag of a namespace says to a user; nothing is kept."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        own = visible(Namespace, request, site=self.admin_site)
        sent = request.POST if request.method == "POST" else None
        form = PreviewForm(sent, namespaces=Namespace.objects.filter(own))
        context: dict[str, Any] = {"title": "Preview flags", "form": form}
        if form.is_valid():
            context |= verdicts(
                form.cleaned_data["namespace"], form.cleaned_data["user"]
            )
        context |= self.admin_site.each_context(request) | {"opts": self.opts}
        return TemplateResponse(request, "admin/flags/flag/preview.html", context)


def verdicts(namespace: Namespace, user: dict[str, Any]) -> dict[str, Any]:
    """Returns what the page shows of a user at this moment."""
    now, scope = datetime.now(UTC), Scope(namespace.pk, namespace.name)
    found = queries.verdicts(scope=scope, user=user, chance=random(), at=now)
    return {"found": found, "at": now, "scope": scope}
