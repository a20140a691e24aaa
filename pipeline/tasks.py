"""Periodic work: the tick says nothing, the database says what is pending."""

import logging
from datetime import UTC, datetime

from celery import shared_task

from goals import services

logger = logging.getLogger(__name__)


@shared_task
def drain() -> None:
    """Counts what waits in the inbox. While one runs long, the next tick helps it."""
    drained = services.drain_all(at=datetime.now(UTC))
    if drained:
        logger.info("drained %s events", drained)
