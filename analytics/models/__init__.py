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
    ReportSchedule,
    Status,
)
from analytics.models.work import Fill, Rebuild

__all__ = [
    "ATTRIBUTED",
    "KPI",
    "NAMELESS",
    "OPEN",
    "WHOLE",
    "AggregationRun",
    "Bucket",
    "Carried",
    "Cause",
    "Fill",
    "Format",
    "Frequency",
    "Kind",
    "Metric",
    "Rebuild",
    "Report",
    "ReportSchedule",
    "Status",
    "Unit",
    "formula_over_metrics",
    "is_stale",
    "readable_name",
    "units_of_metrics",
]
