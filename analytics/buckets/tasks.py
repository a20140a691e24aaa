"""Periodic work: the tick says nothing, the database says what is pending."""

import logging
import time
from datetime import UTC, datetime

from celery import shared_task

from analytics.buckets import backfill as queue
from analytics.buckets import sweep as orphans
from analytics.models import Backfill
from db import wake

RUN_SECONDS = 18  # then the worker's other tasks get their turn; the next tick goes on
logger = logging.getLogger(__name__)


@shared_task
def backfill() -> None:
    """Goes on with new segmentations, and with metrics that wait for a rebuild.

    What another worker is at is left to it.
    """
    until = time.monotonic() + RUN_SECONDS
    while time.monotonic() < until:
        advanced = queue.advance_next(at=datetime.now(UTC))
        if advanced is None:
            break
        if advanced.finished_at:
            logger.info("%s", conclusion(advanced))


def conclusion(finished: Backfill) -> str:
    if finished.metric:
        return f"rebuilt metric {finished.metric}"
    return f"filled segmentation {finished.segmentation_id}"


@shared_task
def sweep() -> None:
    """Deletes the numbers of segmentations that are gone."""
    swept = orphans.sweep(at=datetime.now(UTC))
    logger.info("deleted %s buckets of segmentations that are gone", swept)


def wake_backfill() -> None:
    """Asks a worker to go on with backfills; as `db.wake`."""
    wake.wake(backfill)
