"""The ASGI application that runs a WSGI application in a few threads.

The event loop receives the whole request, a thread works on it, the event loop sends
the whole answer: only work takes a thread.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any

from config.gateway.bodies import (
    Bodies,
    Bounds,
    DisconnectedError,
    Receive,
    RefusedError,
    drop,
)
from config.gateway.environ import (
    Environ,
    Scope,
    declared_length,
    environ,
    may_have_body,
)
from config.gateway.replies import PIECE, Application, Reply, reply

Send = Callable[[dict[str, Any]], Awaitable[None]]

# Tells the application the status of a body that was not taken: no header's name.
UNDELIVERED = "abacus.undelivered"

logger = logging.getLogger(__name__)


class Gateway:
    """Serves a WSGI application to slow clients too.

    A reader who takes nothing for `send_seconds` is left.
    """

    def __init__(
        self,
        application: Application,
        *,
        threads: int,
        bounds: Bounds,
        send_seconds: float = 60.0,
    ) -> None:
        self._application = application
        self._bodies = Bodies(bounds)
        self._drop_bytes = 4 * bounds.body_bytes
        self._send_seconds = send_seconds
        self._workers = ThreadPoolExecutor(threads, thread_name_prefix="request")
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="file")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            answer = await self._answer(scope, receive)
        except DisconnectedError:
            return
        await self._start(answer, send)
        if isinstance(answer.body, bytes):
            await send({"type": "http.response.body", "body": answer.body})
            return
        with answer.body as file:
            await self._send_file(file, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Reply:
        if not may_have_body(scope):
            return await self._work(environ(scope, b""))
        declared = declared_length(scope)
        try:
            async with self._bodies.whole(receive, declared=declared) as body:
                return await self._work(environ(scope, body))
        except RefusedError as error:
            if error.status == 413:
                await drop(receive, declared=declared, limit=self._drop_bytes)
            return await self._work({**environ(scope, b""), UNDELIVERED: error.status})

    async def _work(self, request: Environ) -> Reply:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._workers, reply, self._application, request
        )

    async def _start(self, answer: Reply, send: Send) -> None:
        headers = [*answer.headers, (b"server", b"abacus")]
        message = {"type": "http.response.start", "status": answer.status}
        await send({**message, "headers": headers})

    async def _send_file(self, file: IO[bytes], receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        leaving = asyncio.create_task(gone(receive))
        try:
            while piece := await loop.run_in_executor(self._reader, file.read, PIECE):
                if leaving.done():
                    return
                message = {"type": "http.response.body", "body": piece}
                async with asyncio.timeout(self._send_seconds):
                    await send({**message, "more_body": True})
        except TimeoutError:
            logger.info("left a reader who took nothing for %d s", self._send_seconds)
            return
        finally:
            leaving.cancel()
        await send({"type": "http.response.body"})


async def gone(receive: Receive) -> None:
    """Return when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
