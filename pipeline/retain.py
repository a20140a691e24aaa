"""Retain: history is kept as long as something needs it, then dropped by the day."""

from datetime import date, datetime, timedelta
from functools import partial

from events import failures, history, queries, services
from events.event_body import PAST


def drop_past(*, now: datetime) -> list[date]:
    """Makes the days ahead, drops what is past keeping, and returns the days dropped.

    A day stays while an event in the inbox, or one that no bucket holds yet, is so old
    that the day may be needed to compute its buckets; and while an import that brings
    its events has not ended, and a day longer. What fails is noted; the rest goes on.
    """
    history.ensure(now.date() + timedelta(days=ahead) for ahead in range(-PAST.days, 4))
    services.forget(before=now - history.DEDUPE_WINDOW)
    failures.expire(now=now)
    needed = queries.oldest_unaggregated() or now, queries.oldest_import(now=now) or now
    history_from = (min(now - PAST, *needed) - history.LOOK_BACK).date()
    past = sorted(day for day in history.existing() if day < history_from)
    with failures.attempts("retain", at=now) as attempts:
        for day in past:
            attempts.attempt(day.toordinal(), partial(history.drop, day))
    return sorted(set(past) - history.existing())
