"""What staff write into the pages about schedules."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from analytics.models import ReportSchedule

MOST_RECIPIENTS = 50  # of one e-mail: what every mail server takes


class AddressLines(forms.CharField):
    """E-mail addresses, one a line."""

    widget = forms.Textarea

    def prepare_value(self, value: Any) -> Any:
        """Returns text: what was typed stays as it is."""
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """Returns the addresses, each once, in their order."""
        text = super().to_python(value) or ""
        lines = (line.strip() for line in text.splitlines())
        return list(dict.fromkeys(filter(None, lines)))

    def run_validators(self, value: Any) -> None:
        """Names every line that is no address."""
        wrong = [line for line in value if not is_address(line)]
        if wrong:
            raise ValidationError(
                [f"This is no e-mail address: {line}" for line in wrong]
            )
        if len(value) > MOST_RECIPIENTS:
            raise ValidationError(f"Write at most {MOST_RECIPIENTS} addresses.")


def is_address(value: str) -> bool:
    try:
        validate_email(value)
    except ValidationError:
        return False
    return True


class SegmentationChoice(forms.ModelChoiceField[Any]):
    """A segmentation is known by its name together with its namespace's."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.namespace}: {obj}"


class ScheduleForm(forms.ModelForm[ReportSchedule]):
    recipients = AddressLines(
        strip=False,
        help_text="One e-mail address a line. They do not see one another.",
    )

    class Meta:
        model = ReportSchedule
        fields = [
            "namespace",
            "name",
            "frequency",
            "timezone",
            "recipients",
            "format",
            "segmentation",
            "kpis",
            "active",
        ]
        field_classes = {"segmentation": SegmentationChoice}

    def clean_name(self) -> str:
        """The name is a header of its e-mails, which is one line."""
        name: str = self.cleaned_data["name"]
        if not name.isprintable():
            raise ValidationError("Write one line, without control characters.")
        return name

    def clean(self) -> dict[str, Any]:
        """A segmentation cuts the numbers of its own namespace."""
        sent = self.cleaned_data
        namespace = sent.get("namespace") or getattr(self.instance, "namespace", None)
        chosen = sent.get("segmentation")
        if chosen and namespace and chosen.namespace_id != namespace.pk:
            self.add_error(
                "segmentation", "This is a segmentation of another namespace."
            )
        return sent
