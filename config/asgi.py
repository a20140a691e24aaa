"""The web process: `config.web` serves `config.asgi:application`."""

from django.conf import settings
from django.urls import get_resolver

from config.gateway.bodies import Bounds
from config.gateway.gateway import Gateway
from config.wsgi import application as wsgi

THREADS = 2
application = Gateway(
    wsgi,
    threads=THREADS,
    bounds=Bounds(
        body_bytes=settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
        body_seconds=60,
        total_bytes=16 * settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
    ),
)
# Or the first request would import all views.
get_resolver().url_patterns  # noqa: B018
