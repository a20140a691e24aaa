"""The dictionary of event names: at most NAME_LIMIT in a namespace."""

from collections.abc import Iterable
from typing import NamedTuple

from django.db import transaction
from django.db.models import Max

from access import sql
from events.models import NAME_LIMIT, EventName


class NameLimitError(ValueError):
    """A namespace would get more event names than it may hold."""


def ids(
    *, namespace_ids: Iterable[int], names: Iterable[str]
) -> dict[tuple[int, str], int]:
    """Returns (namespace id, name) → event name id of the names that are known."""
    found = EventName.objects.filter(
        namespace_id__in=namespace_ids, name__in=set(names)
    ).values_list("namespace_id", "name", "id")
    return {(namespace, name): number for namespace, name, number in found}


def by_id(*, namespace_id: int) -> dict[int, str]:
    """Returns event name id → name for a namespace."""
    return {one.id: one.name for one in entries(namespace_id=namespace_id)}


def of(ids: Iterable[int]) -> dict[int, str]:
    """Returns event name id → name of any namespaces' events, in one query."""
    found = EventName.objects.filter(id__in=list(ids))
    return dict(found.values_list("id", "name"))


class Entry(NamedTuple):
    """A name, its id in all of the installation, its number in its namespace."""

    id: int
    number: int
    name: str


def entries(*, namespace_id: int) -> list[Entry]:
    """Returns a namespace's names in the order of their ids."""
    found = EventName.objects.filter(namespace_id=namespace_id).order_by("id")
    return [Entry(*row) for row in found.values_list("id", "number", "name")]


def ensure(wanted: set[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """Returns (namespace id, name) → id, adding names that are new.

    Raises NameLimitError above NAME_LIMIT names in a namespace.
    """
    namespace_ids, names = {one for one, _ in wanted}, {name for _, name in wanted}
    found = ids(namespace_ids=namespace_ids, names=names)
    missing = wanted - found.keys()
    if not missing:
        return found
    for namespace_id in sorted({one for one, _ in missing}):
        add(namespace_id, {name for one, name in missing if one == namespace_id})
    return ids(namespace_ids=namespace_ids, names=names)


def check(wanted: Iterable[str], *, namespace: str | None = None) -> None:
    """Raises NameLimitError for too many names, those of a namespace included."""
    known = EventName.objects.filter(namespace__name=namespace)
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
    if last + len(new) > NAME_LIMIT:
        raise NameLimitError(
            f"a namespace holds at most {NAME_LIMIT:,} event names; "
            f"this one has {last:,} and {new[0]!r} would be one more"
        )
    EventName.objects.bulk_create(
        EventName(namespace_id=namespace_id, number=number, name=name)
        for number, name in enumerate(new, start=last + 1)
    )
