"""What readiness says."""

from typing import Any

from rest_framework import serializers


class ReadyAnswer(serializers.Serializer[dict[str, Any]]):
    ready = serializers.BooleanField()
    redis = serializers.BooleanField()
    inbox_lag_seconds = serializers.FloatField()
    aggregation_lag_seconds = serializers.FloatField()
    failing = serializers.IntegerField(
        help_text="Pieces of periodic work that failed at their last attempt."
    )
