"""Bodies on their way: received by the event loop, bounded in size, time and memory."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

# For the rest of a body that is too large.
DROP_SECONDS = 10.0

Receive = Callable[[], Awaitable[dict[str, Any]]]


class RefusedError(Exception):
    """A body is not taken: 413 too large, 408 too slow, 503 too many at once."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class DisconnectedError(Exception):
    """The client left before its body was complete."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """At most so many bytes of a body, seconds for it, and bytes of all together."""

    body_bytes: int
    body_seconds: float
    total_bytes: int


@dataclass(eq=False, slots=True)
class Body:
    """What has come of a body; `deadline` ends the wait for the rest."""

    deadline: asyncio.Timeout
    pieces: list[bytes] = field(default_factory=list)
    size: int = 0
    gave_way: bool = False


class Bodies:
    """All bodies of a process that are received or worked on.

    Where they would take too much memory, the one longest on its way gives way: that
    is a half-sent one, and not what the next client sends in a moment.
    """

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.size = 0
        self._unfinished: dict[Body, None] = {}  # the oldest first

    @asynccontextmanager
    async def whole(
        self, receive: Receive, *, declared: int | None
    ) -> AsyncIterator[bytes]:
        """Gives a complete body, which counts until the block ends.

        Raises RefusedError and DisconnectedError.
        """
        if declared is not None and declared > self.bounds.body_bytes:
            raise RefusedError(413)
        body = Body(asyncio.timeout(self.bounds.body_seconds))
        try:
            yield await self._receive(body, receive)
        finally:
            self.size -= body.size

    async def _receive(self, body: Body, receive: Receive) -> bytes:
        self._unfinished[body] = None
        try:
            async with body.deadline:
                while await self._receive_piece(body, receive):
                    pass
        except TimeoutError:
            raise RefusedError(503 if body.gave_way else 408) from None
        finally:
            self._unfinished.pop(body, None)
        content = b"".join(body.pieces)
        body.pieces.clear()  # or it would take its memory twice
        return content

    async def _receive_piece(self, body: Body, receive: Receive) -> bool:
        """Returns whether more is to come."""
        message = await receive()
        if message["type"] == "http.disconnect":
            raise DisconnectedError
        piece = message.get("body", b"")
        if body.size + len(piece) > self.bounds.body_bytes:
            raise RefusedError(413)
        self._make_room(body, len(piece))
        body.pieces.append(piece)
        body.size += len(piece)
        self.size += len(piece)
        return bool(message.get("more_body", False))

    def _make_room(self, body: Body, size: int) -> None:
        while not body.gave_way and self.size + size > self.bounds.total_bytes:
            self._give_way(next(iter(self._unfinished)))
        if body.gave_way:
            raise RefusedError(503)

    def _give_way(self, body: Body) -> None:
        body.gave_way = True
        body.deadline.reschedule(0)  # long past
        del self._unfinished[body]
        self.size -= body.size
        body.size = 0
        body.pieces.clear()


async def drop(receive: Receive, *, declared: int | None, limit: int) -> None:
    """Take the rest of a body that is too large, and forget it.

    Who is still sending when the answer comes sees a broken connection instead of it:
    so what is not far too large is heard to the end.
    """
    if declared is not None and declared > limit:
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(DROP_SECONDS):
            while limit > 0:
                message = await receive()
                limit -= len(message.get("body", b""))
                if not message.get("more_body", False):
                    return
