"""Writes: an import begins, is taken into the inbox part by part, and ends.

What is taken and how far that goes commit together, so that after a kill the same
import goes on where it was.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from django.conf import settings
from django.db import transaction

from accounts.queries import Scope
from db import sql
from events import history, keys, seen, services
from events.arrivals import Arrival
from events.event_body import Event
from events.models import Import
from events.pseudonyms import Pseudonyms
from timegrid.buckets import Span

DAYS = 30  # of history, made in one transaction: each holds many locks until its end


class LostError(RuntimeError):
    """Another process goes on with the import, or it was deleted."""


@dataclass(frozen=True, slots=True)
class Content:
    """What files hold: `digest` stands for it, `source` names them."""

    digest: str
    source: str
    span: Span
    total: int


@dataclass(frozen=True, slots=True)
class Progress:
    """An import as other apps know it; `taken` of `total` events are read so far."""

    id: int
    scope: Scope
    source: str
    span: Span
    total: int
    taken: int
    recorded: int
    started_at: datetime
    finished_at: datetime | None


def progress(row: Import) -> Progress:
    return Progress(
        id=row.pk,
        scope=Scope(row.namespace_id, row.namespace.name),
        source=row.source,
        span=Span(row.start_at, row.end_at),
        total=row.total,
        taken=row.taken,
        recorded=row.recorded,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def latest(*, namespace_id: int, digest: str) -> Progress | None:
    """Returns the newest import of the same content."""
    rows = Import.objects.select_related("namespace")
    row = rows.filter(namespace_id=namespace_id, digest=digest).first()
    return progress(row) if row else None


def unfinished(*, namespace_id: int, span: Span) -> list[Progress]:
    """Returns the imports that bring events of a span, and have not ended."""
    rows = Import.objects.select_related("namespace").filter(
        namespace_id=namespace_id,
        finished_at=None,
        start_at__lt=span.end_at,
        end_at__gt=span.start_at,
    )
    return [progress(row) for row in rows]


def begin(scope: Scope, content: Content, *, at: datetime) -> Progress:
    """Returns a new import, of which nothing is taken."""
    row = Import.objects.create(
        namespace_id=scope.id,
        digest=content.digest,
        source=content.source,
        start_at=content.span.start_at,
        end_at=content.span.end_at,
        total=content.total,
        started_at=at,
    )
    return progress(row)


def take(
    progress: Progress, events: Sequence[Event], *, anew: bool, at: datetime
) -> Progress:
    """Puts the next events of an import into the inbox, and returns how far it is.

    An event whose id was seen is left out; `anew`, only if seen since the import began:
    its events stand for all that were in its span. Raises LostError and NameLimitError,
    with nothing stored.
    """
    make_days(events)
    with transaction.atomic():
        new = services.record(
            arrivals=arrivals(events, scope=progress.scope, at=at),
            received_at=at,
            remember=partial(
                seen.remember_many, since=progress.started_at if anew else None
            ),
        )
        taken = progress.taken + len(events)
        after = replace(progress, taken=taken, recorded=progress.recorded + new)
        mine = Import.objects.filter(
            pk=progress.id, taken=progress.taken, finished_at=None
        )
        if not mine.update(taken=after.taken, recorded=after.recorded):
            raise LostError("another process goes on with it, or it was deleted")
    return after


def arrivals(events: Iterable[Event], *, scope: Scope, at: datetime) -> list[Arrival]:
    key = keys.namespace_key(settings.USER_KEY_SECRET, scope.name)
    users = Pseudonyms(scope.id, key=key)
    return [users.arrival(event, at=at) for event in events]


def make_days(events: Iterable[Event]) -> None:
    """Makes most days of history before drains would: those by the senders' clocks."""
    days = sorted({event.datetime.date() for event in events})
    for first in range(0, len(days), DAYS):
        history.ensure(days[first : first + DAYS])


def finish(progress: Progress, *, at: datetime) -> Progress:
    """Ends an import, all of whose events are in buckets."""
    Import.objects.filter(pk=progress.id).update(finished_at=at)
    return replace(progress, finished_at=at)


def abandon(ids: Iterable[int]) -> None:
    """Gives up imports that have not ended; what they brought stays."""
    Import.objects.filter(pk__in=list(ids), finished_at=None).delete()


EXTENT = """
SELECT min(occurred_at), max(occurred_at) FROM events_event
WHERE namespace_id = %(namespace_id)s
    AND occurred_at >= %(start_at)s AND occurred_at < %(end_at)s
"""


def history_extent(
    *, namespace_id: int, span: Span
) -> tuple[datetime, datetime] | None:
    """Returns when the first and the last event occurred that history has of a span."""
    [(first_at, last_at)] = sql.fetch(
        EXTENT, namespace_id=namespace_id, start_at=span.start_at, end_at=span.end_at
    )
    return (first_at, last_at) if first_at else None


FORGET = """
DELETE FROM events_event WHERE namespace_id = %(namespace_id)s
    AND occurred_at >= %(start_at)s AND occurred_at < %(end_at)s
"""


def forget(*, namespace_id: int, span: Span) -> int:
    """Deletes the events of a span from history; returns how many."""
    return sql.execute(
        FORGET, namespace_id=namespace_id, start_at=span.start_at, end_at=span.end_at
    )
