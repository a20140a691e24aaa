"""What the API's documentation says of answers about counts and goals."""

from rest_framework import serializers

from api.answers import Answer, Warned


class Bounds(serializers.Serializer[Answer]):
    count = serializers.IntegerField()
    lower = serializers.IntegerField(help_text="The true count is not below.")
    upper = serializers.IntegerField(help_text="The true count is not above.")
    saturated = serializers.BooleanField(
        help_text="The filter is full: the count is too low."
    )


class SingleCount(serializers.Serializer[Answer]):
    name = serializers.CharField()
    count = serializers.IntegerField()


class CombinationCount(serializers.Serializer[Answer]):
    events = serializers.ListField(child=serializers.CharField())
    count = serializers.IntegerField()
    overflow = serializers.BooleanField(
        required=False, help_text="Users whose events are not told apart."
    )


class ValueSum(serializers.Serializer[Answer]):
    sum = serializers.FloatField(
        required=False, help_text="Of first occurrences that carry a value."
    )


class CountAnswer(Bounds):
    name = serializers.CharField()
    type = serializers.ChoiceField(["internal", "named"])
    single_event_counts = SingleCount(many=True)
    event_counts = CombinationCount(many=True)
    value = ValueSum()
    first_seen = serializers.ListField(
        child=serializers.IntegerField(),
        required=False,
        help_text="Users by cell, where a span or a granularity was asked for.",
    )


class CountsAnswer(Warned):
    counts = CountAnswer(many=True)
    start_timestamps = serializers.ListField(
        child=serializers.FloatField(), required=False
    )


class GoalsAnswer(serializers.Serializer[Answer]):
    goals = serializers.ListField(child=serializers.CharField())


class NamespacesAnswer(serializers.Serializer[Answer]):
    namespaces = serializers.ListField(child=serializers.CharField())


class ChanceAnswer(serializers.Serializer[Answer]):
    bayes = serializers.FloatField(help_text="Share of its users who reached the goal.")
    users = serializers.IntegerField()
    lower = serializers.FloatField()
    upper = serializers.FloatField()


class OutlookAnswer(serializers.Serializer[Answer]):
    """Of events or of a user; a `note` alone where the goal is among the events."""

    yes = serializers.FloatField(required=False)
    no = serializers.FloatField(required=False)
    likelihood = serializers.FloatField(required=False)
    probability = serializers.FloatField(required=False)
    lower = serializers.FloatField(required=False)
    upper = serializers.FloatField(required=False)
    users = serializers.IntegerField(required=False)
    note = serializers.CharField(required=False)
    events = serializers.DictField(
        child=ChanceAnswer(), required=False, help_text="By event, asked for none."
    )


class PredictionsAnswer(Warned):
    goals = serializers.DictField(child=OutlookAnswer())


class NudgeAnswer(serializers.Serializer[Answer]):
    event_name = serializers.CharField()
    prediction = serializers.FloatField()
    users = serializers.IntegerField()
    lower = serializers.FloatField()
    upper = serializers.FloatField()


class NudgesAnswer(serializers.Serializer[Answer]):
    user_id = serializers.CharField()
    goal = serializers.CharField()
    nudges = NudgeAnswer(many=True)


class DifferenceAnswer(serializers.Serializer[Answer]):
    value = serializers.FloatField()
    lower = serializers.FloatField()
    upper = serializers.FloatField()


class ShareAnswer(DifferenceAnswer):
    users = serializers.IntegerField()


class StepAnswer(serializers.Serializer[Answer]):
    name = serializers.CharField()
    count = serializers.IntegerField()
    lower = serializers.IntegerField()
    upper = serializers.IntegerField()
    share = ShareAnswer()
    conversion = ShareAnswer()
    rest = ShareAnswer()
    difference = DifferenceAnswer()


class StoryCombination(CombinationCount):
    share = serializers.FloatField()


class SelectionAnswer(serializers.Serializer[Answer]):
    included = serializers.IntegerField()
    ignored = serializers.IntegerField()
    excluded = serializers.IntegerField()
    unknown = serializers.IntegerField()


class StoryAnswer(Bounds, Warned):
    goal = serializers.CharField()
    users = serializers.IntegerField(help_text="Of all of the namespace.")
    events = StepAnswer(many=True)
    combinations = StoryCombination(many=True)
    selection = SelectionAnswer()
