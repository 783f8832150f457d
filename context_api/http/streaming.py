"""Long answers: blocks made in a thread, sent as fast as the client reads, cancelled when it is gone."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

STALL_S = 60.0
"""A client that takes nothing for so long is let go."""

log = structlog.get_logger("http")


class Source(Protocol):
    """What makes the blocks."""

    def blocks(self) -> Iterator[bytes]:
        """Give them, in a thread."""
        ...

    def cancel(self) -> None:
        """Let the block that is being made fail soon; called from another thread."""
        ...

    def close(self) -> None:
        """Called in a thread, once, when no block is being made."""
        ...


class BlockResponse(Response):
    """Streams a source. One block is made while the one before it is sent; no more are ever held."""

    def __init__(
        self,
        source: Source,
        executor: ThreadPoolExecutor,
        headers: Mapping[str, str],
        media_type: str,
        on_end: Callable[[], None],
    ) -> None:
        super().__init__(headers=headers, media_type=media_type)
        del self.headers["content-length"]
        self._source = source
        self._blocks = source.blocks()
        self._executor = executor
        self._on_end = on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send all blocks, or until the client is gone."""
        gone = asyncio.ensure_future(_until_disconnect(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            if not scope.get("machi.head"):
                await self._send_blocks(send, gone)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()
            await asyncio.shield(self._finish())

    async def _send_blocks(self, send: Send, gone: "asyncio.Future[None]") -> None:
        loop = asyncio.get_running_loop()
        coming = loop.run_in_executor(self._executor, next, self._blocks, b"")
        while True:
            await self._wait(coming, gone)
            block = coming.result()
            if not block:
                return
            coming = loop.run_in_executor(self._executor, next, self._blocks, b"")
            try:
                message = {"type": "http.response.body", "body": block, "more_body": True}
                await asyncio.wait_for(send(message), STALL_S)
                if gone.done():
                    raise _ClientGone
            except BaseException:
                await self._stop(coming)
                raise

    async def _wait(self, coming: "asyncio.Future[bytes]", gone: "asyncio.Future[None]") -> None:
        """Wait for a block. Raises _ClientGone where the client leaves first; nothing is being made then."""
        try:
            waited: set[asyncio.Future[Any]] = {coming, gone}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await self._stop(coming)
            raise
        if not coming.done():
            await self._stop(coming)
            raise _ClientGone

    async def _stop(self, coming: "asyncio.Future[bytes]") -> None:
        """Cancel what the database does until it has noticed: a statement may begin between two attempts."""
        while not coming.done():
            await asyncio.to_thread(self._source.cancel)
            await asyncio.wait({coming}, timeout=0.5)
        coming.exception()

    async def _finish(self) -> None:
        try:
            await asyncio.to_thread(self._source.close)
        finally:
            self._on_end()


class _ClientGone(ConnectionError):
    """The client closed the connection."""


async def _until_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
