"""What arrived and what became of it, for staff to look at."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from access.admin import ReadOnlyAdmin
from events.models import Batch, EventName


@admin.register(EventName)
class EventNameAdmin(ReadOnlyAdmin[EventName]):
    """Names come with their first event; history refers to them for good."""

    list_display = ["name", "namespace", "number", "created_at"]
    list_filter = ["namespace"]
    list_select_related = ["namespace"]
    search_fields = ["name"]
    ordering = ["namespace__name", "name"]


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin[Batch]):
    list_display = ["id", "namespace", "shard", "events", "drained_at", "aggregated_at"]
    list_filter = [
        ("aggregated_at", admin.EmptyFieldListFilter),
        "drained_at",
        "namespace",
    ]
    list_select_related = ["namespace"]
    ordering = ["-pk"]
    sortable_by = ["id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Batch]:
        return super().get_queryset(request).defer("touched")
