"""What a request may hold: names that are known, and lists that are counted first."""

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from api import spelling
from api.schema_errors import PRINTABLE

FEW = 5  # unknown names that are told of
MANY = 10  # wrong items of a list that are told of
MEANT = "This name is unknown: did you mean {meant}?"
OWN = "Default: the caller's only one, or `default`."

Body = dict[str, Any]

# What people and other products call it, beside what is near in spelling.
ALIASES = {
    "start": "start_timestamp",
    "from": "start_timestamp",
    "since": "start_timestamp",
    "end": "end_timestamp",
    "to": "end_timestamp",
    "until": "end_timestamp",
    "tz": "timezone",
    "interval": "granularity",
    "resolution": "granularity",
    "segment": "segmentation",
    "segmentation": "segmentation_id",
    "segmentation_id": "segmentation",
    "kpi_name": "kpis",
    "metric": "names",
    "metrics": "names",
    "limit": "amt",
    "page_size": "amt",
    "sort": "ordering",
    "order_by": "ordering",
    "output": "format",
}

NUMBER_EXPECTED = "A valid number is required."


class Input(serializers.Serializer[Body]):
    """A query or an object of a body: a name that it does not know is refused.

    Names that begin with `_` are left alone. `others` are names that something else
    reads.
    """

    others: Collection[str] = ()

    def to_internal_value(self, data: Any) -> Body:
        """Returns the values by name. Raises ValidationError."""
        if isinstance(data, Mapping):
            self.require_known(data)
        validated: Body = super().to_internal_value(data)
        return validated

    def require_known(self, names: Iterable[str]) -> None:
        """Raises ValidationError for a name that is unknown."""
        require_known(names, known={*self.fields, *self.others})


def require_known(names: Iterable[str], *, known: Collection[str]) -> None:
    """Raises ValidationError where a name is unknown."""
    unknown = [name for name in names if name not in known and name[:1] != "_"]
    if unknown:
        wrong = {name: [unknown_name(name, known)] for name in unknown[:FEW]}
        if len(unknown) > FEW:
            wrong["…"] = [f"{len(unknown) - FEW:,} more names are unknown."]
        raise ValidationError(wrong)


def unknown_name(name: str, known: Collection[str]) -> str:
    """Returns why an unknown name is refused, for people."""
    if meant := spelling.suggestion(name, known, ALIASES):
        return MEANT.format(meant=meant)
    if known:
        return f"This name is unknown: expected {', '.join(sorted(known))}."
    return "This name is unknown: none is expected."


class ListField(serializers.ListField):
    """Counts the items before it looks at the first, and stops where many are wrong."""

    def to_internal_value(self, data: Any) -> list[Any]:
        """Returns the checked items. Raises ValidationError."""
        most = self.max_length
        if most is not None and isinstance(data, list) and len(data) > most:
            self.fail("max_length", max_length=most)
        validated: list[Any] = super().to_internal_value(data)
        return validated

    def run_child_validation(self, data: list[Any]) -> list[Any]:
        """Returns the items' values. Raises ValidationError, by index."""
        items, wrong = [], dict[str, Any]()
        for index, item in enumerate(data):
            if len(wrong) == MANY:
                wrong["…"] = ["The items after these were not looked at."]
                break
            try:
                items.append(self.child.run_validation(item))
            except ValidationError as error:
                wrong[f"{index}"] = error.detail
        if wrong:
            raise ValidationError(wrong)
        return items


def namespace_field(help_text: str = OWN) -> serializers.RegexField:
    return serializers.RegexField(
        PRINTABLE,
        max_length=200,
        trim_whitespace=False,
        required=False,
        help_text=help_text,
    )


class NamespaceInput(Input):
    """Where a request names nothing else."""

    namespace = namespace_field()


@extend_schema_field(OpenApiTypes.STR)
class RawField(serializers.Field[str, str, str, Any]):
    """Text that the verb looks at itself."""

    def to_internal_value(self, data: str) -> str:
        return data


class V0Query(Input):
    """A query under /v0: of unknown names, only those meant for others are refused."""

    namespace = RawField(required=False, help_text=OWN)

    def require_known(self, names: Iterable[str]) -> None:
        """Raises ValidationError for a name that can only be meant for a known one."""
        known = self.fields.keys()
        aliases = {alias: name for alias, name in ALIASES.items() if name in known}
        unknown = [name for name in names if name not in known and name[:1] != "_"]
        for name in unknown:
            if meant := spelling.surely(name, known, aliases):
                raise ValidationError({name: [MEANT.format(meant=meant)]})


def require_number(data: object) -> None:
    """Raises ValidationError for what JSON writes otherwise than as a number."""
    if isinstance(data, bool) or not isinstance(data, int | float | Decimal):
        raise ValidationError(NUMBER_EXPECTED)
