from django.urls import path

from analytics import audits, views

urlpatterns = [
    path("analytics/kpis/status/", views.KPIStatuses.as_view()),
    path("analytics/kpis/configs/", views.KPIConfigs.as_view()),
    path("analytics/kpis/values/", views.KPIValues.as_view()),
    path("analytics/kpis/<str:name>/explain/", audits.KPIExplanation.as_view()),
    path("analytics/metrics/values/", views.MetricValues.as_view()),
]
