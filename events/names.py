"""The dictionary of event names: a namespace uses at most NAME_LIMIT at a time.

Names that were sent by mistake are retired: what was counted under them stays, their
room is free for others, and their events are refused.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby, islice
from operator import attrgetter
from typing import NamedTuple

from django.db import transaction
from django.db.models import Max

from db import sql
from events.models import NAME_LIMIT, NUMBER_LIMIT, EventName


class NameLimitError(ValueError):
    """A namespace has no room for a name, or staff have retired it."""


def ids(
    *, namespace_ids: Iterable[int], names: Iterable[str]
) -> dict[tuple[int, str], int]:
    """Returns (namespace id, name) → event name id of the names that are known."""
    rows = EventName.objects.filter(
        namespace_id__in=namespace_ids, name__in=set(names)
    ).values_list("namespace_id", "name", "id")
    return {(namespace_id, name): id for namespace_id, name, id in rows}


def by_id(*, namespace_id: int) -> dict[int, str]:
    """Returns event name id → name for a namespace."""
    return {entry.id: entry.name for entry in entries(namespace_id=namespace_id)}


def of(ids: Iterable[int]) -> dict[int, str]:
    """Returns event name id → name of any namespaces' events, in one query."""
    rows = EventName.objects.filter(id__in=list(ids))
    return dict(rows.values_list("id", "name"))


class Entry(NamedTuple):
    """A name, its id in all of the installation, its number in its namespace.

    One without a slot is retired.
    """

    id: int
    number: int
    name: str
    slot: int | None


def entries(*, namespace_id: int) -> list[Entry]:
    """Returns a namespace's names in the order of their ids."""
    rows = EventName.objects.filter(namespace_id=namespace_id).order_by("id")
    return [Entry(*row) for row in rows.values_list("id", "number", "name", "slot")]


def ensure(wanted: set[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """Returns (namespace id, name) → id, adding names that are new.

    Raises NameLimitError for a retired name, and above NAME_LIMIT names in use.
    """
    known = in_use(wanted)
    missing = wanted - known.keys()
    if not missing:
        return known
    for namespace_id in sorted({id for id, _ in missing}):
        add(namespace_id, {name for id, name in missing if id == namespace_id})
    return in_use(wanted)


def in_use(wanted: set[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """Returns (namespace id, name) → id of those that are known.

    Raises NameLimitError for a retired name.
    """
    rows = EventName.objects.filter(
        namespace_id__in={namespace for namespace, _ in wanted},
        name__in={name for _, name in wanted},
    ).values_list("namespace_id", "name", "id", "slot")
    known = {row[:2]: row[2:] for row in rows if row[:2] in wanted}
    retired = [name for (_, name), (_, slot) in known.items() if slot is None]
    if retired:
        raise NameLimitError(f"staff have retired the event name {retired[0]!r}")
    return {key: id for key, (id, _) in known.items()}


def check(wanted: Iterable[str], *, namespace: str | None = None) -> None:
    """Raises NameLimitError for too many names, those of a namespace included."""
    known = EventName.objects.filter(namespace__name=namespace).exclude(slot=None)
    names = {*wanted, *(known.values_list("name", flat=True) if namespace else ())}
    if len(names) > NAME_LIMIT:
        raise NameLimitError(f"a namespace holds at most {NAME_LIMIT:,} event names")


@transaction.atomic
def add(namespace_id: int, names: set[str]) -> None:
    """Adds names one namespace at a time: the lock keeps their numbers gapless."""
    sql.lock("names", key=namespace_id)
    known = EventName.objects.filter(namespace_id=namespace_id)
    new = sorted(
        names - set(known.filter(name__in=names).values_list("name", flat=True))
    )
    last = known.aggregate(last=Max("number"))["last"] or 0
    if last + len(new) > NUMBER_LIMIT:
        raise NameLimitError(
            f"a namespace holds at most {NUMBER_LIMIT:,} event names in its life"
        )
    free = slots(namespace_id, new)
    EventName.objects.bulk_create(
        EventName(namespace_id=namespace_id, number=number, slot=slot, name=name)
        for number, (slot, name) in enumerate(
            zip(free, new, strict=True), start=last + 1
        )
    )


def slots(namespace_id: int, names: Sequence[str]) -> list[int]:
    """Returns a free slot for each name. Raises NameLimitError if there are too few."""
    rows = EventName.objects.filter(namespace_id=namespace_id).exclude(slot=None)
    taken = set(rows.values_list("slot", flat=True))
    free = (slot for slot in range(1, NAME_LIMIT + 1) if slot not in taken)
    chosen = list(islice(free, len(names)))
    if len(chosen) < len(names):
        raise NameLimitError(
            f"a namespace holds at most {NAME_LIMIT:,} event names; "
            f"this one has {len(taken):,} and {names[0]!r} would be one more: "
            "staff can retire those that it does not need"
        )
    return chosen


def retire(ids: Iterable[int]) -> int:
    """Takes names out of use; returns how many. What they counted stays."""
    return EventName.objects.filter(id__in=list(ids)).update(slot=None)


@transaction.atomic
def restore(ids: Iterable[int]) -> int:
    """Brings retired names back into use; returns how many. Raises NameLimitError."""
    rows = EventName.objects.filter(id__in=list(ids), slot=None).order_by(
        "namespace_id"
    )
    for namespace_id, group in groupby(rows, key=attrgetter("namespace_id")):
        restore_in(namespace_id, list(group))
    return len(rows)


def restore_in(namespace_id: int, names: Sequence[EventName]) -> None:
    sql.lock("names", key=namespace_id)
    free = slots(namespace_id, [entry.name for entry in names])
    for entry, slot in zip(names, free, strict=True):
        entry.slot = slot
    EventName.objects.bulk_update(names, ["slot"])
