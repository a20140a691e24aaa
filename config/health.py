"""Whether this process lives; whether the product is ready is another question."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Answers without looking at anything: a failing database kills no web process."""
    return HttpResponse("ok", content_type="text/plain")
