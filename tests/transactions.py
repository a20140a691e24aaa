"""Transactions of others, held open while a test does something beside them."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event as Signal

from django.db import connection, transaction

from db import sql


@contextmanager
def elsewhere(work: Callable[[], object]) -> Iterator[None]:
    """Holds a transaction open, after `work` in it, in a connection of its own."""
    done, finish = Signal(), Signal()

    def hold():
        try:
            with transaction.atomic():
                work()
                done.set()
                finish.wait(120)
        finally:
            done.set()
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(hold)
        done.wait(120)
        try:
            yield
        finally:
            finish.set()
            held.result()


@contextmanager
def undone() -> Iterator[None]:
    """Undoes what is done inside."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@contextmanager
def read_only() -> Iterator[None]:
    """Lets the database refuse whatever would change it, or lock a row, inside."""
    with undone(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        yield


@contextmanager
def impatient() -> Iterator[None]:
    """Makes it an error to wait for anybody's lock, in a transaction of its own."""
    with transaction.atomic():
        sql.execute("SET LOCAL lock_timeout = '50ms'")
        yield
