"""The endpoint that says where a published number comes from."""

from datetime import UTC, datetime

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.views import Endpoint
from analytics.lineage import queries, serializers
from analytics.series import serializers as series
from analytics.series.views import MANAGERS, documented
from api import spans
from api.errors import Missing
from timegrid.buckets import TooManyCells


class KPIExplanation(Endpoint):
    roles = MANAGERS

    @documented(serializers.ExplanationQuery, serializers.ExplanationAnswer)
    def get(self, request: Request, name: str) -> Response:
        """Tell what a KPI's aggregate is made of, down to who wrote each bucket.

        Ask as kpis/values/ was asked: the span is covered by the same cells.
        """
        try:
            explained = queries.explain(
                namespace_id=self.scope().id,
                name=name,
                period=spans.period(self.query),
                now=datetime.now(UTC),
            )
        except TooManyCells as error:
            raise ValidationError({"granularity": [str(error)]}) from None
        if explained is None:
            raise Missing(kind="kpi", key=name)
        body = serializers.explanation(explained)
        return Response(series.answer(body, warnings=explained.warnings))
