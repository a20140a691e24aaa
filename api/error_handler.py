"""Every error of an API leaves as JSON in its shape, never as a traceback.

`/v0/…` answers `{"error": …}`, everything else
`{"error_code", "error_name", "message", "error_data"}`; people on a page get a page.
"""

import sys
from typing import Any

from django.conf import settings
from django.core.exceptions import (
    BadRequest,
    DisallowedHost,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from psycopg import errors
from psycopg_pool import PoolTimeout
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from api import brevity
from api.errors import Duplicated, Missing, Refused, UnreadableBody
from api.renderers import JSONRenderer

Envelope = dict[str, Any]


class TooLarge(exceptions.APIException):
    status_code = 413
    default_detail = (
        f"the body is larger than {settings.DATA_UPLOAD_MAX_MEMORY_SIZE:,} bytes"
    )


class Unreadable(exceptions.APIException):
    def __init__(self, error: UnreadableBody) -> None:
        super().__init__(str(error))
        self.status_code = error.status_code


class Unavailable(exceptions.APIException):
    status_code = 503
    default_detail = "the database is not available, please try again"
    wait = 5


class Busy(Unavailable):
    default_detail = "the database is busy with other work, please try again"


# A lock or a statement took too long, two waited for each other, a session idled.
BUSY = (
    errors.LockNotAvailable,
    errors.QueryCanceled,
    errors.DeadlockDetected,
    errors.IdleInTransactionSessionTimeout,
    PoolTimeout,
)


def unavailable(exc: BaseException | None) -> Unavailable | None:
    """Returns what is said of an error that lies with the database, not the request."""
    if isinstance(exc, DatabaseError) and isinstance(exc.__cause__, BUSY):
        return Busy()
    if isinstance(exc, OperationalError | InterfaceError):
        return Unavailable()
    return None


def handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Returns the answer to an exception raised in a view, None for a 500.

    It leaves as JSON, whatever else the view can write.
    """
    request = context["request"]
    request.accepted_renderer = JSONRenderer()
    request.accepted_media_type = JSONRenderer.media_type
    exc = translated(exc, path=request.path)
    response = exception_handler(exc, context)
    if response is None or not isinstance(exc, exceptions.APIException):
        return None
    shape = v0 if request.path.startswith("/v0/") else envelope
    response.data = shape(exc, method=request.method or "")
    if isinstance(exc, exceptions.UnsupportedMediaType | exceptions.NotAcceptable):
        response.status_code = 400
    return response


def translated(exc: Exception, *, path: str) -> Exception:
    """Returns DRF's word for errors that Django and the database raise."""
    if isinstance(exc, RequestDataTooBig):
        return TooLarge()
    if isinstance(exc, UnreadableBody):
        return Unreadable(exc)
    if isinstance(exc, SuspiciousOperation | BadRequest):
        return exceptions.ParseError(suspicion(exc))
    if unready := unavailable(exc):
        return unready
    if isinstance(exc, PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(exc, Http404 | exceptions.NotFound):
        return Missing(kind="resource", key=path)
    return exc


MALFORMED = "the request is malformed"
SUSPICIONS: dict[type[Exception], str] = {
    DisallowedHost: "the Host header names a host that is not served here",
    TooManyFieldsSent: "there are more than "
    f"{settings.DATA_UPLOAD_MAX_NUMBER_FIELDS:,} parameters",
    TooManyFilesSent: "there are more files than are taken",
}


def suspicion(exc: Exception) -> str:
    """Returns why Django refuses a request, without what it tells for the log."""
    return SUSPICIONS.get(type(exc), MALFORMED)


def envelope(exc: exceptions.APIException, *, method: str) -> Envelope:
    """Returns the body of the analytics API, with the published codes."""
    if isinstance(exc, exceptions.ValidationError):
        return error(40, "WrongData", WRONG_DATA, query=by_field(exc))
    if isinstance(exc, Missing):
        name = f"{exc.kind.upper().replace('-', '_')}_NOT_FOUND"
        data = {"type": exc.kind, "key": exc.key, "name": name}
        return error(60, "NotFoundError", str(exc.detail), **data)
    if isinstance(exc, Duplicated):
        data = {"type": exc.kind, "key": exc.key, "name": exc.name}
        return error(42, "DuplicatedError", str(exc.detail), **data)
    if isinstance(exc, exceptions.MethodNotAllowed):
        message = f'Method "{method}" not allowed'
        return error(70, "MethodNotAllowed", message, method=method)
    if exc.status_code not in GENERIC:
        return error(0, "ServerError", "Unknown error from server")
    code, name, reason, message = GENERIC[exc.status_code]
    detail = str(exc.detail)
    return error(code, name, message.format(error=detail), error=detail, name=reason)


WRONG_DATA = "There is an error in the submitted data"
WRONG = (40, "WrongData", "WRONG_DATA_TYPE", WRONG_DATA)
GENERIC = {
    400: WRONG,
    401: (
        21,
        "AuthError",
        "INCORRECT_TOKEN",
        "Cannot perform authentication: {error}",
    ),
    403: (
        50,
        "ForbiddenError",
        "FORBIDDEN",
        "Do not have enough permissions to access this resource: {error}",
    ),
    406: WRONG,
    408: WRONG,
    411: WRONG,
    413: WRONG,
    415: WRONG,
    429: (
        2,
        "TooManyRequests",
        "RATE_LIMIT_OVERFLOW",
        "The amount of requests exceeds the limit: {error}",
    ),
    503: (
        1,
        "ServerUnavailable",
        "DATABASE_NOT_READY",
        "The server is currently unavailable, please try again later",
    ),
}


def error(code: int, name: str, message: str, /, **data: Any) -> Envelope:
    """Returns an error of the analytics API: at most 4 KB, whatever it tells of."""
    return {
        "error_code": code,
        "error_name": name,
        "message": brevity.text(message, most=500),
        "error_data": brevity.small(data, limit=3_000),
    }


def by_field(exc: exceptions.ValidationError) -> dict[str, Any]:
    """Returns the messages by field; what concerns none is a `non_field_errors`."""
    detail = exc.detail
    return detail if isinstance(detail, dict) else {"non_field_errors": detail}


def v0(exc: exceptions.APIException, *, method: str) -> Envelope:
    """Returns the body of the `/v0` API: at most 4 KB, whatever it tells of."""
    if exc.status_code == 401:
        return {"error": "Missing or invalid authorization header"}
    return {"error": brevity.small(v0_error(exc, method=method))}


def v0_error(exc: exceptions.APIException, *, method: str) -> Envelope:
    if isinstance(exc, Refused):
        return exc.error
    if isinstance(exc, exceptions.MethodNotAllowed):
        return {"what": "Method not allowed", "method": method.lower()}
    if isinstance(exc, exceptions.ValidationError):
        return {"what": WRONG_DATA, "query": by_field(exc)}
    return {"what": str(exc.detail)}


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answers a path that no route matches."""
    data = envelope(Missing(kind="path", key=request.path), method="")
    return answer(request, data, status=404)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answers a request that is refused before a view of the API has it.

    Such as one with a foreign Host header, or whose body cannot be read.
    """
    exc = translated(exception, path=request.path)
    if not isinstance(exc, exceptions.APIException):
        exc = exceptions.ParseError(MALFORMED)
    data = envelope(exc, method=request.method or "")
    response = answer(request, data, status=exc.status_code)
    for name, value in getattr(exception, "headers", {}).items():
        response.headers[name] = value
    return response


def undelivered(request: HttpRequest, exc: exceptions.APIException) -> HttpResponse:
    """Answers a request whose body did not arrive whole."""
    data = envelope(exc, method="") | {"message": str(exc.detail)}
    response = answer(request, data, exc.status_code)
    if isinstance(exc, Unavailable):
        response.headers["Retry-After"] = str(exc.wait)
    return response


def failed(request: HttpRequest) -> HttpResponse:
    """Answers what should never happen; the traceback is in our log alone."""
    if unready := unavailable(sys.exception()):
        response = answer(request, envelope(unready, method=""), status=503)
        response.headers["Retry-After"] = str(unready.wait)
        return response
    return answer(request, error(0, "ServerError", "Unknown error from server"), 500)


PAGES = ("/", "/goals/")


def is_page(request: HttpRequest) -> bool:
    """Says whether people look at the answer."""
    return request.path in PAGES or request.path.startswith("/admin/")


def answer(request: HttpRequest, data: Envelope, status: int) -> HttpResponse:
    message = data["error_data"].get("error", data["message"])
    if request.path.startswith("/v0/"):
        return JsonResponse({"error": {"what": message}}, status=status)
    if is_page(request):
        # Without the request: a context processor may need what has just failed.
        page = render_to_string("error.html", {"message": message})
        return HttpResponse(page, status=status)
    return JsonResponse(data, status=status)
