"""Bodies in: the values of metrics that other programs know."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from api.serializers import Body, Input, ListField, NamespaceInput, require_number
from api.spans import EARLIEST, LATEST, TimestampField
from events.event_body import MAX_VALUE, MICRO
from timegrid import buckets
from timegrid.buckets import FIVE_MINUTES, SpanError

MAX_VALUES, MAX_METRICS = 10_000, 1_000


class StartField(TimestampField):
    """Where five minutes begin, in seconds since 1970 UTC."""

    def run_validation(self, data: Any = serializers.empty) -> datetime:
        """Returns the time. Thousands come at once, and DRF takes its time."""
        require_number(data)
        if not EARLIEST <= data <= LATEST:
            raise ValidationError(f"The start must be in {EARLIEST:g} to {LATEST:g}.")
        if data % FIVE_MINUTES:
            raise ValidationError("Five minutes begin at a multiple of 300 seconds.")
        try:
            return buckets.moment(data)
        except SpanError as error:
            raise ValidationError(str(error)) from None


@extend_schema_field(OpenApiTypes.DOUBLE)
class ValueField(serializers.Field[Decimal, Any, Decimal, Any]):
    """An exact number of at most 1e12, with at most 6 decimals."""

    def run_validation(self, data: Any = serializers.empty) -> Decimal:
        """Returns the number. Thousands come at once, as of a StartField."""
        require_number(data)
        if not -MAX_VALUE <= data <= MAX_VALUE:
            raise ValidationError("The value must be in -1e12 to 1e12.")
        value = Decimal(f"{data}")
        if value != value.quantize(MICRO):
            raise ValidationError("The value must have at most 6 decimals.")
        return value


class PushedMetric(Input):
    name = serializers.CharField(max_length=64, trim_whitespace=False)
    values = ListField(
        child=ValueField(), help_text="One for each of the `start_timestamps`."
    )


class MetricValuesBody(NamespaceInput):
    """What GET answers at a granularity of 5 minutes, sent back."""

    others = ["warnings"]  # which GET may have answered

    start_timestamps = ListField(
        child=StartField(),
        max_length=MAX_VALUES,
        allow_empty=False,
        help_text="Where five minutes begin: each a multiple of 300, none twice.",
    )
    metrics = ListField(
        child=PushedMetric(),
        max_length=MAX_METRICS,
        allow_empty=False,
        help_text="Metrics of the kind `external`, none twice, with at most "
        f"{MAX_VALUES:,} values in all.",
    )

    def to_internal_value(self, data: Any) -> Body:
        """Checks how much there is before it looks at every piece."""
        if isinstance(data, dict):
            require_few(data.get("metrics"))
        body: Body = super().to_internal_value(data)
        return body

    def validate_start_timestamps(self, starts: list[datetime]) -> list[datetime]:
        require_distinct([at.timestamp() for at in starts])
        return starts

    def validate_metrics(self, metrics: list[Body]) -> list[Body]:
        require_distinct([metric["name"] for metric in metrics])
        return metrics

    def validate(self, attrs: Body) -> Body:
        expected = len(attrs["start_timestamps"])
        message = f"{expected:,} values are expected, one for each start timestamp."
        wrong = {
            str(index): {"values": [message]}
            for index, metric in enumerate(attrs["metrics"])
            if len(metric["values"]) != expected
        }
        if wrong:
            raise ValidationError({"metrics": wrong})
        return attrs


def require_few(metrics: object) -> None:
    """Raises ValidationError where there are more values than one push may hold."""
    columns = metrics if isinstance(metrics, list) else []
    sent = (column.get("values") for column in columns if isinstance(column, dict))
    if sum(len(values) for values in sent if isinstance(values, list)) > MAX_VALUES:
        message = f"At most {MAX_VALUES:,} values are taken at once."
        raise ValidationError({"metrics": [message]})


def require_distinct(items: list[Any]) -> None:
    """Raises ValidationError, naming where something comes again."""
    first: dict[Any, int] = {}
    again = {
        str(index): [f"{item} is sent twice."]
        for index, item in enumerate(items)
        if first.setdefault(item, index) != index
    }
    if again:
        raise ValidationError(again)
