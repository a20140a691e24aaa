"""Periodic work: the tick says nothing, the database says what is pending."""

import logging
import time
from datetime import UTC, datetime

from celery import Task, shared_task
from django.conf import settings
from kombu import Connection

from analytics.buckets import fills, rebuilds, recompute

IMPATIENT = {"socket_timeout": 1, "socket_connect_timeout": 1, "max_retries": 0}
# Of config.celery, which a web process does not load.
COUNTING, BACKGROUND = "counting", "background"
TURN_SECONDS = 10
RUN_SECONDS = 50  # then the worker's other tasks get their turn; the next tick goes on
logger = logging.getLogger(__name__)


@shared_task
def aggregate() -> None:
    """Recomputes what new batches touched, one namespace after the other.

    After a while it goes to the end of its queue, where drains wait meanwhile.
    """
    until = time.monotonic() + TURN_SECONDS
    for run in recompute.aggregations(at=datetime.now(UTC)):
        if run:
            logger.info("aggregated %s events into %s buckets", run.events, run.buckets)
        if time.monotonic() > until:
            wake(aggregate, queue=COUNTING)
            break


@shared_task
def rebuild() -> None:
    """Goes on with the metrics that wait for a rebuild, in the order of the requests.

    One worker at a time: what another is at is left to it.
    """
    until = time.monotonic() + RUN_SECONDS
    while time.monotonic() < until:
        one = rebuilds.advance_next(at=datetime.now(UTC))
        if one is None:
            break
        if one.finished_at:
            logger.info("rebuilt metric %s", one.metric)


@shared_task
def fill() -> None:
    """Goes on with the segmentations that are new, a day at a time."""
    until = time.monotonic() + RUN_SECONDS
    while time.monotonic() < until:
        one = fills.advance(at=datetime.now(UTC))
        if one is None:
            break
        if one.finished_at:
            logger.info("filled segmentation %s", one.segmentation_id)


@shared_task
def sweep() -> None:
    """Deletes the numbers of segmentations that are gone."""
    swept = fills.sweep(at=datetime.now(UTC))
    logger.info("deleted %s buckets of segmentations that are gone", swept)


def wake_rebuild() -> None:
    """Asks a worker to rebuild metrics; as `wake`."""
    wake(rebuild)


def wake(task: Task[[], None], *, queue: str = BACKGROUND) -> None:
    """Asks a worker to look at once; should this get lost, the next tick does it.

    Raises kombu's OperationalError where Redis does not answer: at once, because a
    page waits.
    """
    url = settings.SECRET_REDIS_URL
    with Connection(url, transport_options=IMPATIENT) as connection:
        producer = connection.Producer(auto_declare=False)
        task.apply_async(
            queue=queue, producer=producer, expires=RUN_SECONDS, retry=False
        )
