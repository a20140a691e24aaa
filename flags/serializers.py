"""Flags and users in, out of JSON; flags out, in the shape of the published API."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

import orjson
from rest_framework import serializers

from api import answers, json_body, schema_errors
from api.answers import Answer, Warned
from api.errors import Refused
from api.serializers import RawField, V0Query
from api.unknown_fields import Vocabulary
from events import intake
from events.event_body import BodyError, Event
from flags import evaluation, rules
from flags.evaluation import Spec, Verdict
from timegrid import times

PROPERTIES = {
    "boolean": "boolean",
    "name": "string",
    "namespace": "string",
    "rollout_end": "date-time",
    "rollout_start": "date-time",
    "user": "array",
}
VOCABULARY = Vocabulary(
    PROPERTIES,
    {
        **dict.fromkeys(["enabled", "on", "active", "bool"], "boolean"),
        **dict.fromkeys(["flag", "feature", "key"], "name"),
        **dict.fromkeys(["start", "start_date", "starts_at"], "rollout_start"),
        **dict.fromkeys(["end", "end_date", "ends_at"], "rollout_end"),
        **dict.fromkeys(["rules", "targeting"], "user"),
        **dict.fromkeys(["ns"], "namespace"),
    },
)


class FeaturesQuery(V0Query):
    user_obj = RawField(required=False, help_text="A JSON object in Base64.")
    context_obj = RawField(required=False, help_text="A JSON object in Base64.")


SpecBody = answers.body(
    "SpecBody",
    PROPERTIES,
    required=["name"],
    user=serializers.ListField(
        child=serializers.DictField(), required=False, help_text="Rules on the user."
    ),
)


class SpecAnswer(serializers.Serializer[Answer]):
    name = serializers.CharField()
    boolean = serializers.BooleanField()
    user = serializers.ListField(child=serializers.DictField())
    rollout_start = serializers.CharField(required=False, help_text="UTC, ends in z.")
    rollout_end = serializers.CharField(required=False, help_text="UTC, ends in z.")


class SpecsAnswer(serializers.Serializer[Answer]):
    featureSpecs = SpecAnswer(many=True)  # noqa: N815 - the published name


class FeaturesAnswer(Warned):
    features = serializers.DictField(
        child=serializers.BooleanField(), help_text="By name: is it on?"
    )


def spec(sent: Mapping[str, Any], *, at: datetime) -> Spec:
    """Returns the flag that an object with PROPERTIES of the right types describes.

    A rollout without a start starts at `at`. Raises Refused.
    """
    user = sent.get("user", [])
    if problem := rules.oversize(user):
        invalid(problem, field="user")
    for index, rule in enumerate(user):
        if why := rules.misses(rule):
            error = {"what": "The object did not match anyOf", "object": rule}
            raise Refused(error | {"why": why, "index": index, "field": "user"})
    if failure := schema_errors.failure(sent, properties={}, required=["name"]):
        raise Refused(schema_errors.problem(failure))
    start_at, end_at = rollout(sent, at=at)
    if not schema_errors.is_text(sent["name"]):
        invalid(f"name must be {schema_errors.TEXT_EXPECTED}", field="name")
    if excess := rules.excess(user):
        invalid(excess, field="user")
    return Spec(
        name=sent["name"],
        boolean=sent.get("boolean", False),
        user=rules.known(user),
        start_at=start_at,
        end_at=end_at,
    )


def rollout(
    sent: Mapping[str, Any], *, at: datetime
) -> tuple[datetime | None, datetime | None]:
    """Returns both ends, in whole seconds as they are told again, or neither."""
    start_at, end_at = moment(sent, "rollout_start"), moment(sent, "rollout_end")
    if end_at is None:
        if start_at:
            invalid("Rollout start must have an end")
        return None, None
    start_at = start_at or at.replace(microsecond=0)
    if start_at > end_at:
        invalid("Rollout start cannot be after the end")
    return start_at, end_at


def moment(sent: Mapping[str, Any], name: str) -> datetime | None:
    if name not in sent:
        return None
    try:
        local = times.moment(sent[name])
        return local.astimezone(UTC).replace(microsecond=0)
    except OverflowError:  # its UTC day is before year 1 or after year 9999
        why = ["invalid_date", sent[name]]
        failure = schema_errors.Failure(why, name, times.EXPECTED)
        raise Refused(schema_errors.problem(failure)) from None


def invalid(description: str, **details: str) -> NoReturn:
    raise Refused({"what": "Invalid feature", "description": description, **details})


def features(verdicts: Mapping[str, Verdict], *, warnings: list[str]) -> dict[str, Any]:
    """Returns which flags are on, with `warnings` where there are any."""
    answer = {"features": {name: verdict.on for name, verdict in verdicts.items()}}
    return {**answer, "warnings": warnings} if warnings else answer


def feature_specs(specs: list[Spec]) -> dict[str, Any]:
    return {"featureSpecs": [item(flag) for flag in specs]}


def item(flag: Spec) -> dict[str, Any]:
    ends = {"rollout_start": flag.start_at, "rollout_end": flag.end_at}
    rollout = {name: text(at) for name, at in ends.items() if at}
    return {"name": flag.name, "boolean": flag.boolean, "user": flag.user, **rollout}


def text(at: datetime) -> str:
    """Returns a moment in whole seconds, with the published lower-case z."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "z"


def query_object(query: Mapping[str, str], name: str) -> dict[str, Any]:
    """Returns the object in a query parameter, JSON in Base64; {} where it is absent.

    Raises Refused.
    """
    if name not in query:
        return {}
    try:
        raw = base64.b64decode(query[name], validate=True)
    except ValueError:
        what = "The object cannot be base64 decoded"
        raise Refused({"what": what, "object": query[name]}) from None
    value = json_body.decoded(raw, shown=name)
    if failure := schema_errors.failure(value, properties={}, required=()):
        raise Refused(schema_errors.problem(failure))
    return dict(value)


def event(
    user: Mapping[str, Any],
    context: Mapping[str, Any],
    *,
    namespace: str | None,
    at: datetime,
) -> Event | None:
    """Returns the event that a request for flags carries: its user met a feature.

    None unless both are given. Raises Refused where the intake would.
    """
    sent = {
        "event_name": context.get("feature"),
        "user_id": evaluation.user_id(user),
    }
    if None in sent.values():
        return None
    kinds = dict.fromkeys(sent, "string")
    if failure := schema_errors.failure(sent, properties=kinds, required=()):
        raise Refused(schema_errors.problem(failure))
    namespaced = {} if namespace is None else {"namespace": namespace}
    try:
        received = intake.decode(orjson.dumps(sent | namespaced), received_at=at)
    except BodyError as error:
        raise Refused(error.error) from None
    return received.events[0]
