"""What arrived and what became of it, for staff to look at."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.staff import OwnedAdmin, ReadOnlyAdmin, RootAdmin
from events import names
from events.models import Batch, EventName, Failure, IgnoredField, Import


@admin.register(EventName)
class EventNameAdmin(ReadOnlyAdmin[EventName], OwnedAdmin[EventName]):
    """Names come with their first event; history refers to them for good.

    Those that were sent by mistake are retired, which makes room, or restored.
    """

    namespace_path = "namespace_id"
    actions = ["retire", "restore"]
    list_display = ["name", "namespace", "number", "in_use", "created_at"]
    list_filter = [("slot", admin.EmptyFieldListFilter), "namespace"]
    list_select_related = ["namespace"]
    search_fields = ["name"]
    ordering = ["namespace__name", "name"]

    @admin.display(boolean=True, ordering="slot")
    def in_use(self, name: EventName) -> bool:
        return name.slot is not None

    def has_retire_permission(self, request: HttpRequest) -> bool:
        return self.may_change(request)

    @admin.action(description="Retire: refuse their events", permissions=["retire"])
    def retire(self, request: HttpRequest, queryset: QuerySet[EventName]) -> None:
        number = names.retire(queryset.values_list("pk", flat=True))
        self.message_user(request, f"{number:,} names retired.", messages.SUCCESS)

    @admin.action(description="Restore retired names", permissions=["retire"])
    def restore(self, request: HttpRequest, queryset: QuerySet[EventName]) -> None:
        try:
            number = names.restore(queryset.values_list("pk", flat=True))
        except names.NameLimitError as error:
            self.message_user(request, f"{error}.", messages.ERROR)
        else:
            self.message_user(request, f"{number:,} names restored.", messages.SUCCESS)


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin[Batch], OwnedAdmin[Batch]):
    namespace_path = "namespace_id"
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


@admin.register(Import)
class ImportAdmin(ReadOnlyAdmin[Import], OwnedAdmin[Import]):
    """One that has not ended may be deleted: it is given up, what it brought stays."""

    namespace_path = "namespace_id"
    list_display = [
        *("id", "namespace", "source", "start_at", "end_at"),
        *("progress", "recorded", "started_at", "finished_at"),
    ]
    list_filter = [("finished_at", admin.EmptyFieldListFilter), "namespace"]
    list_select_related = ["namespace"]
    search_fields = ["source"]
    ordering = ["-pk"]
    sortable_by = ["id"]

    @admin.display(description="taken")
    def progress(self, row: Import) -> str:
        return f"{row.taken:,} of {row.total:,} ({row.taken / row.total:.0%})"

    def has_delete_permission(
        self, request: HttpRequest, obj: Import | None = None
    ) -> bool:
        allowed = self.may_change(request, obj)
        return allowed and (obj is None or obj.finished_at is None)


@admin.register(Failure)
class FailureAdmin(ReadOnlyAdmin[Failure], RootAdmin[Failure]):
    """What fails at the moment; a row is gone once its work succeeds."""

    list_display = ["work", "subject", "error", "times", "first_at", "last_at"]
    list_filter = ["work"]
    sortable_by = ["first_at", "last_at"]


@admin.register(IgnoredField)
class IgnoredFieldAdmin(ReadOnlyAdmin[IgnoredField], OwnedAdmin[IgnoredField]):
    """What senders send in vain; a row may be deleted, and counts anew from then on."""

    namespace_path = "namespace_id"
    list_display = ["__str__", "body", "namespace", "times", "first_at", "last_at"]
    list_display_links = None
    list_filter = ["body", "namespace"]
    list_select_related = ["namespace"]
    search_fields = ["name"]

    def has_delete_permission(
        self, request: HttpRequest, obj: IgnoredField | None = None
    ) -> bool:
        return self.may_change(request, obj)
