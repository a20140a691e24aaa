"""Metrics from outside are pushed to where all metrics are read."""

from datetime import UTC, datetime

from django.db import transaction
from drf_spectacular.utils import OpenApiResponse
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Role
from accounts.views import Endpoint, reads
from analytics.external import serializers, services
from analytics.series import views
from api.answers import ErrorAnswer
from api.parsers import ExactJSONParser


class MetricValues(views.MetricValues):
    method_roles = {"PUT": [*views.MANAGERS, Role.BACKEND]}
    parser_classes = [ExactJSONParser]

    @reads(
        body=serializers.MetricValuesBody,
        responses={
            204: OpenApiResponse(description="The values are stored."),
            "4XX": ErrorAnswer,
        },
    )
    def put(self, request: Request) -> Response:
        """Set the values that external metrics have in five minutes, all or none.

        What was there is overwritten; a zero leaves nothing. The same again is the
        same.
        """
        push(self)
        return Response(status=204)


def push(endpoint: Endpoint) -> None:
    """Stores the MetricValuesBody that an endpoint has read.

    Raises PermissionDenied, and ValidationError for metrics that take no values.
    """
    columns = endpoint.body["metrics"]
    try:
        with transaction.atomic():  # a namespace comes with its values, or not at all
            services.put(
                namespace_id=endpoint.writable_scope().id,
                starts=endpoint.body["start_timestamps"],
                values={column["name"]: column["values"] for column in columns},
                at=datetime.now(UTC),
            )
    except services.PushError as error:
        wrong = {
            str(index): {"name": [error.reasons[column["name"]]]}
            for index, column in enumerate(columns)
            if column["name"] in error.reasons
        }
        raise ValidationError({"metrics": wrong}) from None
