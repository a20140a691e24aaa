from django.urls import path

from analytics import views

urlpatterns = [
    path("analytics/kpis/status/", views.KPIStatuses.as_view()),
    path("analytics/kpis/configs/", views.KPIConfigs.as_view()),
    path("analytics/kpis/values/", views.KPIValues.as_view()),
    path("analytics/metrics/values/", views.MetricValues.as_view()),
]
