"""The daily partitions of history: made ahead or on demand, dropped as a whole.

New days are attached, not created in place: attaching only takes a lock that readers
and writers of history do not notice.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from django.db import transaction

from db import sql

DEDUPE_WINDOW = timedelta(days=7)
LOOK_BACK = timedelta(hours=72)  # how far before a bucket its metrics may look
PREFIX = "events_event_"

EXISTING = """
SELECT relid::regclass::text FROM pg_partition_tree('events_event') WHERE isleaf
"""
ATTACH = """
CREATE TABLE {name} (LIKE events_event INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
ALTER TABLE events_event ATTACH PARTITION {name}
    FOR VALUES FROM ('{start}') TO ('{end}');
"""
LOCK = "LOCK TABLE events_event IN SHARE UPDATE EXCLUSIVE MODE"


def existing() -> set[date]:
    """Returns the days that history has a partition for."""
    names = [name for (name,) in sql.fetch(EXISTING)]
    return {
        datetime.strptime(name, f"{PREFIX}%Y%m%d").replace(tzinfo=UTC).date()
        for name in names
        if name.startswith(PREFIX)
    }


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def ensure(days: Iterable[date]) -> None:
    """Makes the days that are missing; safe to run at the same time."""
    if missing := set(days) - existing():
        attach(missing)


@transaction.atomic
def attach(days: set[date]) -> None:
    """Makes days unless another transaction did so while this one got its lock."""
    sql.execute(LOCK)
    for day in sorted(days - existing()):
        start, end = midnight(day), midnight(day + timedelta(days=1))
        sql.execute(ATTACH.format(name=f"{PREFIX}{day:%Y%m%d}", start=start, end=end))


@transaction.atomic
def drop(day: date) -> None:
    """Drops a day for good. Gives up after a second where a long read holds it: until
    then, all other reads of history wait behind.
    """
    sql.execute("SET LOCAL lock_timeout = '1s'")
    sql.execute(f"DROP TABLE IF EXISTS {PREFIX}{day:%Y%m%d}")
