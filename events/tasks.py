"""Periodic work on history."""

import logging
from datetime import UTC, datetime

from celery import shared_task

from events import services

logger = logging.getLogger(__name__)


@shared_task
def retain() -> None:
    """Forgets what is past keeping."""
    dropped = services.retain(now=datetime.now(UTC))
    if dropped:
        logger.info("history dropped up to %s", dropped[-1])
