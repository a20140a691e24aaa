"""Goals for staff: made and removed here, and looked at on their page."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from accounts.staff import OwnedAdmin
from api import schema_errors
from events import names
from events.names import NameLimitError
from goals import services
from goals.models import Goal


class GoalForm(forms.ModelForm[Goal]):
    class Meta:
        model = Goal
        fields = ["namespace", "name"]
        help_texts = {
            "name": "Of an event. Paths to it are kept from the time it is a goal."
        }

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not schema_errors.is_text(name):
            raise ValidationError(f"Write {schema_errors.TEXT_EXPECTED}.")
        return name

    def clean(self) -> dict[str, Any]:
        """Enters the name into the dictionary, which may be full."""
        sent = self.cleaned_data
        if self.errors:
            return sent
        if Goal.objects.filter(namespace=sent["namespace"], name=sent["name"]).exists():
            self.add_error("name", "This is a goal already.")
            return sent
        try:
            names.ensure({(sent["namespace"].pk, sent["name"])})
        except NameLimitError as error:
            self.add_error("name", str(error))
        return sent


@admin.register(Goal)
class GoalAdmin(OwnedAdmin[Goal]):
    namespace_path = "namespace_id"
    form = GoalForm
    list_display = ["name", "namespace", "created_at", "paths"]
    list_filter = ["namespace"]
    list_select_related = ["namespace"]
    search_fields = ["name"]
    ordering = ["namespace__name", "name"]

    @admin.display
    def paths(self, goal: Goal) -> SafeString:
        query = urlencode({"namespace": goal.namespace.name, "goal": goal.name})
        return format_html('<a href="{}?{}">Show</a>', reverse("goals"), query)

    def has_change_permission(
        self, request: HttpRequest, obj: Goal | None = None
    ) -> bool:
        """The paths that are kept belong to the name."""
        return False

    def save_model(
        self, request: HttpRequest, obj: Goal, form: forms.ModelForm[Goal], change: bool
    ) -> None:
        """As the API makes one: only then is the first arrival's number right."""
        services.create_goal(
            namespace_id=obj.namespace_id, name=obj.name, at=datetime.now(UTC)
        )
        obj.pk = Goal.objects.get(namespace=obj.namespace_id, name=obj.name).pk

    def delete_model(self, request: HttpRequest, obj: Goal) -> None:
        services.remove_goal(event_name_id=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Goal]) -> None:
        """One transaction a goal: drains that keep paths to others go on."""
        for pk in queryset.values_list("pk", flat=True):
            services.remove_goal(event_name_id=pk)
