"""E-mails handed to the mail server, within a bounded time.

Django bounds each answer of the server (EMAIL_TIMEOUT), but not how many there are, nor
how slowly one of them drips.
"""

import socket
from contextlib import suppress
from threading import Event, Thread

from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend

SECONDS = 120.0  # for a whole conversation
AGAIN = 0.1  # where there was nothing to hang up yet


def send(message: EmailMultiAlternatives) -> None:
    """Sends an e-mail. Raises TimeoutError after SECONDS, and what Django does."""
    message.connection = connection = get_connection()
    over, late = Event(), Event()
    watch = Thread(target=hang_up, args=(connection, over, late), daemon=True)
    watch.start()
    try:
        message.send()
    except Exception as error:
        if late.is_set():
            raise TimeoutError(0, f"no end after {SECONDS:.0f} seconds") from error
        raise
    finally:
        over.set()
        watch.join()


def hang_up(connection: BaseEmailBackend, over: Event, late: Event) -> None:
    """Ends a conversation that is not over in time."""
    if over.wait(SECONDS):
        return
    late.set()
    while not over.wait(AGAIN):
        line = getattr(getattr(connection, "connection", None), "sock", None)
        if line is not None:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
