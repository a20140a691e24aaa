"""The endpoint that says where a published number comes from."""

from datetime import UTC, datetime

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from access.errors import Missing
from analytics import audit, explanations, serializers
from analytics.views import MANAGERS, documented, namespace_id
from events import spans
from events.buckets import TooManyCells


class KPIExplanation(APIView):
    roles = MANAGERS

    @documented(explanations.ExplanationQuery, explanations.ExplanationAnswer)
    def get(self, request: Request, name: str) -> Response:
        """Tell what a KPI's aggregate is made of, down to who wrote each bucket.

        Ask as kpis/values/ was asked: the span is covered by the same cells.
        """
        query = spans.query(request, explanations.ExplanationQuery)
        try:
            found = audit.explain(
                namespace_id=namespace_id(request, query),
                name=name,
                period=spans.period(query),
                now=datetime.now(UTC),
            )
        except TooManyCells as error:
            raise ValidationError({"granularity": [str(error)]}) from None
        if found is None:
            raise Missing(kind="kpi", key=name)
        body = explanations.explanation(found)
        return Response(serializers.answer(body, warnings=found.warnings))
