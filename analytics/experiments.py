"""The endpoint that says whether B is better than A."""

from datetime import UTC, datetime

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from access.errors import Missing
from analytics import comparing, findings, serializers
from analytics.views import MANAGERS, documented, namespace_id
from events import spans
from segmentation import queries as segmentation
from segmentation.cuts import Cut


class SegmentationComparison(APIView):
    roles = MANAGERS

    @documented(findings.ComparisonQuery, findings.ComparisonAnswer)
    def get(self, request: Request, segmentation_id: str) -> Response:
        """Compare the groups of each A/B test of a segmentation, KPI by KPI.

        The difference of B from A with its 95 % interval and p-value, and a verdict
        that refuses to conclude too early.
        """
        query = spans.query(request, findings.ComparisonQuery)
        place = namespace_id(request, query)
        found = comparing.compare(
            namespace_id=place,
            cut=cut_of(segmentation_id, namespace_id=place),
            names=query["kpis"],
            days=comparing.whole_days(
                query.get("start_timestamp"), query.get("end_timestamp")
            ),
            now=datetime.now(UTC),
        )
        body = findings.comparison(found)
        return Response(serializers.answer(body, warnings=found.warnings))


def cut_of(segmentation_id: str, *, namespace_id: int) -> Cut:
    """Returns a segmentation of a namespace. Raises Missing."""
    found = None
    if "\0" not in segmentation_id:
        found = segmentation.cut(
            namespace_id=namespace_id, segmentation_id=segmentation_id
        )
    if found is None:
        raise Missing(kind="analytics-segmentation", key=segmentation_id)
    return found
