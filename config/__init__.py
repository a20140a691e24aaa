"""The roof: settings, urls, celery, logs and the web server."""
