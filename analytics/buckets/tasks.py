"""Periodic work: the tick says nothing, the database says what is pending."""

import logging
import time
from datetime import UTC, datetime

from celery import shared_task

from analytics.buckets import metric_backfill, segment_backfill
from db import wake

RUN_SECONDS = 50  # then the worker's other tasks get their turn; the next tick goes on
logger = logging.getLogger(__name__)


@shared_task
def rebuild() -> None:
    """Goes on with the metrics that wait for a rebuild, in the order of the requests.

    One worker at a time: what another is at is left to it.
    """
    until = time.monotonic() + RUN_SECONDS
    while time.monotonic() < until:
        one = metric_backfill.advance_next(at=datetime.now(UTC))
        if one is None:
            break
        if one.finished_at:
            logger.info("rebuilt metric %s", one.metric)


@shared_task
def fill() -> None:
    """Goes on with the segmentations that are new, a day at a time."""
    until = time.monotonic() + RUN_SECONDS
    while time.monotonic() < until:
        one = segment_backfill.advance(at=datetime.now(UTC))
        if one is None:
            break
        if one.finished_at:
            logger.info("filled segmentation %s", one.segmentation_id)


@shared_task
def sweep() -> None:
    """Deletes the numbers of segmentations that are gone."""
    swept = segment_backfill.sweep(at=datetime.now(UTC))
    logger.info("deleted %s buckets of segmentations that are gone", swept)


def wake_rebuild() -> None:
    """Asks a worker to rebuild metrics; as `db.wake`."""
    wake.wake(rebuild)
