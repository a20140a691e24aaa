"""Writes: the shipped catalogue becomes rows."""

from collections.abc import Mapping

from django.db import transaction

from analytics.catalogue import shipped
from analytics.models import KPI, Metric


@transaction.atomic
def load_catalogue(*, event_names: Mapping[str, str]) -> int:
    """Adds what is missing of the shipped catalogue; returns how many rows it added.

    What is there stays as it is: staff may have edited it.
    """
    before = Metric.objects.count() + KPI.objects.count()
    Metric.objects.bulk_create(shipped.metrics(event_names), ignore_conflicts=True)
    KPI.objects.bulk_create(shipped.kpis(), ignore_conflicts=True)
    return Metric.objects.count() + KPI.objects.count() - before
