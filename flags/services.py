"""Writes: a flag is set as a whole, whoever else sets it at the same time."""

from django.db import transaction

from db import sql
from flags import models
from flags.evaluation import Spec
from flags.models import Flag


class FlagLimitError(ValueError):
    """A namespace would get more flags than it may hold."""


@transaction.atomic
def put(spec: Spec, *, namespace_id: int) -> None:
    """Makes a flag what `spec` says, or adds it. Raises FlagLimitError."""
    sql.lock("flags", key=namespace_id)
    others = Flag.objects.filter(namespace_id=namespace_id).exclude(name=spec.name)
    if others.count() >= models.FLAG_LIMIT:
        raise FlagLimitError(f"a namespace holds at most {models.FLAG_LIMIT:,} flags")
    flag = Flag(
        namespace_id=namespace_id,
        name=spec.name,
        boolean=spec.boolean,
        rollout_start_at=spec.start_at,
        rollout_end_at=spec.end_at,
        user_rules=list(spec.user),
    )
    Flag.objects.bulk_create(
        [flag],
        update_conflicts=True,  # staff, in the admin, take no lock
        unique_fields=["namespace", "name"],
        update_fields=[
            "boolean",
            "rollout_start_at",
            "rollout_end_at",
            "user_rules",
            "updated_at",
        ],
    )
