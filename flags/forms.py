"""What staff write into the pages about flags."""

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from accounts.models import Namespace
from api import json_body
from api.errors import Refused
from flags import rules
from flags.models import Flag, user_rules


class JSONText(forms.Field):
    """JSON, read as the API reads it; Django's field fails on what is nested deep."""

    widget = forms.Textarea

    def prepare_value(self, value: Any) -> Any:
        """Returns text: what was typed stays as it is."""
        if isinstance(value, str):
            return value
        return json.dumps(value, indent=2, ensure_ascii=False)

    def to_python(self, value: Any) -> Any:
        """Returns the value that the text says, None for an empty one."""
        if not str(value or "").strip():
            return None
        try:
            return json_body.decoded(str(value).encode(), shown="text")
        except Refused:
            raise ValidationError("This is no valid JSON.") from None


class FlagForm(forms.ModelForm[Flag]):
    user_rules = JSONText(
        required=False,
        help_text="The flag is on for users whom any rule fits: "
        '[{"property": "country", "comparator": "=", "value": "de"}, '
        '{"property": "user_id", "comparator": "in", "value": ["7", "42"]}]',
    )

    class Meta:
        model = Flag
        fields = [
            "namespace",
            "name",
            "boolean",
            "rollout_start_at",
            "rollout_end_at",
            "user_rules",
        ]

    def clean_user_rules(self) -> list[dict[str, Any]]:
        sent = self.cleaned_data["user_rules"]
        value = [] if sent is None else sent
        user_rules(value)
        return rules.known(value)


class PreviewForm(forms.Form):
    """Whose flags, and what is known of the user, of these namespaces alone."""

    namespace = forms.ModelChoiceField(Namespace.objects.none())
    user = JSONText(
        required=False,
        label="User object",
        initial={},
        help_text="What a client sends as user_obj, before Base64: "
        '{"user_id": "42", "country": "de"}',
    )

    def __init__(
        self, data: Mapping[str, Any] | None, *, namespaces: QuerySet[Namespace]
    ) -> None:
        super().__init__(data)
        choice = self.fields["namespace"]
        assert isinstance(choice, forms.ModelChoiceField)
        choice.queryset = namespaces.order_by("name")

    def clean_user(self) -> dict[str, Any]:
        value = self.cleaned_data["user"]
        if not isinstance(value, dict | None):
            raise ValidationError("Write an object: {…}")
        return value or {}
