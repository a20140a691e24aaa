from django.urls import path

from analytics import audits, experiments, reporting, views

REPORTS = "tasks/private/analytics_report_export/"

urlpatterns = [
    path("analytics/kpis/status/", views.KPIStatuses.as_view()),
    path("analytics/kpis/configs/", views.KPIConfigs.as_view()),
    path("analytics/kpis/values/", views.KPIValues.as_view()),
    path("analytics/kpis/<str:name>/explain/", audits.KPIExplanation.as_view()),
    path("analytics/metrics/values/", views.MetricValues.as_view()),
    path(
        "analytics/segmentations/params/<str:segmentation_id>/comparison/",
        experiments.SegmentationComparison.as_view(),
    ),
    path(REPORTS, reporting.ReportExport.as_view()),
    path(f"{REPORTS}recents/", reporting.RecentReports.as_view()),
    path(f"{REPORTS}<str:task_id>/", reporting.OneReport.as_view()),
    path(f"{REPORTS}<str:task_id>/download/", reporting.ReportDownload.as_view()),
    path("tasks/private/<str:name>/", reporting.OtherTask.as_view()),
]
