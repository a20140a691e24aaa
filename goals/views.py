"""Unique users, goals and the paths to them, predictions and nudges."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import queries as accounts
from accounts.models import DEFAULT_NAMESPACE, Role
from accounts.permissions import caller
from accounts.queries import Scope
from accounts.views import Endpoint, V0Endpoint, reads
from api import json_body, spans
from api.answers import V0_ERRORS, ErrorAnswer
from api.errors import Missing, Refused
from api.serializers import V0Query
from events import ignored
from events import queries as events
from events.names import NameLimitError
from events.views import Intake
from goals import answers, serializers, services
from goals.counters import queries as counter_queries
from goals.forecasts import queries as forecasts
from goals.paths import queries as path_queries
from timegrid import periods
from timegrid.buckets import TooManyCells

EVERYBODY = [Role.ROOT, Role.MANAGER, Role.BACKEND]
MOST_VALUES = 1_000_000  # numbers in one answer


class Analytics(Intake):
    @reads(
        query=serializers.CountsQuery,
        responses={200: answers.CountsAnswer, **V0_ERRORS},
    )
    def get(self, request: Request) -> Response:
        """Count unique users per event name, with bounds and the paths to goals.

        Asked for a span or a granularity, also the users first seen in each cell.
        Paths that do not fit into the answer are the overflow of their goal: ask for
        it alone, by `goal`.
        """
        query, scope = serializers.asked(self.query), self.known_scope()
        if scope is None:
            return Response({"counts": []})
        counts, paths = path_queries.counts_and_paths(
            namespace_id=scope.id,
            goals=goals_of(self.query["goal"], scope=scope),
            least=settings.MIN_COMBINATION_COUNT,
        )
        counters = [count for count in counts if not count.retired]
        body: dict[str, Any] = {"counts": serializers.counts(counters, paths=paths)}
        if query:
            edges = cells(query, scope=scope, counters=len(counters))
            seen = counter_queries.first_seen(namespace_id=scope.id, edges=edges)
            columns = [seen.get(counter.id) for counter in counters]
            body = serializers.over_time(body["counts"], columns, edges=edges)
        shortened = any(counter.shortened for counter in paths.values())
        return Response(body | serializers.shortened(shortened))


def goals_of(asked: list[str], *, scope: Scope) -> list[int]:
    """Returns the counters of the goals asked for; none asked: of all."""
    goals = path_queries.goals(namespace_id=scope.id)
    return [id for id, goal in goals.items() if not asked or goal in asked]


def cells(query: dict[str, Any], *, scope: Scope, counters: int) -> list[datetime]:
    """Returns the edges of the cells. Raises ValidationError if there are too many."""
    period, now = spans.period(query), datetime.now(UTC)
    first_at = (
        None if period.start else counter_queries.first_seen_at(namespace_id=scope.id)
    )
    try:
        edges = periods.cells(period, first_at=first_at, now=now)
    except TooManyCells as error:
        raise ValidationError({"granularity": [str(error)]}) from None
    if (len(edges) - 1) * counters > MOST_VALUES:
        most = f"at most {MOST_VALUES // counters:,} cells for {counters:,} counts"
        raise ValidationError({"granularity": [f"Choose a coarser one: {most}."]})
    return edges


class Goals(V0Endpoint):
    roles = EVERYBODY

    @reads(query=V0Query, responses={200: answers.GoalsAnswer, **V0_ERRORS})
    def get(self, request: Request) -> Response:
        """List the goals of a namespace."""
        scope = self.known_scope()
        goals = path_queries.goals(namespace_id=scope.id) if scope else {}
        return Response({"goals": list(goals.values())})

    @reads(
        query=V0Query,
        request=serializers.GoalBody,
        responses={204: OpenApiResponse(description="It is a goal."), **V0_ERRORS},
    )
    def post(self, request: Request) -> Response:
        """Make an event name a goal: from now on, the paths of its users are kept."""
        now = datetime.now(UTC)
        self.body, self.ignored = json_body.json_object(
            request,
            properties=serializers.GOAL_PROPERTIES,
            required=["goal_name"],
            vocabulary=serializers.GOAL_VOCABULARY,
        )
        goal = json_body.text(self.body, "goal_name")
        try:
            with transaction.atomic():  # a namespace comes with its goal, or not at all
                scope = self.writable_scope()
                services.create_goal(namespace_id=scope.id, name=goal, at=now)
        except NameLimitError as error:
            raise Refused({"what": str(error), "field": "goal_name"}) from None
        counts = Counter((scope.id, field) for field in self.ignored)
        ignored.count(counts, body=ignored.GOAL, at=now)
        return Response(status=204)


class Namespaces(APIView):
    roles = EVERYBODY

    @extend_schema(responses={200: answers.NamespacesAnswer, **V0_ERRORS})
    def get(self, request: Request) -> Response:
        """List the namespaces that the caller may read."""
        user = caller(request)
        readable = set(accounts.namespaces(user=user))
        always = {DEFAULT_NAMESPACE} if user.role == Role.ROOT else set()
        return Response({"namespaces": sorted(readable | always)})


class Predictions(V0Endpoint):
    roles = EVERYBODY

    @reads(
        query=serializers.PredictionsQuery,
        responses={200: answers.PredictionsAnswer, **V0_ERRORS},
    )
    def get(self, request: Request) -> Response:
        """Tell how likely users reach each goal: by event, by several, or of one."""
        query = self.query
        wanted = list(dict.fromkeys(query["event"]))
        user_id = json_body.text(query, "user_id") if "user_id" in query else None
        if user_id is not None and wanted:
            what = "user_id and event cannot both be specified"
            raise Refused({"what": what, "user": user_id})
        scope = self.known_scope()
        if scope is None:
            return Response({"goals": {}})
        if user_id is not None:
            wanted = events_of(user_id, scope=scope)
        evidence = forecasts.evidence(
            namespace_id=scope.id, goals=query["goal"], events=wanted
        )
        if wanted:
            return Response(serializers.outlooks(outlooks(evidence, wanted)))
        shown, shortened = forecasts.shown(evidence)
        chances = serializers.chances(forecasts.chances(shown))
        return Response(chances | serializers.shortened(shortened))


def events_of(user_id: str, *, scope: Scope) -> list[str]:
    """Returns what a user has done. Raises Refused where that is nothing."""
    key = events.user_key(user_id, scope=scope)
    done = counter_queries.done_by(key, namespace_id=scope.id)
    if not done:
        error = {"what": "No events found for user", "user": user_id}
        raise Refused(error, status=404)
    return done


def outlooks(
    evidence: forecasts.Evidence, wanted: list[str]
) -> dict[str, forecasts.Outlook | None]:
    """Returns goal → outlook. Raises Refused for an event that nobody has done."""
    try:
        return forecasts.outlooks(evidence, events=wanted)
    except forecasts.UnknownEventError as error:
        what = "Event is not known in this namespace"
        raise Refused({"what": what, "event": str(error)}) from None


class Nudges(V0Endpoint):
    roles = EVERYBODY

    @reads(
        query=serializers.NudgesQuery,
        responses={200: answers.NudgesAnswer, **V0_ERRORS},
    )
    def get(self, request: Request) -> Response:
        """List what a user has not done yet, by the promise it holds for a goal."""
        user_id = json_body.text(self.query, "user_id")
        goal = json_body.text(self.query, "goal")
        scope, nudges = self.known_scope(), []
        if scope:
            key = events.user_key(user_id, scope=scope)
            done = counter_queries.done_by(key, namespace_id=scope.id)
            evidence = forecasts.evidence(namespace_id=scope.id, goals=[goal])
            nudges = forecasts.nudges(evidence, goal=goal, done=done)
        return Response(serializers.nudges(nudges, user_id=user_id, goal=goal))


class GoalStory(Endpoint):
    roles = [Role.ROOT, Role.MANAGER]

    @reads(
        query=serializers.StoryQuery,
        responses={200: answers.StoryAnswer, "4XX": ErrorAnswer},
    )
    def get(self, request: Request, goal: str) -> Response:
        """Tell what came before a goal: events, combinations, and a selection."""
        story = forecasts.story(
            namespace_id=self.scope().id,
            goal=goal,
            include=self.query["include"],
            exclude=self.query["exclude"],
            least=settings.MIN_COMBINATION_COUNT,
        )
        if story is None:
            raise Missing(kind="goal", key=goal)
        return Response(serializers.story(story))
