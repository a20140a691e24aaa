"""Unique users and predictions for Prometheus, under the names of the original."""

from django.http import HttpResponse
from prometheus_client.core import Metric
from rest_framework.request import Request

from accounts import queries as account_queries
from accounts.models import Role
from accounts.permissions import caller
from accounts.views import V0Endpoint, reads
from api import prometheus
from api.answers import V0_ERRORS
from api.serializers import RawField, V0Query
from goals import gauges
from goals.serializers import GLOBAL_NAME

# Prometheus keeps every series in memory, and clients choose the names. A thousand are
# about 100 KB a scrape, and as many as a namespace may have names.
MOST_SERIES = 1_000
EVERYBODY = [Role.ROOT, Role.MANAGER, Role.BACKEND]


class ScrapeQuery(V0Query):
    namespace = RawField(required=False, help_text="Default: all of the caller's.")


class Counters(V0Endpoint):
    roles = EVERYBODY
    content_negotiation_class = prometheus.AnyAccept

    @reads(query=ScrapeQuery, responses={(200, "text/plain"): str, **V0_ERRORS})
    def get(self, request: Request) -> HttpResponse:
        """Tell Prometheus the unique users of events in the caller's namespaces."""
        names = namespaces(self)
        counters, total = gauges.counters(namespace_ids=names, limit=MOST_SERIES)
        rows = [
            ((names[counter.namespace_id], counter.name or GLOBAL_NAME), counter.users)
            for counter in counters
            if counter.name
            != GLOBAL_NAME  # an event of that name: two would be one series
        ]
        return prometheus.answer(
            prometheus.gauges(
                "kimball_counter",
                "Unique users of an event name, or of all: global_counter.",
                labels=["kimball_namespace", "name"],
                rows=rows,
            ),
            prometheus.gauge("kimball_counters", "Counters in all.", total),
            left_out(total - len(rows)),
        )


class Predictions(V0Endpoint):
    roles = EVERYBODY
    content_negotiation_class = prometheus.AnyAccept

    @reads(query=ScrapeQuery, responses={(200, "text/plain"): str, **V0_ERRORS})
    def get(self, request: Request) -> HttpResponse:
        """Tell Prometheus how likely users of an event reach a goal after it."""
        names = namespaces(self)
        predictions, total = gauges.predictions(namespace_ids=names, limit=MOST_SERIES)
        rows = [
            (
                (names[prediction.namespace_id], prediction.goal, prediction.event),
                prediction.share,
            )
            for prediction in predictions
        ]
        return prometheus.answer(
            prometheus.gauges(
                "kimball_bayes_prediction",
                "Share of an event's users who reached the goal after it, 0 to 1.",
                labels=["kimball_namespace", "goal", "event"],
                rows=rows,
            ),
            left_out(total - len(rows)),
        )


def namespaces(endpoint: V0Endpoint) -> dict[int, str]:
    """Returns id → name of the namespaces to tell of. Raises PermissionDenied."""
    if endpoint.namespace() is None:
        readable = account_queries.readable(user=caller(endpoint.request))
    else:
        readable = list(filter(None, [endpoint.known_scope()]))
    return {namespace.id: namespace.name for namespace in readable}


def left_out(number: int) -> Metric:
    about = f"Series of this page that are not shown: {MOST_SERIES:,} are, the largest."
    return prometheus.gauge("abacus_series_left_out", about, number)
