"""Server-Sent Events (HTML standard, 9.2): a session as the answer of a request."""

import asyncio
from collections.abc import Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from context_api.http.connection import ABORT, ON_SHUTDOWN
from context_api.http.limits.usage import note_events
from context_api.http.live.client import Client, Reason
from context_api.http.live.events import heartbeat_lines
from context_api.http.live.session import STALL_S, Bite, Session

EVENT_STREAM = "text/event-stream"
RETRY_MS = 2_000
"""How long an EventSource waits before it comes back."""
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff"}


class EventResponse(Response):
    """Sends what a session gives until it ends or the client is gone."""

    def __init__(self, session: Session, client: Client, on_end: Callable[[], None]) -> None:
        super().__init__(headers=_HEADERS, media_type=EVENT_STREAM)
        del self.headers["content-length"]
        self._session = session
        self._client = client
        self._on_end = on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        client = self._client
        scope.setdefault(ON_SHUTDOWN, []).append(lambda: client.end(Reason.SHUTDOWN))
        gone = asyncio.ensure_future(_until_disconnect(receive))
        gone.add_done_callback(lambda _: client.end(Reason.GONE))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            if not scope.get("machi.head"):
                await self._send(send, b"retry: %d\n\n" % RETRY_MS)
                async for bite in self._session.bites():
                    await self._send(send, _write(bite))
                    note_events(scope, len(bite.events))
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            scope[ABORT]()  # an orderly close would wait for it for ever
            await gone
        finally:
            gone.cancel()
            client.end(Reason.GONE)
            self._on_end()

    @staticmethod
    async def _send(send: Send, body: bytes) -> None:
        if body:
            async with asyncio.timeout(STALL_S):
                await send({"type": "http.response.body", "body": body, "more_body": True})


def _write(bite: Bite) -> bytes:
    if not bite.events:
        return heartbeat_lines(bite.position)
    return b"".join([event.lines() for event in bite.events])


async def _until_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
