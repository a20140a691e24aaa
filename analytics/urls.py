from django.urls import path

from analytics.comparison import views as comparison
from analytics.external import views as external
from analytics.lineage import views as audits
from analytics.reports import views as reports
from analytics.series import views

REPORTS = "tasks/private/analytics_report_export/"

urlpatterns = [
    path("analytics/kpis/status/", views.KPIStatuses.as_view()),
    path("analytics/kpis/configs/", views.KPIConfigs.as_view()),
    path("analytics/kpis/values/", views.KPIValues.as_view()),
    path("analytics/kpis/<str:name>/explain/", audits.KPIExplanation.as_view()),
    path("analytics/metrics/values/", external.MetricValues.as_view()),
    path(
        "analytics/segmentations/params/<str:segmentation_id>/comparison/",
        comparison.SegmentationComparison.as_view(),
    ),
    path(REPORTS, reports.ReportExport.as_view()),
    path(f"{REPORTS}recents/", reports.RecentReports.as_view()),
    path(f"{REPORTS}<str:task_id>/", reports.OneReport.as_view()),
    path(f"{REPORTS}<str:task_id>/download/", reports.ReportDownload.as_view()),
    path("tasks/private/<str:name>/", reports.OtherTask.as_view()),
]
