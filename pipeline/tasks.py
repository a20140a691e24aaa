"""Periodic work: the tick says nothing, the database says what is pending."""

import logging
import time
from datetime import UTC, datetime

from celery import shared_task

from db import wake
from pipeline.aggregate import aggregations
from pipeline.drain import drain_all
from pipeline.retain import drop_past

TURN_SECONDS = 10
logger = logging.getLogger(__name__)


@shared_task
def drain() -> None:
    """Counts what waits in the inbox. While one runs long, the next tick helps it."""
    drained = drain_all(at=datetime.now(UTC))
    if drained:
        logger.info("drained %s events", drained)


@shared_task
def aggregate() -> None:
    """Recomputes what new batches touched, one namespace after the other.

    After a while it goes to the end of its queue, where drains wait meanwhile.
    """
    until = time.monotonic() + TURN_SECONDS
    for run in aggregations(at=datetime.now(UTC)):
        if run:
            logger.info("aggregated %s events into %s buckets", run.events, run.buckets)
        if time.monotonic() > until:
            wake.wake(aggregate, queue=wake.COUNTING)
            break


@shared_task
def retain() -> None:
    """Forgets what is past keeping."""
    dropped = drop_past(now=datetime.now(UTC))
    if dropped:
        logger.info("history dropped up to %s", dropped[-1])
