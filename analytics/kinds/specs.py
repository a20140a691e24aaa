"""Metrics as statements over history know them."""

from collections.abc import Sequence
from dataclasses import dataclass

from analytics.kinds import rules
from analytics.models import Metric
from events import names

ANY_EVENT, NO_EVENT = 0, -1


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """A metric as it is recomputed: the ids of the event names it looks at."""

    metric_id: int
    kind: str
    event_name_id: int
    after_id: int = NO_EVENT


def computed(namespace_id: int) -> list[MetricSpec]:
    """Returns the active metrics that are computed from history, in two queries."""
    metrics = list(Metric.objects.filter(active=True, kind__in=rules.RULES))
    return specs(metrics, namespace_id=namespace_id)


def specs(metrics: Sequence[Metric], *, namespace_id: int) -> list[MetricSpec]:
    """Returns metrics with the ids that a namespace has for their event names."""
    wanted = {name for metric in metrics for name in (metric.event_name, metric.after)}
    known = names.ids(namespace_ids=[namespace_id], names=wanted)
    ids = {name: id for (_, name), id in known.items()}
    return [
        MetricSpec(
            metric_id=metric.pk,
            kind=metric.kind,
            event_name_id=ids.get(metric.event_name, NO_EVENT)
            if metric.event_name
            else ANY_EVENT,
            after_id=ids.get(metric.after, NO_EVENT),
        )
        for metric in metrics
    ]


def parameters(specs: Sequence[MetricSpec]) -> dict[str, list[int] | list[str]]:
    """Returns the parameters by which statements over history know their metrics."""
    return {
        "metrics": [spec.metric_id for spec in specs],
        "kinds": [spec.kind for spec in specs],
        "names": [spec.event_name_id for spec in specs],
        "afters": [spec.after_id for spec in specs],
    }
