"""Readiness, for monitors."""

from datetime import UTC, datetime

from drf_spectacular.utils import extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pipeline import lag
from pipeline.serializers import ReadyAnswer


class Ready(APIView):
    """For monitors: are the database, Redis and the numbers as they should be?"""

    authentication_classes: list[type[BaseAuthentication]] = []
    permission_classes = [AllowAny]

    @extend_schema(responses={200: ReadyAnswer, 503: ReadyAnswer})
    def get(self, request: Request) -> Response:
        """Say how far the numbers are behind; 503 where that is too far."""
        state = lag.state(now=datetime.now(UTC))
        ready = lag.ready(state)
        return Response({"ready": ready, **state}, status=200 if ready else 503)
