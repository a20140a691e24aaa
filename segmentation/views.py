"""Segmentations and A/B tests over HTTP. Reading the clock happens here."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from access import queries as access
from access.models import Role
from access.permissions import caller
from access.queries import Scope
from access.services import writable_scopes
from events import spans
from segmentation import filters, queries, serializers, services
from segmentation.models import ABTest, Segmentation
from segmentation.services import WHOLE, RefusedError

ROLES = [Role.ROOT, Role.MANAGER, Role.BACKEND]
Body = dict[str, Any]


def documented(status: int, answer: Any, **options: Any) -> Callable[..., Any]:
    """Describes an endpoint in the API's documentation."""
    return extend_schema(responses={status: answer, "4XX": dict}, **options)


READ: Body = {"parameters": [serializers.NamespaceQuery]}
CHANGED = OpenApiResponse(description="It is as sent.")
DELETED = OpenApiResponse(description="It is no more.")


class ListView(ListModelMixin, GenericAPIView[Any]):
    """A list that leaves under its name; a mixin, for the API's documentation."""

    filter_backends = [DjangoFilterBackend]


class Segmentations(ListView):
    roles = ROLES
    queryset = Segmentation.objects.all()
    serializer_class = serializers.SegmentationBody
    filterset_class = filters.SegmentationFilter

    @documented(200, serializers.SegmentationsAnswer, filters=True, **READ)
    def get(self, request: Request) -> Response:
        """List the segmentations of a namespace, the newest first."""
        place = {"namespace_id": readable(request).id}
        rows = self.filter_queryset(queries.segmentations(**place))
        known = queries.test_names(**place)
        found = [serializers.segmentation(row, known=known) for row in rows]
        return Response({"segmentations": found})

    @documented(201, serializers.CreatedSegmentation)
    def post(self, request: Request) -> Response:
        """Store a tree of A/B tests, by which numbers are cut from then on."""
        sent = validated(self.get_serializer(data=request.data))
        with refusals_told(), transaction.atomic():  # a namespace comes with it
            place = {"namespace_id": writable(request, sent).id}
            made = services.create_segmentation(
                name=sent["name"],
                checked=sent["segmentation"],
                at=datetime.now(UTC),
                **place,
            )
        body = serializers.warned(
            {"id": made.pk}, made, known=queries.test_names(**place)
        )
        return Response(body, status=201)


class OneSegmentation(APIView):
    roles = ROLES

    @documented(200, serializers.SegmentationAnswer, **READ)
    def get(self, request: Request, segmentation_id: str) -> Response:
        """Show a segmentation."""
        place = {"namespace_id": readable(request).id}
        row = queries.segmentation(segmentation_id=segmentation_id, **place)
        known = queries.test_names(**place)
        return Response(serializers.segmentation(row, known=known))

    @documented(204, CHANGED, request=serializers.NameBody, **READ)
    def patch(self, request: Request, segmentation_id: str) -> Response:
        """Rename a segmentation; its tree is never changed."""
        sent = validated(serializers.NameBody(data=request.data))
        services.rename(
            namespace_id=readable(request).id,
            segmentation_id=segmentation_id,
            name=sent["name"],
        )
        return Response(status=204)

    @documented(204, DELETED, **READ)
    def delete(self, request: Request, segmentation_id: str) -> Response:
        """Delete a segmentation; the A/B tests that it names stay."""
        with refusals_told():
            services.delete_segmentation(
                namespace_id=readable(request).id, segmentation_id=segmentation_id
            )
        return Response(status=204)


class ABTests(ListView):
    roles = ROLES
    queryset = ABTest.objects.all()
    serializer_class = serializers.ABTestBody
    filterset_class = filters.ABTestFilter

    @documented(200, serializers.ABTestsAnswer, filters=True, **READ)
    def get(self, request: Request) -> Response:
        """List the A/B tests of a namespace, the newest first."""
        place = {"namespace_id": readable(request).id}
        every = queries.with_status(queries.tests(**place), now=datetime.now(UTC))
        rows = self.filter_queryset(every)
        uses = queries.uses(**place)
        return Response({"ab_tests": [serializers.ab_test(r, uses=uses) for r in rows]})

    @documented(201, serializers.CreatedABTest)
    def post(self, request: Request) -> Response:
        """Start an A/B test, or plan it: users are drawn by their ids and its salt."""
        now = datetime.now(UTC)
        sent = validated(self.get_serializer(data=request.data))
        made = serializers.draw(sent, at=now)
        with refusals_told(), transaction.atomic():  # a namespace comes with it
            place = writable(request, sent)
            services.create_test(made, namespace_id=place.id, at=now)
        return Response({"id": made.name}, status=201)


class OneABTest(APIView):
    roles = ROLES

    @documented(200, serializers.ABTestAnswer, **READ)
    def get(self, request: Request, test_id: str) -> Response:
        """Show an A/B test."""
        place = {"namespace_id": readable(request).id}
        every = queries.with_status(queries.tests(**place), now=datetime.now(UTC))
        row = queries.test(every, name=test_id)
        return Response(serializers.ab_test(row, uses=queries.uses(**place)))

    @documented(204, CHANGED, request=serializers.ABTestChange, **READ)
    def patch(self, request: Request, test_id: str) -> Response:
        """Change what is not yet fixed.

        Shares, salt and start are until the start; the end is until 5 minutes before
        it, and can be moved to 5 minutes from now at the earliest.
        """
        body = serializers.ABTestChange(data=request.data, partial=True)
        sent = validated(body)
        with refusals_told():
            services.change_test(
                namespace_id=readable(request).id,
                name=test_id,
                sent=sent,
                at=datetime.now(UTC),
            )
        return Response(status=204)

    @documented(204, DELETED, **READ)
    def delete(self, request: Request, test_id: str) -> Response:
        """Delete an A/B test that no segmentation names."""
        with refusals_told():
            services.delete_test(namespace_id=readable(request).id, name=test_id)
        return Response(status=204)


class ABTestGroup(APIView):
    roles = ROLES

    @documented(200, serializers.GroupAnswer, parameters=[serializers.GroupQuery])
    def get(self, request: Request, test_id: str) -> Response:
        """Say which variant to show to a user: `skip` is neither A nor B."""
        query = spans.query(request, serializers.GroupQuery)
        scope = access.existing(user=caller(request), name=query.get("namespace"))
        found = queries.group(
            scope=scope, name=test_id, user_id=query["user_id"], at=datetime.now(UTC)
        )
        return Response({"ab_test_id": test_id, "group": serializers.GROUPS[found]})


def readable(request: Request) -> Scope:
    """Returns the namespace of the query. Raises Missing and PermissionDenied."""
    query = spans.query(request, serializers.NamespaceQuery)
    return access.existing(user=caller(request), name=query.get("namespace"))


def writable(request: Request, sent: Body) -> Scope:
    """Returns the namespace of a body. Raises PermissionDenied."""
    name = sent.get("namespace")
    return writable_scopes(user=caller(request), names={name})[name]


def validated(body: BaseSerializer[Any]) -> Body:
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


@contextmanager
def refusals_told() -> Iterator[None]:
    """Turns what the rules refuse into a ValidationError at the API's fields."""
    fields = {**serializers.NAMES, WHOLE: api_settings.NON_FIELD_ERRORS_KEY}
    try:
        yield
    except RefusedError as error:
        told = {fields.get(key, key): [why] for key, why in error.reasons.items()}
        raise ValidationError(told) from None
