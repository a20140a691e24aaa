"""The roof: settings, urls, celery, wsgi, embedded servers, serve and demo."""
