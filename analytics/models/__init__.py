"""What analytics stores: the catalogue, the numbers, the work."""

from analytics.models.catalogue import (
    ATTRIBUTED,
    KPI,
    NAMELESS,
    Kind,
    Metric,
    Unit,
    formula_over_metrics,
    is_stale,
    readable_name,
    units_of_metrics,
)
from analytics.models.numbers import WHOLE, AggregationRun, Bucket, Carried, Cause
from analytics.models.reports import (
    OPEN,
    Format,
    Frequency,
    Report,
    ReportMail,
    ReportSchedule,
    Status,
)
from analytics.models.work import Backfill, MetricBackfill, SegmentBackfill

__all__ = [
    "ATTRIBUTED",
    "KPI",
    "NAMELESS",
    "OPEN",
    "WHOLE",
    "AggregationRun",
    "Backfill",
    "Bucket",
    "Carried",
    "Cause",
    "Format",
    "Frequency",
    "Kind",
    "Metric",
    "MetricBackfill",
    "Report",
    "ReportMail",
    "ReportSchedule",
    "SegmentBackfill",
    "Status",
    "Unit",
    "formula_over_metrics",
    "is_stale",
    "readable_name",
    "units_of_metrics",
]
