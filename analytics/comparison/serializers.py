"""The answer to "is B better?": what is asked, and what is told."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from analytics.comparison.queries import Compared, Comparison
from analytics.comparison.trials import Finding, Pair, SampleRatioCheck
from analytics.comparison.verdicts import ConfidenceInterval, Verdict
from analytics.models import Unit
from analytics.series.serializers import Answer, NamesQuery
from api.answers import Warned
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


def comparison(comparison: Comparison) -> Answer:
    """Returns the answer's body, without its warnings."""
    return {
        "data_as_of": comparison.as_of.timestamp(),
        "comparisons": [compared(test) for test in comparison.compared],
    }


def compared(test: Compared) -> Answer:
    allocation = test.node.allocation
    return {
        "ab_test_id": test.node.test,
        "path": test.node.path,
        "share_a": float(allocation.share_a) if allocation else None,
        "share_b": float(allocation.share_b) if allocation else None,
        "start_timestamp": test.span.start_at.timestamp() if test.span else None,
        "end_timestamp": test.span.end_at.timestamp() if test.span else None,
        "goes_on": test.goes_on,
        "reason": test.reason,
        "users": ratio(test.ratio) if test.ratio else None,
        "kpis": [finding(each) for each in test.findings],
    }


def ratio(check: SampleRatioCheck) -> Answer:
    return {
        "checked": check.p_value is not None,
        "reason": check.reason,
        "mismatch": check.mismatch is not None,
        "p_value": check.p_value,
        "a": group(check, 0),
        "b": group(check, 1),
    }


def group(check: SampleRatioCheck, index: int) -> Answer:
    def of(pair: Pair | None) -> float | None:
        return pair[index] if pair else None

    return {"first_seen": of(check.users), "expected": of(check.expected)}


def finding(finding: Finding) -> Answer:
    outcome, (plain_a, plain_b) = finding.outcome, finding.plain
    return {
        "kpi": outcome.name,
        "unit": outcome.unit,
        "a": {"value": outcome.a, "plain": plain_a},
        "b": {"value": outcome.b, "plain": plain_b},
        "difference": interval_fields(outcome.difference),
        "lift": interval_fields(outcome.lift),
        "p_value": outcome.p_value,
        "verdict": finding.said.verdict,
        "sentence": finding.said.sentence,
    }


def interval_fields(interval: ConfidenceInterval | None) -> Answer | None:
    return interval._asdict() if interval else None


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
