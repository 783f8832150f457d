"""WebSocket (RFC 6455): a session as text messages, one per event.

A client says nothing. What it sends is dropped, up to the limits of the connection.
"""

import asyncio
from collections.abc import Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from context_api.http.connection import ABORT, ON_SHUTDOWN
from context_api.http.limits.usage import note_events
from context_api.http.live.client import Client, Reason
from context_api.http.live.events import heartbeat_message
from context_api.http.live.session import STALL_S, Bite, Session
from context_api.http.live.tickets import SUBPROTOCOL
from context_api.http.socket_connection import SEND_FRAMES, text_frame

CODES = {
    Reason.SLOW: 1013,
    Reason.AGE: 1012,
    Reason.SHUTDOWN: 1012,
    Reason.UNAUTHORIZED: 1008,
    Reason.RIGHTS: 1012,
}
"""Close codes (registry of IANA): try again later, service restart, policy violation; beside a reason."""


class SocketResponse(Response):
    """Sends what a session gives until it ends or the client is gone."""

    def __init__(self, session: Session, client: Client, on_end: Callable[[], None]) -> None:
        super().__init__()
        self._session = session
        self._client = client
        self._on_end = on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Accept the connection and send."""
        client = self._client
        scope.setdefault(ON_SHUTDOWN, []).append(lambda: client.end(Reason.SHUTDOWN))
        gone = asyncio.ensure_future(_until_disconnect(receive))
        gone.add_done_callback(lambda _: client.end(Reason.GONE))
        spoken = SUBPROTOCOL if SUBPROTOCOL in scope["subprotocols"] else None
        try:
            await send({"type": "websocket.accept", "subprotocol": spoken, "headers": []})
            async for bite in self._session.bites():
                async with asyncio.timeout(STALL_S):
                    await scope[SEND_FRAMES](_write(bite))
                note_events(scope, len(bite.events))
            if client.ended is not None and client.ended is not Reason.GONE:
                async with asyncio.timeout(STALL_S):
                    code, reason = CODES[client.ended], str(client.ended)
                    await send({"type": "websocket.close", "code": code, "reason": reason})
        except TimeoutError:
            scope[ABORT]()
            await gone
        finally:
            gone.cancel()
            client.end(Reason.GONE)
            self._on_end()


def _write(bite: Bite) -> bytes:
    if not bite.events:
        return text_frame(heartbeat_message(bite.position))
    return b"".join([event.frame() for event in bite.events])


async def _until_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "websocket.disconnect":
        pass
