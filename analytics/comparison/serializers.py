"""The answer to "is B better?": what is asked, and what is told."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from analytics.comparison.queries import Compared, Comparison
from analytics.comparison.trials import Finding, Pair, Ratio
from analytics.comparison.verdicts import Reach, Verdict
from analytics.models import Unit
from analytics.series.serializers import Answer, NamesQuery, Warned
from api.spans import TimestampField


class ComparisonQuery(NamesQuery):
    start_timestamp = TimestampField(
        required=False,
        help_text="Seconds since 1970 UTC, widened to the whole day of UTC. Default: "
        "the start of each test.",
    )
    end_timestamp = TimestampField(
        required=False,
        help_text="Seconds since 1970 UTC, widened to the whole day of UTC. Default: "
        "the end of each test, or now.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        start, end = attrs.get("start_timestamp"), attrs.get("end_timestamp")
        if start and end and start > end:
            raise ValidationError("start_timestamp must not be after end_timestamp")
        return attrs


def comparison(found: Comparison) -> Answer:
    """Returns the answer's body, without its warnings."""
    return {
        "data_as_of": found.as_of.timestamp(),
        "comparisons": [compared(one) for one in found.compared],
    }


def compared(one: Compared) -> Answer:
    draw = one.node.draw
    return {
        "ab_test_id": one.node.test,
        "path": one.node.path,
        "share_a": float(draw.share_a) if draw else None,
        "share_b": float(draw.share_b) if draw else None,
        "start_timestamp": one.span.start_at.timestamp() if one.span else None,
        "end_timestamp": one.span.end_at.timestamp() if one.span else None,
        "goes_on": one.goes_on,
        "reason": one.reason,
        "users": ratio(one.ratio) if one.ratio else None,
        "kpis": [finding(each) for each in one.findings],
    }


def ratio(one: Ratio) -> Answer:
    return {
        "checked": one.p_value is not None,
        "reason": one.reason,
        "mismatch": one.mismatch is not None,
        "p_value": one.p_value,
        "a": group(one, 0),
        "b": group(one, 1),
    }


def group(one: Ratio, place: int) -> Answer:
    def of(pair: Pair | None) -> float | None:
        return pair[place] if pair else None

    return {"first_seen": of(one.users), "expected": of(one.expected)}


def finding(one: Finding) -> Answer:
    found, (plain_a, plain_b) = one.outcome, one.plain
    return {
        "kpi": found.name,
        "unit": found.unit,
        "a": {"value": found.a, "plain": plain_a},
        "b": {"value": found.b, "plain": plain_b},
        "difference": reach(found.difference),
        "lift": reach(found.lift),
        "p_value": found.p_value,
        "verdict": one.said.verdict,
        "sentence": one.said.sentence,
    }


def reach(one: Reach | None) -> Answer | None:
    return one._asdict() if one else None


# What follows describes the answer in the API's documentation.


class ReachAnswer(serializers.Serializer[Answer]):
    """A number with the ends of its 95 % interval."""

    value = serializers.FloatField()
    lower = serializers.FloatField()
    upper = serializers.FloatField()


class GroupValue(serializers.Serializer[Answer]):
    """`null` where something is divided by nothing."""

    value = serializers.FloatField(
        allow_null=True, help_text="As if all participants were in this group."
    )
    plain = serializers.FloatField(
        allow_null=True, help_text="Of the users who were in it."
    )


class KPIFinding(serializers.Serializer[Answer]):
    kpi = serializers.CharField()
    unit = serializers.ChoiceField(Unit.choices)
    a = GroupValue()
    b = GroupValue()
    difference = ReachAnswer(allow_null=True, help_text="B - A.")
    lift = ReachAnswer(allow_null=True, help_text="Of B over A, in percent of A.")
    p_value = serializers.FloatField(allow_null=True, help_text="Two-sided.")
    verdict = serializers.ChoiceField(list(Verdict))
    sentence = serializers.CharField(help_text="The verdict and its reason.")


class GroupUsers(serializers.Serializer[Answer]):
    first_seen = serializers.FloatField(allow_null=True)
    expected = serializers.FloatField(allow_null=True)


class UsersAnswer(serializers.Serializer[Answer]):
    """Whether the groups are as large as their shares say."""

    checked = serializers.BooleanField()
    reason = serializers.CharField(allow_null=True, help_text="Why it was not checked.")
    mismatch = serializers.BooleanField()
    p_value = serializers.FloatField(allow_null=True)
    a = GroupUsers()
    b = GroupUsers()


class ComparedAnswer(serializers.Serializer[Answer]):
    ab_test_id = serializers.CharField()
    path = serializers.CharField(help_text="The groups that lead to the test.")
    share_a = serializers.FloatField(allow_null=True, help_text="Percent.")
    share_b = serializers.FloatField(allow_null=True, help_text="Percent.")
    start_timestamp = serializers.FloatField(
        allow_null=True, help_text="Seconds since 1970 UTC: the time compared."
    )
    end_timestamp = serializers.FloatField(allow_null=True)
    goes_on = serializers.BooleanField(
        allow_null=True, help_text="Whether the test has not ended yet."
    )
    reason = serializers.CharField(
        allow_null=True, help_text="Why nothing can be said of the test."
    )
    users = UsersAnswer(allow_null=True)
    kpis = KPIFinding(many=True)


class ComparisonAnswer(Warned):
    data_as_of = serializers.FloatField(
        help_text="Seconds. Every event that was acknowledged before is in the numbers."
    )
    comparisons = ComparedAnswer(many=True)
