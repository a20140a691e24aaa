"""The way of the simulated shop over HTTP, to a double of the far end."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from embedded.management.commands.shop import Command, address, pace, seldom
from embedded.sender import Bookmark, Client, Sender
from embedded.shop import Event, Shop
from embedded.supervisor import Stop

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
WEEK = timedelta(days=7)
HOUR = timedelta(hours=1)

MakeSender = Callable[..., Sender]


def small_shop() -> Shop:
    return Shop(seed=7, rate=0.3)


class Remote(ThreadingHTTPServer):
    """The far end: notes what it accepts, and answers request `n` with `answer(n)`."""

    daemon_threads = True

    def __init__(self, answer: Callable[[int], int]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.seen: list[tuple[str, str, str]] = []
        self.accepted: list[dict[str, Any]] = []
        self.lock = Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def batches(self) -> list[list[Event]]:
        return [body["events"] for body in self.accepted if "events" in body]

    def events(self) -> list[Event]:
        told = [event for batch in self.batches() for event in batch]
        return sorted(told, key=lambda event: str(event["event_id"]))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Remote

    def take(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            token = self.headers["Authorization"]
            self.server.seen.append((self.command, self.path, token))
            status = self.server.answer(len(self.server.seen))
            if status < 300:
                self.server.accepted.append(body)
        answer = b"" if status == 204 else b'{"error": {"what": "no such thing"}}'
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def do_PUT(self) -> None:
        self.take()

    def do_POST(self) -> None:
        self.take()

    def log_message(self, *_: object) -> None:
        """Keeps the test's output clean."""


@pytest.fixture
def remote() -> Iterator[Remote]:
    with Remote(lambda _: 204) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def sender_to(remote: Remote) -> Iterator[MakeSender]:
    senders: list[Sender] = []

    def make(path: Path | None = None) -> Sender:
        client = Client(url=address(remote.url), token="t", say=print)
        bookmark = Bookmark(path)
        sender = Sender(
            shop=small_shop(), client=client, bookmark=bookmark, check=Stop().check
        )
        senders.append(sender)
        return senders[-1]

    yield make
    for sender in senders:
        sender.close()


def told(start: datetime, end: datetime) -> list[Event]:
    events = small_shop().events(start, end)
    return sorted(events, key=lambda event: str(event["event_id"]))


def run(remote: Remote, *more: str) -> str:
    out = StringIO()
    arguments = ["--url", remote.url, "--token", "secret", "--days", "0.5", *more]
    call_command(Command(), *arguments, stdout=out)
    return out.getvalue()


def stops_itself(at: int, *, status: int = 204) -> Callable[[int], int]:
    """Answers with `status`, and asks this process to end at request `at`."""

    def answer(number: int) -> int:
        if number == at:
            os.kill(os.getpid(), signal.SIGTERM)
        return status if number > 1 else 204

    return answer


def test_a_span_arrives_whole_in_batches_of_at_most_500(
    remote: Remote, sender_to: MakeSender
) -> None:
    assert [*sender_to().send(NOON, NOON + 3 * HOUR)][-1] == NOON + 3 * HOUR
    assert remote.events() == told(NOON, NOON + 3 * HOUR)
    assert max(map(len, remote.batches())) == 500
    assert set(remote.seen) == {("POST", "/v0/analytics", "Bearer t")}


def test_the_price_list_is_sent(remote: Remote, sender_to: MakeSender) -> None:
    sender_to().send_prices()
    assert remote.seen == [("PUT", "/analytics/items/prices/", "Bearer t")]
    prices = {"prices": small_shop().prices(), "namespace": "default"}
    assert remote.accepted == [prices]


def test_a_second_start_sends_only_the_gap(
    remote: Remote, sender_to: MakeSender, tmp_path: Path
) -> None:
    first, second = NOON + HOUR, NOON + 2 * HOUR
    [*sender_to(tmp_path / "state").send(NOON, first)]
    sender = sender_to(tmp_path / "state")
    assert sender.due_since(now=second, days=3) == first
    [*sender.send(first, second)]
    assert remote.events() == told(NOON, second)


def test_an_interrupted_span_goes_on_at_its_last_acknowledged_batch(
    remote: Remote, sender_to: MakeSender, tmp_path: Path
) -> None:
    end = NOON + 6 * HOUR
    interrupted = sender_to(tmp_path / "state")
    reached = next(interrupted.send(NOON, end))
    interrupted.close()
    sender = sender_to(tmp_path / "state")
    assert NOON < reached == sender.due_since(now=end, days=3) < end
    [*sender.send(reached, end)]
    ids = {str(event["event_id"]) for event in remote.events()}
    assert ids == {event["event_id"] for event in told(NOON, end)}


def test_nothing_older_than_the_api_takes_is_sent(
    sender_to: MakeSender, tmp_path: Path
) -> None:
    (tmp_path / "state").write_text((NOON - WEEK).isoformat())
    oldest = sender_to(tmp_path / "state").due_since(now=NOON, days=3)
    assert timedelta(days=4.9) < NOON - oldest < timedelta(days=5)
    assert sender_to().due_since(now=NOON, days=30) == oldest


@pytest.mark.parametrize("torn", ["", "2026-03", "\x00"])
def test_a_torn_state_counts_as_none(
    torn: str, sender_to: MakeSender, tmp_path: Path
) -> None:
    (tmp_path / "state").write_text(torn)
    sender = sender_to(tmp_path / "state")
    assert sender.due_since(now=NOON, days=3) == NOON - timedelta(days=3)


def test_a_state_ahead_of_the_clock_sends_nothing_from_the_future(
    sender_to: MakeSender, tmp_path: Path
) -> None:
    (tmp_path / "state").write_text((NOON + WEEK).isoformat())
    assert sender_to(tmp_path / "state").due_since(now=NOON, days=3) == NOON


@pytest.mark.parametrize("status", [503, 500, 429])
def test_a_passing_failure_loses_nothing(
    status: int, remote: Remote, sender_to: MakeSender
) -> None:
    remote.answer = lambda number: status if number in (1, 3) else 204
    [*sender_to().send(NOON, NOON + 2 * HOUR)]
    assert remote.events() == told(NOON, NOON + 2 * HOUR)


def test_a_server_that_is_away_is_spoken_of_and_waited_for(remote: Remote) -> None:
    url = remote.url
    remote.shutdown()
    remote.server_close()
    lines: list[str] = []

    def say(line: str) -> None:
        lines.append(line)
        client.stop()

    client = Client(url=address(url), token="t", say=say)
    with pytest.raises(CancelledError):
        client.send("PUT", "/", {})
    assert "refused" in lines[0]


def test_a_refusal_ends_the_command_with_the_servers_words(
    remote: Remote, tmp_path: Path
) -> None:
    remote.answer = lambda number: 204 if number == 1 else 400
    with pytest.raises(CommandError, match=r"400 .*no such thing"):
        run(remote, "--state", str(tmp_path / "state"))
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("at", [1, 2, 4])
def test_sigterm_ends_the_command_cleanly(at: int, remote: Remote) -> None:
    remote.answer = stops_itself(at)
    assert "closed" in run(remote)
    assert remote.seen[0] == ("PUT", "/analytics/items/prices/", "Bearer secret")


def test_sigterm_ends_the_command_when_the_server_is_down(
    remote: Remote, tmp_path: Path
) -> None:
    remote.answer = stops_itself(3, status=503)
    assert "closed, 0 events" in run(remote, "--state", str(tmp_path / "state"))
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("url", ["ftp://x", "localhost:8000", "http://", "http://x:y"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        address(url)


def test_the_pace_tells_how_much_how_fast_and_how_long() -> None:
    line = pace(sent=12_000, seconds=2, share=0.25)
    assert line == "12,000 events sent, 6,000/s, 0:00:06 left"


def test_lines_come_seldom() -> None:
    lines: list[str] = []
    say = seldom(lines.append, seconds=60)
    say("one")
    say("two")
    assert lines == ["one"]
