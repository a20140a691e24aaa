"""One worker at a time writes the computed buckets of a namespace."""

from db import sql


class BusyError(Exception):
    """Another worker is at the namespace."""


def hold(namespace_id: int, *, wait: bool) -> None:
    """Keeps other workers away until the transaction ends, or raises BusyError."""
    if wait:
        sql.lock("aggregate", key=namespace_id)
    elif not sql.try_lock("aggregate", key=namespace_id):
        raise BusyError(namespace_id)
