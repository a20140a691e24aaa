"""What may stand in the address of a page: links are shared, and misread by nobody."""

from collections.abc import Iterable
from typing import Any

from django.http import QueryDict
from rest_framework import serializers

from api import brevity
from api.serializers import Input
from api.spans import TimezoneField
from timegrid.buckets import Granularity
from timegrid.comparisons import Comparison

LONGEST = 300  # characters of a sentence about an address
MOST = 10  # such sentences
PERIODS = ["today", "24h", "7d", "30d", "92d", "month", "custom"]


def choice(values: Iterable[str]) -> serializers.ChoiceField:
    names = list(values)
    expected = f'"{{input}}" is not known; expected one of {", ".join(names)}'
    return serializers.ChoiceField(
        names, required=False, error_messages={"invalid_choice": expected}
    )


def names() -> serializers.ListField:
    return serializers.ListField(child=serializers.CharField(), required=False)


class Address(Input):
    """Every page: the namespace whose numbers it shows."""

    lists: frozenset[str] = frozenset()  # names that may be repeated

    namespace = serializers.CharField(required=False, trim_whitespace=False)


class DashboardAddress(Address):
    """Which KPIs (none: all) over which time, in what cells, beside which."""

    lists = frozenset({"kpis"})
    period = choice(PERIODS)
    granularity = choice(Granularity)
    compare = choice(Comparison)
    timezone = TimezoneField(required=False)
    kpis = names()

    def get_fields(self) -> dict[str, Any]:
        """Adds the two days of the period `custom`: `from` is a word of Python."""
        days = {name: serializers.DateField(required=False) for name in ("from", "to")}
        return {**super().get_fields(), **days}


class GoalsAddress(Address):
    """The goal, and which events before it are included and excluded."""

    lists = frozenset({"include", "exclude"})
    goal = serializers.CharField(required=False, trim_whitespace=False)
    include = names()
    exclude = names()


def problems(query: QueryDict, *, kind: type[Address]) -> list[str]:
    """Returns what is wrong with an address, in sentences that name the parameter.

    Names that begin with `_` are somebody else's.
    """
    address = kind(data=query)
    address.is_valid()
    wrong = {name: str(reasons[0]) for name, reasons in address.errors.items()}
    repeated = {
        name: "expected once"
        for name, values in query.lists()
        if len(values) > 1 and name in address.fields and name not in address.lists
    }
    sentences = [f"{name}: {reason}" for name, reason in {**repeated, **wrong}.items()]
    return [brevity.text(sentence, most=LONGEST) for sentence in sentences[:MOST]]
