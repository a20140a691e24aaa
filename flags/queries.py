"""Reads: the flags of a namespace, and what they say to a user."""

from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter
from typing import Any

from accounts.queries import Scope
from events import queries as events
from flags import evaluation
from flags.evaluation import Spec, Verdict, Visitor
from flags.models import Flag


def specs(*, namespace_id: int) -> list[Spec]:
    """Returns the flags of a namespace, sorted by name, in one query."""
    rows = Flag.objects.filter(namespace_id=namespace_id).values_list(
        "name", "boolean", "user_rules", "rollout_start_at", "rollout_end_at"
    )
    return sorted((Spec(*row) for row in rows), key=attrgetter("name"))


def verdicts(
    *, scope: Scope, user: Mapping[str, Any], chance: float, at: datetime
) -> dict[str, Verdict]:
    """Returns what every flag of a namespace says to a user, by name, in one query.

    `chance` is drawn once a request, for a user without an id.
    """
    known = evaluation.user_id(user)
    key = events.user_key(known, scope=scope) if has_text(known) else None
    visitor = Visitor(properties=user, key=key, chance=chance)
    return {
        spec.name: evaluation.verdict(spec, visitor=visitor, at=at)
        for spec in specs(namespace_id=scope.id)
    }


def has_text(value: object) -> bool:
    return isinstance(value, str) and value != ""
