"""Celery: ticks that carry no data wake tasks that ask the database for work.

A lost, doubled or late tick changes nothing, so ticks expire and are not stored.
"""

import os

from celery import Celery
from django.conf import settings
from kombu import Exchange, Queue

from config.beat import tick

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Django's checks import every view, which no worker needs; `make check` runs them.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")
os.environ["PROCESS"] = "worker"  # how long it waits for the database: config.patience
COUNTING, BACKGROUND = "counting", "background"
HOUR = 3_600

app = Celery("abacus")
app.conf.update(
    broker_url=settings.SECRET_REDIS_URL,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        # Above the hard time limit, or a running task would be delivered twice.
        "visibility_timeout": 900,
        "socket_timeout": 10,
        "socket_connect_timeout": 5,
        "health_check_interval": 15,
    },
    accept_content=["json"],
    task_serializer="json",
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_soft_time_limit=540,
    task_time_limit=600,
    worker_prefetch_multiplier=1,
    worker_cancel_long_running_tasks_on_connection_loss=True,
    worker_hijack_root_logger=False,
    timezone="UTC",
    # Reports, mails and backfills never delay what counts: they have other workers.
    task_queues=[
        Queue(name, Exchange(name), routing_key=name) for name in (COUNTING, BACKGROUND)
    ],
    task_default_queue=BACKGROUND,
    task_routes={
        "pipeline.tasks.drain": {"queue": COUNTING},
        "pipeline.tasks.aggregate": {"queue": COUNTING},
    },
    beat_scheduler="config.beat:Beat",
    beat_schedule={
        "drain": tick("pipeline.tasks.drain", seconds=settings.DRAIN_SECONDS),
        "aggregate": tick(
            "pipeline.tasks.aggregate", seconds=settings.AGGREGATE_SECONDS
        ),
        "backfill": tick("analytics.buckets.tasks.backfill", seconds=20),
        "sweep": tick("analytics.buckets.tasks.sweep", seconds=HOUR),
        "make-reports": tick("analytics.reports.tasks.make", seconds=10),
        "expire-reports": tick("analytics.reports.tasks.expire", seconds=HOUR),
        "schedule-reports": tick("analytics.reports.tasks.schedule", seconds=60),
        "mail-reports": tick("analytics.reports.tasks.mail", seconds=60),
        "retain": tick("pipeline.tasks.retain", seconds=HOUR),
    },
)
app.autodiscover_tasks()
app.autodiscover_tasks(["analytics.buckets", "analytics.reports"])
