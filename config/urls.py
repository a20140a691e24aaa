"""Every address of the product, with and without the version that clients put first."""

from django.contrib import admin
from django.urls import include, path, re_path

from api import documentation
from config import health
from goals.urls import v0 as goals
from pipeline.exposition import Metrics
from pipeline.views import Ready
from web.views import Dashboard, Goals

# Here and not when Django starts: commands and workers need no page of the admin.
admin.autodiscover()

api = [
    path("", include("events.urls")),
    path("", include("goals.urls")),
    path("", include("segmentation.urls")),
    path("", include("analytics.urls")),
]

urlpatterns = [
    path("", Dashboard.as_view(), name="dashboard"),
    path("goals/", Goals.as_view(), name="goals"),
    path("healthz", health.live),
    path("readyz", Ready.as_view()),
    re_path("^metrics/?$", Metrics.as_view()),
    path("admin/", admin.site.urls),
    path("api/schema/", documentation.Schema.as_view(), name="schema"),
    path("api/docs/", documentation.Docs.as_view(metadata_class=None)),
    path("", include(goals)),
    path("", include("flags.urls")),
    path("", include(api)),
    path("v1/", include(api)),
]
handler400 = "api.error_handler.bad_request"
handler404 = "api.error_handler.not_found"
handler500 = "api.error_handler.failed"
