"""What may be changed of an A/B test, and until when.

Buckets hold the groups that users had. What decides on them is fixed once anybody may
be in one; only the end can still be moved, as long as no event can be beyond it.
"""

from collections.abc import Set as AbstractSet
from dataclasses import fields
from datetime import datetime
from enum import StrEnum

from events.body import FUTURE, PAST
from segmentation.groups import Draw

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


def refusals(before: Draw | None, after: Draw, *, now: datetime) -> dict[str, str]:
    """Returns why a test cannot become `after`, by field of Draw.

    No `before` stands for a new test. What stays as it is, is never refused.
    """
    changed = {
        one.name
        for one in fields(Draw)
        if before is None or getattr(before, one.name) != getattr(after, one.name)
    }
    found = impossible(after, changed, now=now)
    return found if before is None else found | fixed(before, changed, now=now)


def impossible(
    after: Draw, changed: AbstractSet[str], *, now: datetime
) -> dict[str, str]:
    found = {}
    if after.share_a + after.share_b > 100:
        found["share_b"] = "Both shares are at most 100 percent together."
    for name in ("share_a", "share_b"):
        if getattr(after, name) <= 0:
            found[name] = "A share is above 0 percent."
    if "start_at" in changed and after.start_at < now - PAST:
        found["start_at"] = f"It can start {PAST.days} days ago at the earliest."
    if after.end_at and after.end_at <= after.start_at:
        found["end_at"] = "It must end after its start."
    elif "end_at" in changed and after.end_at and after.end_at < earliest_end(now):
        found["end_at"] = "It can end 5 minutes from now at the earliest."
    return found


def fixed(before: Draw, changed: AbstractSet[str], *, now: datetime) -> dict[str, str]:
    found = {}
    if "name" in changed:
        found["name"] = "An id stays as it is."
    if before.start_at <= now:
        found |= dict.fromkeys(changed & DRAWN, STARTED)
    if "end_at" in changed and before.end_at and before.end_at < earliest_end(now):
        found["end_at"] = ENDED
    return found
