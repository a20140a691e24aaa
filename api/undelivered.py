"""What is answered where a request's body did not arrive whole.

The web server (`config.gateway`) takes bodies before the application sees the request.
It leaves the status of one that it did not take in the environ, where no client writes.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import APIException

from api import error_handler

STATUS = "abacus.undelivered"

Handler = Callable[[HttpRequest], HttpResponse]


class TooSlow(APIException):
    status_code = 408
    default_detail = "the body did not arrive in time"


class TooManyBodies(error_handler.Unavailable):
    default_detail = "too many bodies are on their way, please try again"


ERRORS = {413: error_handler.TooLarge, 408: TooSlow, 503: TooManyBodies}


def middleware(get_response: Handler) -> Handler:
    """Answers such a request in place of its view."""

    def handle(request: HttpRequest) -> HttpResponse:
        status = request.META.get(STATUS)
        if status is None:
            return get_response(request)
        return error_handler.undelivered(request, ERRORS[status]())

    return handle
