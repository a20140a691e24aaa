"""Celery: ticks that carry no data wake tasks that ask the database for work.

A lost, doubled or late tick changes nothing, so ticks expire and are not stored.
"""

import os

from celery import Celery
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
REBUILD_SECONDS = 60
REPORTS_SECONDS = 10
SCHEDULE_SECONDS = 60
FILL_SECONDS = 20

app = Celery("abacus")
app.conf.update(
    broker_url=settings.REDIS_URL,
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
    beat_schedule={
        "drain": {
            "task": "goals.tasks.drain",
            "schedule": settings.DRAIN_SECONDS,
            "options": {"expires": settings.DRAIN_SECONDS},
        },
        "aggregate": {
            "task": "analytics.tasks.aggregate",
            "schedule": settings.AGGREGATE_SECONDS,
            "options": {"expires": settings.AGGREGATE_SECONDS},
        },
        "rebuild": {
            "task": "analytics.tasks.rebuild",
            "schedule": REBUILD_SECONDS,
            "options": {"expires": REBUILD_SECONDS},
        },
        "fill": {
            "task": "analytics.tasks.fill",
            "schedule": FILL_SECONDS,
            "options": {"expires": FILL_SECONDS},
        },
        "sweep": {
            "task": "analytics.tasks.sweep",
            "schedule": 86_400,
            "options": {"expires": 3_600},
        },
        "make-reports": {
            "task": "analytics.reports.tasks.make",
            "schedule": REPORTS_SECONDS,
            "options": {"expires": REPORTS_SECONDS},
        },
        "expire-reports": {
            "task": "analytics.reports.tasks.expire",
            "schedule": 86_400,
            "options": {"expires": 3_600},
        },
        "schedule-reports": {
            "task": "analytics.reports.tasks.schedule",
            "schedule": SCHEDULE_SECONDS,
            "options": {"expires": SCHEDULE_SECONDS},
        },
        "mail-reports": {
            "task": "analytics.reports.tasks.mail",
            "schedule": SCHEDULE_SECONDS,
            "options": {"expires": SCHEDULE_SECONDS},
        },
        "retain": {
            "task": "events.tasks.retain",
            "schedule": 86_400,
            "options": {"expires": 3_600},
        },
    },
)
app.autodiscover_tasks()
app.autodiscover_tasks(["analytics.reports"])
