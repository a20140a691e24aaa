"""The sender of the simulated shop: HTTP, retries, and a bookmark of what was sent.

Events carry ids and count once however often they are sent, so every doubt is settled
by sending again.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import SplitResult

import orjson
from django.core.management.base import CommandError

from embedded.shop import Event, Shop

EVENTS = "/v0/analytics"
PRICES = "/analytics/items/prices/"
EVENTS_A_REQUEST, PRICES_A_REQUEST = 500, 1_000
THREADS = 3
# Longer than any answer takes, also on a slow machine: what is given up is sent again.
TIMEOUT_SECONDS = 120
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
# The API refuses events older than five days; an hour is left for the way.
OLDEST = timedelta(days=5) - timedelta(hours=1)

T = TypeVar("T")
Say = Callable[[str], None]
Check = Callable[[], None]


def batches(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yields lists of `size` things; the last may be shorter."""
    rest = iter(things)
    while batch := list(islice(rest, size)):
        yield batch


class Client:
    """Sends JSON over one kept connection a thread, again and again until accepted."""

    def __init__(self, *, url: SplitResult, token: str, say: Say) -> None:
        self._url = url
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
        }
        self._say = say
        self._stop = threading.Event()
        self._thread = threading.local()
        self._connections: list[HTTPConnection] = []

    def send(self, method: str, path: str, document: dict[str, Any]) -> None:
        """Returns once accepted.

        Raises CommandError if refused (4xx), CancelledError if stopped before.
        """
        body = orjson.dumps(document)
        pause = FIRST_PAUSE
        while not self._stop.is_set():
            status, answer = self._exchange(method, path, body)
            if 200 <= status < 300:
                return
            if status != 429 and status < 500:
                raise CommandError(f"{method} {path} was refused: {status} {answer}")
            if pause > 1:
                self._say(f"{self._url.netloc} does not take events: {status} {answer}")
            self._stop.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        raise CancelledError

    def _exchange(self, method: str, path: str, body: bytes) -> tuple[int, str]:
        """Returns status and body of the answer; no answer counts as a 503."""
        connection = self._connection()
        try:
            target = self._url.path.rstrip("/") + path
            connection.request(method, target, body, self._headers)
            response = connection.getresponse()
            return response.status, response.read().decode(errors="replace")[:1000]
        except (OSError, HTTPException) as error:
            connection.close()
            return 503, str(error)

    def _connection(self) -> HTTPConnection:
        if not hasattr(self._thread, "connection"):
            kind = HTTPSConnection if self._url.scheme == "https" else HTTPConnection
            host, port = self._url.hostname or "", self._url.port
            self._thread.connection = kind(host, port, timeout=TIMEOUT_SECONDS)
            self._connections.append(self._thread.connection)
        connection: HTTPConnection = self._thread.connection
        return connection

    def stop(self) -> None:
        """Lets threads that would try again give up."""
        self._stop.set()

    def close(self) -> None:
        """Ends all connections; no thread may be sending."""
        for connection in self._connections:
            connection.close()


class Bookmark:
    """Remembers up to when everything has been sent, in a file if one is given."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.at = _moment_in(path) if path else None

    def move(self, at: datetime) -> None:
        """Replaces the file in one step: a kill leaves the old or the new moment."""
        self.at = at
        if self._path:
            draft = self._path.with_name(f"{self._path.name}.new")
            draft.write_text(at.isoformat())
            draft.replace(self._path)


def _moment_in(path: Path) -> datetime | None:
    """Returns None for a missing or torn file: then more than needed is sent."""
    try:
        return datetime.fromisoformat(path.read_text()).astimezone(UTC)
    except (FileNotFoundError, ValueError):
        return None


class Sender:
    """Keeps a server up to date with a shop; `check` may raise to end its waiting."""

    def __init__(
        self, *, shop: Shop, client: Client, bookmark: Bookmark, check: Check
    ) -> None:
        self._check = check
        self._shop = shop
        self._client = client
        self._bookmark = bookmark
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="shop")
        self.sent = 0

    def send_prices(self) -> None:
        """Sends the price list."""
        for batch in batches(self._shop.prices(), PRICES_A_REQUEST):
            document = {"prices": batch, "namespace": self._shop.namespace}
            self._through(self._pool.submit(self._client.send, "PUT", PRICES, document))

    def due_since(self, *, now: datetime, days: float) -> datetime:
        """Returns from when to send: after the last time, else the last `days`."""
        wanted = self._bookmark.at or now - timedelta(days=days)
        return min(max(wanted, now - OLDEST), now)

    def send(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """Sends `[start, end)`; yields and remembers up to when all is acknowledged."""
        waiting: deque[tuple[list[Event], Future[None]]] = deque()
        for batch in batches(self._shop.events(start, end), EVENTS_A_REQUEST):
            document = {"events": batch}
            request = self._pool.submit(self._client.send, "POST", EVENTS, document)
            waiting.append((batch, request))
            if len(waiting) == 2 * THREADS:
                yield self._acknowledge(*waiting.popleft())
        while waiting:
            yield self._acknowledge(*waiting.popleft())
        self._bookmark.move(end)
        yield end

    def _acknowledge(self, batch: list[Event], request: Future[None]) -> datetime:
        self._through(request)
        self.sent += len(batch)
        until = datetime.fromisoformat(str(batch[-1]["datetime"])).astimezone(UTC)
        self._bookmark.move(until)
        return until

    def close(self) -> None:
        """Waits for the requests under way and drops the others."""
        self._client.stop()
        self._pool.shutdown(cancel_futures=True)
        self._client.close()

    def _through(self, request: Future[None]) -> None:
        """Waits for a request; raises what it raised."""
        while not wait([request], timeout=0.5).done:
            self._check()
        request.result()
