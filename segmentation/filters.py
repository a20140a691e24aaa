"""Which rows of a list, and in which order."""

from django_filters import CharFilter, ChoiceFilter, OrderingFilter
from django_filters.rest_framework import FilterSet

from segmentation.changes import Status
from segmentation.models import ABTest, Segmentation


class SegmentationFilter(FilterSet):  # type: ignore[misc]  # django-filter is untyped
    name = CharFilter(strip=False)
    name__icontains = CharFilter("name", "icontains", strip=False)
    ordering = OrderingFilter(fields=["name", "created_at"])

    class Meta:
        model = Segmentation
        fields: list[str] = []


class ABTestFilter(FilterSet):  # type: ignore[misc]  # django-filter is untyped
    id = CharFilter("name")
    id__icontains = CharFilter("name", "icontains")
    status = ChoiceFilter(choices=[(status.value, status.value) for status in Status])
    ordering = OrderingFilter(
        fields={
            "name": "id",
            "start_at": "start_timestamp",
            "end_at": "end_timestamp",
        }
    )

    class Meta:
        model = ABTest
        fields: list[str] = []
