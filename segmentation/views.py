"""Segmentations and A/B tests over HTTP. Reading the clock happens here."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import OpenApiResponse
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings

from accounts.models import Role
from accounts.views import Endpoint, reads
from api.answers import ErrorAnswer
from segmentation import filters, queries, serializers, services
from segmentation.models import ABTest, Segmentation
from segmentation.services import WHOLE, RefusedError

ROLES = [Role.ROOT, Role.MANAGER, Role.BACKEND]


def answers(status: int, answer: Any, **read: Any) -> Callable[..., Any]:
    """Says what a verb reads, and describes its answer."""
    return reads(responses={status: answer, "4XX": ErrorAnswer}, **read)


CHANGED = OpenApiResponse(description="It is as sent.")
DELETED = OpenApiResponse(description="It is no more.")


class ListView(ListModelMixin, Endpoint, GenericAPIView[Any]):
    """A list that leaves under its name; a mixin, for the API's documentation."""

    filter_backends = [DjangoFilterBackend]


class Segmentations(ListView):
    roles = ROLES
    queryset = Segmentation.objects.all()
    serializer_class = serializers.SegmentationBody
    filterset_class = filters.SegmentationFilter

    @answers(
        200,
        serializers.SegmentationsAnswer,
        query=serializers.SegmentationsQuery,
        filters=True,
    )
    def get(self, request: Request) -> Response:
        """List the segmentations of a namespace, the newest first."""
        namespace_id = self.scope().id
        rows = self.filter_queryset(queries.segmentations(namespace_id=namespace_id))
        known = queries.test_names(namespace_id=namespace_id)
        listed = [serializers.segmentation(row, known=known) for row in rows]
        return Response({"segmentations": listed})

    @answers(201, serializers.CreatedSegmentation, body=serializers.SegmentationBody)
    def post(self, request: Request) -> Response:
        """Store a tree of A/B tests, by which numbers are cut from then on."""
        with refusals_as_errors(), transaction.atomic():  # a namespace comes with it
            namespace_id = self.writable_scope().id
            made = services.create_segmentation(
                name=self.body["name"],
                checked=self.body["segmentation"],
                at=datetime.now(UTC),
                namespace_id=namespace_id,
            )
        body = serializers.warned(
            {"id": made.pk}, made, known=queries.test_names(namespace_id=namespace_id)
        )
        return Response(body, status=201)


class OneSegmentation(Endpoint):
    roles = ROLES

    @answers(200, serializers.SegmentationAnswer)
    def get(self, request: Request, segmentation_id: str) -> Response:
        """Show a segmentation."""
        namespace_id = self.scope().id
        row = queries.segmentation(
            segmentation_id=segmentation_id, namespace_id=namespace_id
        )
        known = queries.test_names(namespace_id=namespace_id)
        return Response(serializers.segmentation(row, known=known))

    @answers(204, CHANGED, body=serializers.NameBody)
    def patch(self, request: Request, segmentation_id: str) -> Response:
        """Rename a segmentation; its tree is never changed."""
        services.rename(
            namespace_id=self.scope().id,
            segmentation_id=segmentation_id,
            name=self.body["name"],
        )
        return Response(status=204)

    @answers(204, DELETED)
    def delete(self, request: Request, segmentation_id: str) -> Response:
        """Delete a segmentation; the A/B tests that it names stay."""
        with refusals_as_errors():
            services.delete_segmentation(
                namespace_id=self.scope().id, segmentation_id=segmentation_id
            )
        return Response(status=204)


class ABTests(ListView):
    roles = ROLES
    queryset = ABTest.objects.all()
    serializer_class = serializers.ABTestBody
    filterset_class = filters.ABTestFilter

    @answers(
        200, serializers.ABTestsAnswer, query=serializers.ABTestsQuery, filters=True
    )
    def get(self, request: Request) -> Response:
        """List the A/B tests of a namespace, the newest first."""
        namespace_id = self.scope().id
        tests = queries.with_status(
            queries.tests(namespace_id=namespace_id), now=datetime.now(UTC)
        )
        rows = self.filter_queryset(tests)
        uses = queries.uses(namespace_id=namespace_id)
        return Response({"ab_tests": [serializers.ab_test(r, uses=uses) for r in rows]})

    @answers(201, serializers.CreatedABTest, body=serializers.ABTestBody)
    def post(self, request: Request) -> Response:
        """Start an A/B test, or plan it: users are drawn by their ids and its salt."""
        now = datetime.now(UTC)
        made = serializers.allocation(self.body, at=now)
        with refusals_as_errors(), transaction.atomic():  # a namespace comes with it
            services.create_test(made, namespace_id=self.writable_scope().id, at=now)
        return Response({"id": made.name}, status=201)


class OneABTest(Endpoint):
    roles = ROLES

    @answers(200, serializers.ABTestAnswer)
    def get(self, request: Request, test_id: str) -> Response:
        """Show an A/B test."""
        namespace_id = self.scope().id
        tests = queries.with_status(
            queries.tests(namespace_id=namespace_id), now=datetime.now(UTC)
        )
        row = queries.test(tests, name=test_id)
        return Response(
            serializers.ab_test(row, uses=queries.uses(namespace_id=namespace_id))
        )

    @answers(204, CHANGED, body=serializers.ABTestBody, partial=True)
    def patch(self, request: Request, test_id: str) -> Response:
        """Change what is not yet fixed.

        Shares, salt and start are until the start; the end is until 5 minutes before
        it, and can be moved to 5 minutes from now at the earliest.
        """
        with refusals_as_errors():
            services.change_test(
                namespace_id=self.scope().id,
                name=test_id,
                sent=serializers.fields(self.body),
                at=datetime.now(UTC),
            )
        return Response(status=204)

    @answers(204, DELETED)
    def delete(self, request: Request, test_id: str) -> Response:
        """Delete an A/B test that no segmentation names."""
        with refusals_as_errors():
            services.delete_test(namespace_id=self.scope().id, name=test_id)
        return Response(status=204)


class ABTestGroup(Endpoint):
    roles = ROLES

    @answers(200, serializers.GroupAnswer, query=serializers.GroupQuery)
    def get(self, request: Request, test_id: str) -> Response:
        """Say which variant to show to a user: `skip` is neither A nor B."""
        group = queries.group(
            scope=self.scope(),
            name=test_id,
            user_id=self.query["user_id"],
            at=datetime.now(UTC),
        )
        return Response({"ab_test_id": test_id, "group": serializers.GROUPS[group]})


@contextmanager
def refusals_as_errors() -> Iterator[None]:
    """Turns what the rules refuse into a ValidationError at the API's fields."""
    fields = {**serializers.NAMES, WHOLE: api_settings.NON_FIELD_ERRORS_KEY}
    try:
        yield
    except RefusedError as error:
        reasons = {fields.get(key, key): [why] for key, why in error.reasons.items()}
        raise ValidationError(reasons) from None
