"""What staff write into the pages about A/B tests and segmentations."""

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from api import json_body
from api.errors import Refused
from events.event_body import PRINTABLE
from segmentation import changes, checks, queries, services
from segmentation.groups import Allocation
from segmentation.models import ABTest, Segmentation
from segmentation.services import RefusedError
from segmentation.tree import TreeError

TREE_HELP = (
    'A leaf is {"type": "analytics"}. An A/B test is {"type": "ab_test", "split": '
    '{"ab_test_id": "my_test", "group_a": …, "group_b": …}, "skip": …}, with a leaf or '
    "another A/B test in each place of a …"
)


class ABTestForm(forms.ModelForm[ABTest]):
    """As over HTTP, what is fixed stays as it is."""

    class Meta:
        model = ABTest
        fields = [
            *("namespace", "name", "salt"),
            *("share_a", "share_b", "start_at", "end_at"),
        ]

    def clean(self) -> dict[str, Any]:
        sent, row = self.cleaned_data, self.instance
        if self.errors:
            return sent
        before = None if row._state.adding else queries.allocation(row)
        if before:  # the page shows no microseconds
            unchanged = sent.keys() - self.changed_data
            sent |= {name: getattr(row, name) for name in unchanged}
        else:
            count = queries.tests(namespace_id=sent["namespace"].pk).count()
            require_room(count, services.TEST_LIMIT, "A/B tests")
        after = Allocation(
            **{name: sent.get(name, getattr(row, name)) for name in ALLOCATION_FIELDS}
        )
        refusals = changes.refusals(before, after, now=datetime.now(UTC))
        for field, reason in refusals.items():
            self.add_error(field, reason)
        return sent


ALLOCATION_FIELDS = [field.name for field in fields(Allocation)]


class SegmentationForm(forms.ModelForm[Segmentation]):
    """A tree is written once; after that, only the name can become another."""

    name = forms.RegexField(PRINTABLE, max_length=64)
    tree = forms.CharField(widget=forms.Textarea, help_text=TREE_HELP)

    class Meta:
        model = Segmentation
        fields = ["namespace", "name", "tree"]

    def clean_tree(self) -> dict[str, Any]:
        try:
            value = json_body.decoded(self.cleaned_data["tree"].encode(), shown="tree")
            return checks.check(value)
        except Refused:
            raise ValidationError("This is no valid JSON.") from None
        except TreeError as error:
            raise ValidationError(f"{error}.") from None

    def clean(self) -> dict[str, Any]:
        sent, row = self.cleaned_data, self.instance
        namespace = sent.get("namespace") or row.namespace_id
        others = Segmentation.objects.filter(namespace=namespace).exclude(pk=row.pk)
        if others.filter(name=sent.get("name")).exists():
            self.add_error("name", "Another segmentation has this name.")
        if row._state.adding:
            count, limit = others.count(), services.SEGMENTATION_LIMIT
            require_room(count, limit, "segmentations")
        return sent


def require_room(count: int, limit: int, what: str) -> None:
    try:
        services.require_room(count, limit, what)
    except RefusedError as error:
        raise ValidationError(str(error)) from None
