"""Errors that carry what a client needs to act: field, kind, key, expectation."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import BadRequest
from rest_framework.exceptions import APIException


class Missing(APIException):
    """A thing that the URL or the query names does not exist."""

    status_code = 404

    def __init__(self, *, kind: str, key: str) -> None:
        super().__init__(f"The {kind} {key} does not exist")
        self.kind, self.key = kind, key


class Duplicated(APIException):
    """What a request would make is there already; `name` is the published reason."""

    status_code = 400

    def __init__(self, *, kind: str, key: str, name: str) -> None:
        super().__init__(f"The {kind} {key} is duplicated")
        self.kind, self.key, self.name = kind, key, name


class Refused(APIException):
    """A request under /v0 that cannot be answered; `error` is the body's `error`."""

    def __init__(self, error: dict[str, Any], *, status: int = 400) -> None:
        super().__init__(error.get("what"))
        self.error = error
        self.status_code = status


class UnreadableBody(BadRequest):
    """The bytes of a body do not come, or are not what its headers say."""

    def __init__(
        self,
        reason: str,
        *,
        status: int = 400,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(reason)
        self.status_code = status
        self.headers = headers or {}


class LimitReached(APIException):
    """There is as much of something as there may be; the message names the limit."""

    status_code = 429
    wait = 30  # seconds, told in Retry-After
