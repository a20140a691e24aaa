"""Periodic work: the tick says nothing, the database says what is pending."""

import logging
from datetime import UTC, datetime

from celery import shared_task

from analytics import services

logger = logging.getLogger(__name__)


@shared_task
def aggregate() -> None:
    """Recomputes what new batches touched, one namespace after the other."""
    for run in services.aggregate_all(at=datetime.now(UTC)):
        logger.info("aggregated %s events into %s buckets", run.events, run.buckets)
