"""Answers to Prometheus, in its text format: gauges read anew for every scrape.

Nothing is kept in the process, so any number of web processes answer alike.
"""

from collections.abc import Iterable, Sequence

from django.http import HttpResponse
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.core import CollectorRegistry, GaugeMetricFamily, Metric
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class AnyAccept(DefaultContentNegotiation):
    """Numbers leave as text and errors as JSON, whatever the caller would rather have.

    Scrapers name OpenMetrics and text, people's browsers HTML: none would take JSON.
    """

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """Returns the view's first renderer, which is for errors."""
        first = next(iter(renderers))
        return first, first.media_type


class Scrape:
    """A collector of what one request has read."""

    def __init__(self, families: Sequence[Metric]) -> None:
        self.families = families

    def collect(self) -> Sequence[Metric]:
        """Returns the families, as the registry asks for them."""
        return self.families


def gauge(name: str, about: str, value: float) -> Metric:
    """Returns a gauge without labels; `about` is its help text."""
    return GaugeMetricFamily(name, about, value=value)


def gauges(
    name: str,
    about: str,
    *,
    labels: Sequence[str],
    rows: Iterable[tuple[Sequence[str], float]],
) -> Metric:
    """Returns a gauge of rows: the values of the labels, and the gauge's own."""
    family = GaugeMetricFamily(name, about, labels=labels)
    for values, value in rows:
        family.add_metric(values, value)
    return family


def answer(*families: Metric) -> HttpResponse:
    """Returns the families as Prometheus reads them."""
    registry = CollectorRegistry()
    registry.register(Scrape(families))
    return HttpResponse(
        generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4
    )
