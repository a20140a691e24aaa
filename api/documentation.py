"""The API's description and the page that shows it: made once, then answered as made.

Both are open to everybody and take a fifth of a second of CPU to make, so nobody may
have them made again and again.
"""

from functools import cache
from hashlib import blake2b
from threading import Lock
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.template.loader import render_to_string
from django.utils.cache import get_conditional_response
from django.utils.encoding import force_bytes
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request

FRESH = "public, max-age=300"  # a new version is seen within five minutes
SLASHLESS = ("/v0/", "/metrics")
_making = Lock()  # those who ask at once wait for the first
_pages: dict[bool, tuple[bytes, str]] = {}


class Schema(SpectacularAPIView):
    """The description as YAML or JSON, which is the same for everybody."""

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        renderer = request.accepted_renderer
        with _making:
            content = written(renderer.media_type)
        return answered(request, content, content_type=renderer.media_type)


class Docs(SpectacularSwaggerSplitView):
    """The page, and with `script` in the query what runs on it."""

    url = "../schema/"
    url_self = "?"

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        script = "script" in request.GET
        with _making:
            if script not in _pages:
                _pages[script] = self.made(request, script=script)
        content, content_type = _pages[script]
        return answered(request, content, content_type=content_type)

    def made(self, request: Request, *, script: bool) -> tuple[bytes, str]:
        """Returns the page or its script, and which of them it is."""
        # What else a query says would be shown to all who come later.
        request._request.GET = QueryDict("script=" if script else "")
        page = super().get(request)  # type: ignore[no-untyped-call]
        content = render_to_string(page.template_name, page.data).encode()
        return content, page.content_type or "text/html"


def published(endpoints: list[Any], **_: Any) -> list[Any]:
    """Returns the endpoints by their published addresses.

    Left out is what is under /v1/: the same again, for clients that ask there. Where
    the slash at the end may be missing, it is.
    """
    return [
        (path.removesuffix("/") if path.startswith(SLASHLESS) else path, *rest)
        for path, *rest in endpoints
        if not path.startswith("/v1/")
    ]


@cache
def description() -> Any:
    """Returns the description; its package has no types here, nor in its views."""
    maker = SchemaGenerator()  # type: ignore[no-untyped-call]
    return maker.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]


@cache
def written(media_type: str) -> bytes:
    """Returns the description in one of the types that there are renderers for."""
    kinds = {renderer.media_type: renderer for renderer in Schema.renderer_classes}
    text = kinds[media_type]().render(description(), renderer_context={})
    return force_bytes(text)


def answered(
    request: HttpRequest, content: bytes, *, content_type: str
) -> HttpResponseBase:
    """Answers with the content, or that it is what the client has already."""
    etag = f'"{blake2b(content, digest_size=16).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": FRESH}
    response = HttpResponse(content, content_type=content_type, headers=headers)
    return get_conditional_response(request, etag=etag, response=response) or response
