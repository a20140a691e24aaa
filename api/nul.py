"""A NUL names nothing: PostgreSQL's text holds none, and would fail on the question.

The API refuses one at its field, as it does anything that cannot be; the pages and the
admin hand much of what is sent to the database as it is, and so does Django a cookie.
"""

from collections.abc import Callable, Iterator

from django.http import Http404, HttpRequest, HttpResponse
from rest_framework.exceptions import ParseError

from api import error_handler

Handler = Callable[[HttpRequest], HttpResponse]


def middleware(get_response: Handler) -> Handler:
    """Answers 404 to one in a page's path, 400 to one in query, form or cookies."""

    def handle(request: HttpRequest) -> HttpResponse:
        if error_handler.is_page(request) and "\0" in request.path:
            return error_handler.not_found(request, Http404())
        for kind, name, text in texts(request):
            if "\0" in name or "\0" in text:
                what = f"the {kind} {name} has a NUL character"
                return error_handler.bad_request(request, ParseError(what))
        return get_response(request)

    return handle


def texts(request: HttpRequest) -> Iterator[tuple[str, str, str]]:
    """Yields kind, name and value of what would be taken as it is."""
    yield from (("cookie", name, value) for name, value in request.COOKIES.items())
    if error_handler.is_page(request):
        for kind, sent in (("parameter", request.GET), ("field", request.POST)):
            for name, values in sent.lists():
                yield from ((kind, name, str(value)) for value in values)
