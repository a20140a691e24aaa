"""Every error leaves as JSON in the shape of its API, never as a page or a traceback.

`/v0/…` answers `{"error": …}`, everything else
`{"error_code", "error_name", "message", "error_data"}`.
"""

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from access.errors import Missing, Refused

Envelope = dict[str, Any]


class TooLarge(exceptions.APIException):
    status_code = 413
    default_detail = "the body is larger than 5,000,000 bytes"


class Unavailable(exceptions.APIException):
    status_code = 503
    default_detail = "the database is not available, please try again"
    wait = 5


def handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Returns the answer to an exception raised in a view, None for a 500."""
    exc = translated(exc)
    response = exception_handler(exc, context)
    if response is None or not isinstance(exc, exceptions.APIException):
        return response
    under_v0 = context["request"].path.startswith("/v0/")
    response.data = v0(exc, context["request"]) if under_v0 else envelope(exc)
    if isinstance(exc, exceptions.UnsupportedMediaType | exceptions.NotAcceptable):
        response.status_code = 400
    return response


def translated(exc: Exception) -> Exception:
    """Returns DRF's word for errors that Django and the database raise."""
    if isinstance(exc, RequestDataTooBig):
        return TooLarge()
    if isinstance(exc, OperationalError | InterfaceError):
        return Unavailable()
    if isinstance(exc, Http404):
        return exceptions.NotFound()
    return exc


def envelope(exc: exceptions.APIException) -> Envelope:
    """Returns the body of the analytics API, with the published codes."""
    if isinstance(exc, exceptions.ValidationError):
        return error(40, "WrongData", WRONG_DATA, query=exc.detail)
    if isinstance(exc, Missing):
        name = f"{exc.kind.upper().replace('-', '_')}_NOT_FOUND"
        data = {"type": exc.kind, "key": exc.key, "name": name}
        return error(60, "NotFoundError", str(exc.detail), **data)
    if isinstance(exc, exceptions.MethodNotAllowed):
        return error(70, "MethodNotAllowed", str(exc.detail), method=method(exc))
    for status, (code, name, reason, message) in GENERIC.items():
        if exc.status_code in status:
            text = message.format(error=exc.detail)
            return error(code, name, text, error=str(exc.detail), name=reason)
    return error(0, "ServerError", "Unknown error from server")


WRONG_DATA = "There is an error in the submitted data"
GENERIC = {
    (400, 406, 413, 415): (40, "WrongData", "WRONG_DATA_TYPE", WRONG_DATA),
    (401,): (
        21,
        "AuthError",
        "INCORRECT_TOKEN",
        "Cannot perform authentication: {error}",
    ),
    (403,): (
        50,
        "ForbiddenError",
        "FORBIDDEN",
        "Do not have enough permissions to access this resource: {error}",
    ),
    (404,): (60, "NotFoundError", "NOT_FOUND", "{error}"),
    (503,): (
        1,
        "ServerUnavailable",
        "DATABASE_NOT_READY",
        "The server is currently unavailable, please try again later",
    ),
}


def error(code: int, name: str, message: str, /, **data: Any) -> Envelope:
    return {
        "error_code": code,
        "error_name": name,
        "message": message,
        "error_data": data,
    }


def method(exc: exceptions.MethodNotAllowed) -> str:
    return str(exc.detail).split('"')[1]


def v0(exc: exceptions.APIException, request: HttpRequest) -> Envelope:
    """Returns the body of the `/v0` API."""
    if isinstance(exc, Refused):
        return {"error": exc.error}
    if exc.status_code == 401:
        return {"error": "Missing or invalid authorization header"}
    if isinstance(exc, exceptions.MethodNotAllowed):
        verb = (request.method or "").lower()
        return {"error": {"what": "Method not allowed", "method": verb}}
    if isinstance(exc, exceptions.ValidationError):
        return {"error": {"what": WRONG_DATA, "query": exc.detail}}
    return {"error": {"what": str(exc.detail)}}


def not_found(request: HttpRequest, exception: Exception) -> JsonResponse:
    """Answers a path that no route matches."""
    data = error(60, "NotFoundError", f"The path {request.path} does not exist")
    data["error_data"] = {"type": "path", "key": request.path, "name": "PATH_NOT_FOUND"}
    return answer(request, data, status=404)


def bad_request(request: HttpRequest, exception: Exception) -> JsonResponse:
    """Answers a request that Django itself refuses, such as a foreign Host header."""
    reason = "the request is malformed or its Host is not served here"
    data = error(40, "WrongData", WRONG_DATA, error=reason, name="WRONG_DATA_TYPE")
    return answer(request, data, status=400)


def failed(request: HttpRequest) -> JsonResponse:
    """Answers what should never happen; the traceback is in our log alone."""
    return answer(request, error(0, "ServerError", "Unknown error from server"), 500)


def answer(request: HttpRequest, data: Envelope, status: int) -> JsonResponse:
    if request.path.startswith("/v0/"):
        data = {"error": {"what": data["message"]}}
    return JsonResponse(data, status=status)
