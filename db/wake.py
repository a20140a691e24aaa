"""Calls to a worker: look now, do not wait for the tick. They may get lost."""

from celery import Task
from django.conf import settings
from kombu import Connection

# The queues of config.celery, which a web process does not load.
COUNTING, BACKGROUND = "counting", "background"
EXPIRES_SECONDS = 50  # by then a tick has done it
IMPATIENT = {"socket_timeout": 1, "socket_connect_timeout": 1, "max_retries": 0}


def wake(task: Task[[], None], *, queue: str = BACKGROUND) -> None:
    """Asks a worker to look at once; should this get lost, the next tick does it.

    Raises kombu's OperationalError where Redis does not answer: at once, because a
    page waits.
    """
    url = settings.SECRET_REDIS_URL
    with Connection(url, transport_options=IMPATIENT) as connection:
        producer = connection.Producer(auto_declare=False)
        task.apply_async(
            queue=queue, producer=producer, expires=EXPIRES_SECONDS, retry=False
        )
