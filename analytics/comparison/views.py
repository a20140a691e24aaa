"""The endpoint that says whether B is better than A."""

from datetime import UTC, datetime

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.views import Endpoint
from analytics.comparison import queries, serializers
from analytics.series.serializers import answer
from analytics.series.views import MANAGERS, documented
from segmentation import queries as segmentation_queries


class SegmentationComparison(Endpoint):
    roles = MANAGERS

    @documented(serializers.ComparisonQuery, serializers.ComparisonAnswer)
    def get(self, request: Request, segmentation_id: str) -> Response:
        """Compare the groups of each A/B test of a segmentation, KPI by KPI.

        The difference of B from A with its 95 % interval and p-value, and a verdict
        that refuses to conclude too early.
        """
        query, place = self.query, self.scope().id
        found = queries.compare(
            namespace_id=place,
            cut=segmentation_queries.existing_segmentation(
                namespace_id=place, segmentation_id=segmentation_id
            ),
            names=query["kpis"],
            days=queries.whole_days(
                query.get("start_timestamp"), query.get("end_timestamp")
            ),
            now=datetime.now(UTC),
        )
        body = serializers.comparison(found)
        return Response(answer(body, warnings=found.warnings))
