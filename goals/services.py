"""Writes: an event name becomes a goal, or ceases to be one."""

from datetime import datetime

from django.db import transaction

from events import names
from events import queries as event_queries
from goals.models import Combination, Goal, SingleEvent
from goals.paths import path_store


@transaction.atomic
def create_goal(*, namespace_id: int, name: str, at: datetime) -> None:
    """Keeps the paths of users who reach `name` from now on; a goal may exist already.

    Raises NameLimitError.
    """
    ids = names.ensure({(namespace_id, name)})
    since = {ids[namespace_id, name]: event_queries.next_arrival()}
    path_store.add_goals(since, namespace_id=namespace_id, at=at)


@transaction.atomic
def remove_goal(*, event_name_id: int) -> None:
    """Forgets a goal and the paths to it; its users stay counted.

    Waits for drains that are keeping paths to it.
    """
    Goal.objects.filter(event_name_id=event_name_id).delete()
    Combination.objects.filter(goal_id=event_name_id).delete()
    SingleEvent.objects.filter(goal_id=event_name_id).delete()
