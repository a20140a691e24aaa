"""Statements that are written out, where sets are summed by the database."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from psycopg import Copy

# For sorts of a million events, until the transaction ends.
MEMORY = "SET LOCAL work_mem = '64MB'"


def fetch(statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """Returns the rows of a statement with named parameters, `%(name)s`."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def execute(statement: str, **parameters: Any) -> int:
    """Runs a statement with named parameters; returns how many rows it wrote."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


@contextmanager
def copying(statement: str, **parameters: Any) -> Iterator[Copy]:
    """Yields a COPY, in or out, whose errors are Django's, like any statement's."""
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(cursor.mogrify(statement, parameters)) as copy,
    ):
        yield copy


@contextmanager
def snapshot() -> Iterator[None]:
    """Reads within see one moment of the data; writes fail."""
    with transaction.atomic(durable=True):
        execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        execute(MEMORY)
        yield


def try_lock(name: str, *, key: int) -> bool:
    """Takes a lock for the rest of this transaction, or says that another has it.

    Never waits, and needs no release: it ends with the transaction, however that ends.
    """
    statement = "SELECT pg_try_advisory_xact_lock(hashtextextended(%(name)s, %(key)s))"
    return bool(fetch(statement, name=name, key=key)[0][0])


def lock(name: str, *, key: int) -> None:
    """Takes a lock for the rest of this transaction, waiting for whoever has it."""
    statement = "SELECT pg_advisory_xact_lock(hashtextextended(%(name)s, %(key)s))"
    execute(statement, name=name, key=key)


def array(values: Iterable[int | str]) -> str:
    """Returns an array literal, to be cast in the statement: `%(ids)s::bigint[]`.

    For many thousand whole numbers or plain words, which need no quotes: psycopg
    quotes the elements of a list one by one.
    """
    return "{" + ",".join(map(str, values)) + "}"
