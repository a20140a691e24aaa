"""Django as a WSGI application: `config.asgi` serves it."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ["PROCESS"] = "web"  # how long it waits for the database: config.patience
application = get_wsgi_application()
