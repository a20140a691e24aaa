"""The KPI and metric endpoints."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from django.utils.http import content_disposition_header
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from accounts.models import Role
from accounts.views import Endpoint, reads
from analytics.series import queries, serializers, tables, values
from analytics.series.tables import Table
from api import spans
from api.answers import ErrorAnswer
from api.renderers import CSVRenderer, JSONRenderer
from api.serializers import Input
from segmentation import queries as segmentation_queries
from timegrid.buckets import TooManyCells
from timegrid.comparisons import ComparisonError

MANAGERS = [Role.ROOT, Role.MANAGER]


def documented(
    query: type[Input],
    answer: type[Serializer[dict[str, Any]]],
    *,
    as_csv: bool = False,
) -> Callable[..., Any]:
    """Says what a verb reads, and describes its answer."""
    json = JSONRenderer.media_type
    responses = {(200, json): answer, ("4XX", json): ErrorAnswer}
    if as_csv:
        responses[200, CSVRenderer.media_type] = str
    return reads(query=query, responses=responses)


class KPIConfigs(Endpoint):
    roles = MANAGERS

    @documented(serializers.NamesQuery, serializers.KPIConfigsAnswer)
    def get(self, request: Request) -> Response:
        """List KPIs in the order in which they should be shown."""
        if self.namespace() is not None:
            self.scope()  # whose catalogue it is: everybody's, but no stranger's
        kpis, warnings = queries.catalogue(self.query["kpis"])
        warnings += queries.unreadable(kpis)
        body = {"kpis": [serializers.kpi_config(kpi) for kpi in kpis]}
        return Response(serializers.answer(body, warnings=warnings))


class KPIStatuses(Endpoint):
    roles = MANAGERS

    @documented(serializers.NamesQuery, serializers.KPIStatusesAnswer)
    def get(self, request: Request) -> Response:
        """Say of each KPI whether its numbers can be trusted, with its config."""
        kpis, warnings = queries.catalogue(self.query["kpis"])
        namespace_id = self.scope().id
        now = datetime.now(UTC)
        state = queries.data_state(namespace_id=namespace_id, kpis=kpis, now=now)
        as_of = queries.data_as_of(namespace_id=namespace_id, now=now)
        states = state.kpis.items()
        warnings += [f"KPI {name} {kpi.fault}" for name, kpi in states if kpi.fault]
        body = {
            "data_from": state.data_from and state.data_from.timestamp(),
            "data_as_of": as_of.timestamp(),
            "statuses": [
                serializers.kpi_status(kpi, state=state.kpis[kpi.name]) for kpi in kpis
            ],
        }
        return Response(serializers.answer(body, warnings=warnings))


class TableView(Endpoint):
    """Answers with a table, as JSON or, for spreadsheets, as CSV.

    `format` says which, else `Accept`.
    """

    renderer_classes = [JSONRenderer, CSVRenderer]

    def get_renderers(self) -> list[BaseRenderer]:
        """Returns what can write the answer: what is no table leaves as JSON."""
        renderers = super().get_renderers()
        return renderers if self.request.method in {"GET", "HEAD"} else renderers[:1]

    def perform_content_negotiation(
        self, request: Request, force: bool = False
    ) -> tuple[BaseRenderer, str]:
        """Returns what writes the answer; a wrong format is left to the query."""
        asked = request.query_params.get("format")
        for renderer in self.get_renderers():
            if renderer.format == asked:
                return renderer, renderer.media_type
        return super().perform_content_negotiation(request, force)


class KPIValues(TableView):
    roles = MANAGERS

    @documented(serializers.KPIValuesQuery, serializers.KPIValuesAnswer, as_csv=True)
    def get(self, request: Request) -> Response:
        """Compute KPIs over a span of time, cut into cells, and over all of it."""
        numbers = read_table(self, read=values.kpi_values, names=self.query["kpis"])
        if request.accepted_renderer.format == CSVRenderer.format:
            return spreadsheet("kpis", numbers, self.query)
        body = serializers.kpi_table(numbers)
        return Response(serializers.answer(body, warnings=numbers.warnings))


class MetricValues(TableView):
    roles = MANAGERS

    @documented(
        serializers.MetricValuesQuery, serializers.MetricValuesAnswer, as_csv=True
    )
    def get(self, request: Request) -> Response:
        """Sum metrics over the cells of a span of time."""
        numbers = read_table(self, read=values.metric_values, names=self.query["names"])
        if request.accepted_renderer.format == CSVRenderer.format:
            return spreadsheet("metrics", numbers, self.query)
        body = serializers.metric_table(numbers)
        return Response(serializers.answer(body, warnings=numbers.warnings))


def read_table(
    endpoint: Endpoint,
    *,
    read: Callable[..., Table],
    names: Sequence[str],
) -> Table:
    """Returns what is read for the query's namespace and period.

    Raises Missing, PermissionDenied, and ValidationError for too many cells and for
    what cannot be compared.
    """
    query, namespace_id = endpoint.query, endpoint.scope().id
    asked = query.get("segmentation")
    segmentation = asked and segmentation_queries.existing_segmentation(
        namespace_id=namespace_id, segmentation_id=asked
    )
    try:
        return read(
            namespace_id=namespace_id,
            names=names,
            period=spans.period(query),
            segmentation=segmentation,
            now=datetime.now(UTC),
        )
    except TooManyCells as error:
        raise ValidationError({"granularity": [str(error)]}) from None
    except ComparisonError as error:
        raise ValidationError({"compare": [str(error)]}) from None


def spreadsheet(what: str, table: Table, query: dict[str, Any]) -> Response:
    """Answers with the rows of a table, in a file that is named after its days."""
    zone = spans.period(query).zone
    name = tables.file_name(what, table, zone=zone)
    saved = content_disposition_header(as_attachment=True, filename=name)
    rows = tables.rows(table, zone=zone)
    return Response(rows, headers={"Content-Disposition": saved})
