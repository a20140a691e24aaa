"""The state of the pipeline for Prometheus: no names and no numbers of the business."""

from datetime import UTC, datetime

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from api import prometheus
from events import queries as event_queries
from pipeline import lag

ABOUT = {
    "abacus_ready": "1 where /readyz answers 200.",
    "abacus_redis_up": "1 where Redis answers.",
    "abacus_inbox_lag_seconds": "How long the oldest event waits to be counted.",
    "abacus_aggregation_lag_seconds": "How long the oldest batch of counted events "
    "waits to be aggregated.",
    "abacus_batches_pending": "Batches of counted events that are not aggregated; "
    f"{event_queries.MOST_BATCHES:,}: so many or more.",
    "abacus_failing": "Pieces of periodic work that failed at their last attempt.",
}


class Metrics(APIView):
    """Open to monitors, like /readyz."""

    authentication_classes: list[type[BaseAuthentication]] = []
    permission_classes = [AllowAny]
    content_negotiation_class = prometheus.AnyAccept

    @extend_schema(responses={(200, "text/plain"): str})
    def get(self, request: Request) -> HttpResponse:
        """Tell Prometheus how far the numbers are behind the events."""
        values = numbers(now=datetime.now(UTC))
        return prometheus.answer(
            *(prometheus.gauge(name, ABOUT[name], values[name]) for name in ABOUT)
        )


def numbers(*, now: datetime) -> dict[str, float]:
    """Returns the value of each gauge. Raises the database's OperationalError."""
    state = lag.state(now=now)
    return {
        "abacus_ready": lag.ready(state),
        "abacus_redis_up": state["redis"],
        "abacus_inbox_lag_seconds": state["inbox_lag_seconds"],
        "abacus_aggregation_lag_seconds": state["aggregation_lag_seconds"],
        "abacus_batches_pending": event_queries.pending_batches(),
        "abacus_failing": state["failing"],
    }
