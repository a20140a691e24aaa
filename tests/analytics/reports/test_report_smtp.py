"""A conversation with a mail server ends in time, however slow the server is."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest
from django.core.mail import EmailMultiAlternatives

from analytics.reports import smtp

REPLIES = {b"EHLO": "250 slow", b"DATA": "354 go", b"QUIT": "221 bye"}


@contextmanager
def mail_server(stops_at: bytes = b"") -> Iterator[tuple[int, list[bytes]]]:
    """Yields the port of a mail server and what it has taken.

    It never answers the command that it stops at.
    """
    taken, end = list[bytes](), Event()

    def serve(listening):
        conversation, _ = listening.accept()
        with conversation, conversation.makefile("rb") as lines:
            conversation.sendall(b"" if stops_at == b"HELLO" else b"220 slow\r\n")
            for line in lines:
                word = line[:4].upper()
                if word == stops_at:
                    end.wait(20)
                    return
                conversation.sendall(f"{REPLIES.get(word, '250 ok')}\r\n".encode())
                if word == b"DATA":
                    body = [*iter(lines.readline, b".\r\n")]
                    if stops_at == b".":
                        end.wait(20)
                        return
                    conversation.sendall(b"250 taken\r\n")
                    taken.extend(body)

    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor() as p:
        served = p.submit(serve, listening)
        try:
            yield listening.getsockname()[1], taken
        finally:
            end.set()
            served.result()


@pytest.fixture
def message(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_USE_TLS = "127.0.0.1", False
    return EmailMultiAlternatives("Numbers", "42", "a@example.com", ["b@example.com"])


def test_an_e_mail_is_handed_over(message, settings):
    with mail_server() as (settings.EMAIL_PORT, taken):
        smtp.send(message)
    assert b"42\r\n" in taken


@pytest.mark.parametrize("word", [b"EHLO", b"MAIL", b"RCPT", b"DATA", b"."])
def test_a_server_that_does_not_answer_is_hung_up_on(
    message, settings, word, monkeypatch
):
    monkeypatch.setattr(smtp, "SECONDS", 0.1)
    with (
        mail_server(word) as (settings.EMAIL_PORT, taken),
        pytest.raises(TimeoutError, match="no end after 0 seconds"),
    ):
        smtp.send(message)
    assert taken == []
