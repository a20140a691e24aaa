"""Every address of the product, with and without the version that clients put first."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from analytics.pages import Dashboard
from analytics.views import Ready
from config import health

api = [path("", include("events.urls")), path("", include("analytics.urls"))]

urlpatterns = [
    path("", Dashboard.as_view(), name="dashboard"),
    path("healthz", health.live),
    path("readyz", Ready.as_view()),
    path("admin/", admin.site.urls),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path(
        "api/docs/",
        SpectacularSwaggerSplitView.as_view(url_name="schema", metadata_class=None),
    ),
    path("", include("goals.urls")),
    path("", include(api)),
    path("v1/", include(api)),
]
handler400 = "access.envelope.bad_request"
handler404 = "access.envelope.not_found"
handler500 = "access.envelope.failed"
