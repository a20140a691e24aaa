"""Counts, goals and what follows from them, in the shapes of the published API."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from api import answers
from api.serializers import ListField, NamespaceInput, RawField, V0Query
from api.spans import SpanQuery
from api.unknown_fields import Vocabulary
from goals.counters.hashing import Ints
from goals.counters.queries import Count
from goals.forecasts.predictions import Nudge
from goals.forecasts.queries import Chance, Outlook, Story
from goals.paths.published import Combination, Paths
from timegrid import buckets

GOAL_PROPERTIES = {"goal_name": "string", "namespace": "string"}
GoalBody = answers.body("GoalBody", GOAL_PROPERTIES, required=["goal_name"])
GOAL_VOCABULARY = Vocabulary(GOAL_PROPERTIES, {"ns": "namespace"})
GLOBAL_NAME = "global_counter"
NOTE = "Submitted events included this goal, no prediction made"

MOST_EVENTS = 1_000
Answer = dict[str, Any]


def events_field(help_text: str) -> ListField:
    child = serializers.CharField(max_length=200, trim_whitespace=False)
    return ListField(
        child=child, max_length=MOST_EVENTS, default=list, help_text=help_text
    )


class StoryQuery(NamespaceInput):
    """A selection of the events before a goal; the others are ignored."""

    include = events_field("Repeated: users who had done any of these are included.")
    exclude = events_field(
        "Repeated: users who had done any of these are excluded, whatever else they "
        "had done."
    )


def goals_field() -> ListField:
    help_text = "Repeated: the goals to tell of. Default: all."
    return ListField(child=RawField(), default=list, help_text=help_text)


class CountsQuery(V0Query, SpanQuery):
    """Asked for a span or a granularity: also the users first seen over time."""

    goal = goals_field()


def asked(query: Answer) -> Answer:
    """Returns what a validated CountsQuery says of the span."""
    span = query.keys() - {"namespace", "goal"}
    return {name: query[name] for name in span}


class PredictionsQuery(V0Query):
    event = ListField(
        child=RawField(), default=list, help_text="Repeated: events of a user."
    )
    user_id = RawField(required=False, help_text="Or the user.")
    goal = goals_field()


class NudgesQuery(V0Query):
    user_id = RawField(required=False, help_text="Required: as events have it.")
    goal = RawField(required=False, help_text="Required.")


def counts(counters: Iterable[Count], *, paths: Mapping[int, Paths]) -> list[Answer]:
    return [count(counter, paths.get(counter.id)) for counter in counters]


def count(counter: Count, paths: Paths | None) -> Answer:
    """Returns one counter; users who reached no goal are one row without events."""
    without = Paths({}, [Combination((), counter.count)], 0)
    return {
        "name": GLOBAL_NAME if counter.name is None else counter.name,
        "type": "internal" if counter.name is None else "named",
        **bounds(counter),
        "single_event_counts": singles(paths or without),
        "event_counts": event_counts(paths or without),
        "value": {}
        if counter.value_sum is None
        else {"sum": number(counter.value_sum)},
    }


def bounds(counter: Count) -> Answer:
    return {
        "count": counter.count,
        "lower": counter.lower,
        "upper": counter.upper,
        "saturated": counter.saturated,
    }


def singles(paths: Paths) -> list[Answer]:
    return [{"name": name, "count": users} for name, users in paths.singles.items()]


def event_counts(paths: Paths) -> list[Answer]:
    """Returns the combinations; users not told apart are a row of their own."""
    rows = [{"events": events, "count": users} for events, users in paths.combinations]
    rest = {"events": [], "count": paths.unknown, "overflow": True}
    return [*rows, rest] if paths.unknown else rows


def shortened(shortened: bool) -> Answer:
    """Returns a warning where not all events before goals fitted into the answer."""
    text = "not all events before each goal fit in here: ask for one by goal="
    return {"warnings": [text]} if shortened else {}


def number(value: Decimal) -> int | float:
    """Returns a JSON number; whole sums stay whole."""
    return int(value) if value == value.to_integral_value() else float(value)


def over_time(
    counts: Sequence[Answer],
    first_seen: Sequence[Ints | None],
    *,
    edges: Sequence[datetime],
) -> Answer:
    """Returns counts with the users first seen in each cell; both in parallel."""
    nobody = [0] * (len(edges) - 1)
    return {
        "start_timestamps": buckets.timestamps(edges),
        "counts": [
            {**count, "first_seen": nobody if cells is None else cells.tolist()}
            for count, cells in zip(counts, first_seen, strict=True)
        ],
    }


def chances(by_goal: Mapping[str, Mapping[str, Chance]]) -> Answer:
    return {
        "goals": {
            goal: {"events": {event: chance(value) for event, value in events.items()}}
            for goal, events in by_goal.items()
        }
    }


def chance(chance: Chance) -> Answer:
    fields = chance._asdict()
    return {"bayes": fields.pop("value"), **fields}


def outlooks(by_goal: Mapping[str, Outlook | None]) -> Answer:
    answers = {
        goal: {"note": NOTE} if outlook is None else outlook._asdict()
        for goal, outlook in by_goal.items()
    }
    return {"goals": answers}


def nudges(nudges: Iterable[Nudge], *, user_id: str, goal: str) -> Answer:
    rows = [nudge._asdict() for nudge in nudges]
    return {"user_id": user_id, "goal": goal, "nudges": rows}


def story(story: Story) -> Answer:
    return {
        "goal": story.count.name,
        **bounds(story.count),
        "users": story.users,
        "events": steps(story),
        "combinations": combinations(story),
        "selection": story.totals._asdict(),
        **({"warnings": story.warnings} if story.warnings else {}),
    }


def combinations(story: Story) -> list[Answer]:
    whole = max(story.count.count, 1)
    return [{**row, "share": row["count"] / whole} for row in event_counts(story.paths)]


def steps(story: Story) -> list[Answer]:
    """Returns the events before a goal: the users, and each figure with its interval.

    `conversion` and `rest` are the shares who reached the goal of the users who had
    done the event before, and of all others.
    """
    figures = {name: rows(columns) for name, columns in story.funnel._asdict().items()}
    lower, upper = (column.tolist() for column in story.bounds)
    return [
        {
            "name": event,
            "count": story.paths.singles[event],
            "lower": lower[index],
            "upper": upper[index],
            **{name: row[index] for name, row in figures.items()},
        }
        for index, event in enumerate(story.events)
    ]


def rows(columns: Any) -> list[Answer]:
    """Returns a named tuple of arrays as one object an element."""
    values = zip(*(column.tolist() for column in columns), strict=True)
    return [dict(zip(columns._fields, row, strict=True)) for row in values]
