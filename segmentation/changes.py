"""What may be changed of an A/B test, and until when.

Buckets hold the groups that users had. What decides on them is fixed once anybody may
be in one; only the end can still be moved, as long as no event can be beyond it.
"""

from collections.abc import Set as AbstractSet
from dataclasses import fields
from datetime import datetime
from enum import StrEnum

from events.event_body import FUTURE, PAST
from segmentation.groups import Allocation

DRAWN = {"salt", "share_a", "share_b", "start_at"}
STARTED = "The test has started: this stays as it is."
ENDED = "The test has ended, or ends within 5 minutes: this stays as it is."


class Status(StrEnum):
    PLANNED = "planned"
    RUNNING = "running"
    ENDED = "ended"


def earliest_end(now: datetime) -> datetime:
    """Returns the first moment that no event received until now can have."""
    return now + FUTURE


def refusals(
    before: Allocation | None, after: Allocation, *, now: datetime
) -> dict[str, str]:
    """Returns why a test cannot become `after`, by field of Allocation.

    No `before` stands for a new test. What stays as it is, is never refused.
    """
    changed = {
        field.name
        for field in fields(Allocation)
        if before is None or getattr(before, field.name) != getattr(after, field.name)
    }
    reasons = impossible(after, changed, now=now)
    return reasons if before is None else reasons | fixed(before, changed, now=now)


def impossible(
    after: Allocation, changed: AbstractSet[str], *, now: datetime
) -> dict[str, str]:
    reasons = {}
    if after.share_a + after.share_b > 100:
        reasons["share_b"] = "Both shares are at most 100 percent together."
    for name in ("share_a", "share_b"):
        if getattr(after, name) <= 0:
            reasons[name] = "A share is above 0 percent."
    if "start_at" in changed and after.start_at < now - PAST:
        reasons["start_at"] = f"It can start {PAST.days} days ago at the earliest."
    if after.end_at and after.end_at <= after.start_at:
        reasons["end_at"] = "It must end after its start."
    elif "end_at" in changed and after.end_at and after.end_at < earliest_end(now):
        reasons["end_at"] = "It can end 5 minutes from now at the earliest."
    return reasons


def fixed(
    before: Allocation, changed: AbstractSet[str], *, now: datetime
) -> dict[str, str]:
    reasons = {}
    if "name" in changed:
        reasons["name"] = "An id stays as it is."
    if before.start_at <= now:
        reasons |= dict.fromkeys(changed & DRAWN, STARTED)
    if "end_at" in changed and before.end_at and before.end_at < earliest_end(now):
        reasons["end_at"] = ENDED
    return reasons
