"""A/B tests and segmentations for staff, by the rules of the API."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from accounts.staff import OwnedAdmin
from segmentation import changes, checks, queries, services, tree
from segmentation.forms import ABTestForm, SegmentationForm
from segmentation.models import ABTest, Segmentation
from segmentation.services import RefusedError

LISTED = 6  # leaves of a segmentation, in the list
SHOWN = ["namespace", "id", "all_leaves", "warnings", "written", "created_at"]


@admin.register(ABTest)
class ABTestAdmin(OwnedAdmin[ABTest]):
    namespace_path = "namespace_id"
    form = ABTestForm
    actions = ["end_now"]
    list_display = ["name", "namespace", "status", "shares", "start_at", "end_at"]
    list_filter = ["namespace", ("end_at", admin.EmptyFieldListFilter)]
    list_select_related = ["namespace"]
    search_fields = ["name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ABTest]:
        return queries.with_status(super().get_queryset(request), now=datetime.now(UTC))

    @admin.display
    def status(self, row: ABTest) -> str:
        return str(getattr(row, "status", "-"))

    @admin.display(description="A / B")
    def shares(self, row: ABTest) -> str:
        return f"{float(row.share_a):g} / {float(row.share_b):g} %"

    @admin.display
    def segmentations(self, row: ABTest) -> str:
        """Which ones name it."""
        titles = queries.uses(namespace_id=row.namespace_id).get(row.name, {})
        return ", ".join(titles.values()) or "-"

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"start_at": datetime.now(UTC)}

    def get_readonly_fields(
        self, request: HttpRequest, obj: ABTest | None = None
    ) -> list[str]:
        """Segmentations and programs call it by its name."""
        return ["namespace", "name", "segmentations", "created_at"] if obj else []

    def save_model(
        self, request: HttpRequest, obj: ABTest, form: ModelForm[ABTest], change: bool
    ) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        obj.pk = services.create_test(
            queries.allocation(obj), namespace_id=obj.namespace_id, at=datetime.now(UTC)
        ).pk

    def delete_model(self, request: HttpRequest, obj: ABTest) -> None:
        services.delete_test(namespace_id=obj.namespace_id, name=obj.name)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ABTest]) -> None:
        for row in queryset:
            self.delete_model(request, row)

    @admin.action(description="End, 5 minutes from now", permissions=["change"])
    def end_now(self, request: HttpRequest, queryset: QuerySet[ABTest]) -> None:
        now = datetime.now(UTC)
        end_at = changes.earliest_end(now)
        for row in queryset:
            try:
                services.change_test(
                    namespace_id=row.namespace_id,
                    name=row.name,
                    sent={"end_at": end_at},
                    at=now,
                )
            except RefusedError as error:
                messages.error(request, f"{row}: {error}")
                continue
            self.log_change(request, row, "Ended.")
            messages.success(request, f"{row} ends at {end_at:%Y-%m-%d %H:%M:%S} UTC.")

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """As Django's; what a segmentation names is protected by it."""
        *deleted, protected = super().get_deleted_objects(objs, request)
        return *deleted, [*protected, *named(objs)]


def named(rows: Iterable[ABTest]) -> list[str]:
    """Returns, for people, which segmentations name any of these A/B tests."""
    asked = {(row.namespace_id, row.name) for row in rows}
    return [
        f"Segmentation: {title}, which names the A/B test {name}"
        for namespace_id in {namespace_id for namespace_id, _ in asked}
        for name, titles in queries.uses(namespace_id=namespace_id).items()
        if (namespace_id, name) in asked
        for title in titles.values()
    ]


@admin.register(Segmentation)
class SegmentationAdmin(OwnedAdmin[Segmentation]):
    namespace_path = "namespace_id"
    form = SegmentationForm
    list_display = ["name", "id", "namespace", "leaves", "warnings", "created_at"]
    list_filter = ["namespace"]
    list_select_related = ["namespace"]
    search_fields = ["name", "=id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Segmentation]:
        """Adds the ids of the A/B tests in a segmentation's namespace."""
        known = ABTest.objects.filter(namespace=OuterRef("namespace")).order_by()
        names = ArraySubquery(known.values("name"))
        return super().get_queryset(request).annotate(known=names)

    @admin.display
    def leaves(self, row: Segmentation) -> SafeString:
        paths = leaf_paths(row)
        more = len(paths) - LISTED
        return lines(paths[:LISTED] + [f"and {more} more"] * (more > 0))

    @admin.display(description="leaves")
    def all_leaves(self, row: Segmentation) -> SafeString:
        return lines(leaf_paths(row))

    @admin.display
    def warnings(self, row: Segmentation) -> SafeString:
        warnings = checks.warnings(row.tree, known=set(getattr(row, "known", ())))
        return lines(warnings or ["-"])

    @admin.display(description="tree")
    def written(self, row: Segmentation) -> SafeString:
        return format_html("<pre>{}</pre>", json.dumps(row.tree, indent=2))

    def get_fields(
        self, request: HttpRequest, obj: Segmentation | None = None
    ) -> list[Any]:
        if obj is None:
            return ["namespace", "name", "tree"]
        return ["name", *SHOWN]

    def get_readonly_fields(
        self, request: HttpRequest, obj: Segmentation | None = None
    ) -> list[str]:
        """The tree is what the buckets of its leaves were computed by."""
        return ["tree", *SHOWN] if obj else []

    def save_model(
        self,
        request: HttpRequest,
        obj: Segmentation,
        form: ModelForm[Segmentation],
        change: bool,
    ) -> None:
        if change:
            services.rename(
                namespace_id=obj.namespace_id, segmentation_id=obj.pk, name=obj.name
            )
            return
        obj.pk = services.create_segmentation(
            namespace_id=obj.namespace_id,
            name=obj.name,
            checked=obj.tree,
            at=datetime.now(UTC),
        ).pk

    def delete_model(self, request: HttpRequest, obj: Segmentation) -> None:
        services.delete_segmentation(
            namespace_id=obj.namespace_id, segmentation_id=obj.pk
        )

    def delete_queryset(
        self, request: HttpRequest, queryset: QuerySet[Segmentation]
    ) -> None:
        for row in queryset:
            self.delete_model(request, row)


def leaf_paths(row: Segmentation) -> list[str]:
    """Returns the paths of all leaves; none where the tree cannot be read."""
    if checks.fault(row.tree):
        return []
    return [leaf.path for leaf in tree.leaves(row.tree)]


def lines(texts: Iterable[str]) -> SafeString:
    return format_html_join(mark_safe("<br>"), "{}", ((text,) for text in texts))
