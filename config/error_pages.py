"""Error pages with DEBUG show settings, headers and variables, but no secret of ours.

Django knows secrets by the names of settings. A failed connection has them in the
variables of many frames, under any name: those are known by their values.
"""

from collections.abc import Iterator
from pprint import pformat
from types import FrameType
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter


class SecretsFilter(SafeExceptionReporterFilter):
    """Puts stars in place of each value that has a secret in it."""

    def cleanse_setting(self, key: Any, value: Any) -> Any:
        """Returns a setting, or a value of a request's META, as it may be shown."""
        shown = super().cleanse_setting(key, value)
        return self._starred(shown) if isinstance(shown, str) else shown

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: FrameType
    ) -> Any:
        """Returns the names and values of a frame as they may be shown."""
        variables = super().get_traceback_frame_variables(request, tb_frame)
        return [(name, self._starred(value)) for name, value in variables]

    def _starred(self, value: Any) -> Any:
        text = value if isinstance(value, str) else pformat(value)
        hidden = any(secret in text for secret in secrets())
        return self.cleansed_substitute if hidden else value


def secrets() -> set[str]:
    """Returns all secrets of this deployment, in the forms that they are written in."""
    return {secret for secret in _secrets() if secret}


def _secrets() -> Iterator[str]:
    yield settings.SECRET_KEY
    yield settings.USER_KEY_SECRET
    yield settings.EMAIL_HOST_PASSWORD
    for url in (settings.SECRET_DATABASE_URL, settings.SECRET_REDIS_URL):
        password = urlsplit(url).password or ""
        yield from (password, unquote(password))
