"""One WebSocket (RFC 6455): uvicorn's protocol with limits on what comes in, which it lacks.

Nothing that a client sends may cost memory, and one that reads nothing must go in the end: a connection is
aborted where an orderly close would wait for its buffer for ever.
"""

import logging
from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State

from context_api.http.connection import ABORT, ON_SHUTDOWN

SEND_FRAMES = "machi.send_frames"
"""What writes frames that are made already, in the scope of a WebSocket."""
MESSAGE_MAX_BYTES = 4_096
INBOUND_BYTES = 16_384
"""What may come in within INBOUND_S; frames of any kind count."""
INBOUND_S = 10.0
PING_EVERY_S = 20.0
PONG_WITHIN_S = 40.0
_UNREAD_MAX_BYTES = 2**20
"""Above this a client has not read what it asked for, such as the answers to its pings."""
_CLOSE_S = 3.0
_POLICY_VIOLATION = 1008
_REFUSAL = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_log = logging.getLogger("machi.websocket")
_log.setLevel(logging.WARNING)


def text_frame(data: bytes) -> bytes:
    """Write a message that is one text frame; the same for every client, as servers do not mask."""
    return Frame(Opcode.TEXT, data).serialize(mask=False)


class BoundedSocket(WebSocketsSansIOProtocol):
    """Closes where more comes in than is allowed, and ends what nobody reads."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.close_timeout = _CLOSE_S
        # The library's own lines hold whole heads, and with them keys
        self.logger = self.conn.logger = _log
        self.conn.debug = False
        self._inbound_bytes = 0
        self._inbound_until = 0.0
        self._is_done = False

    def data_received(self, data: bytes) -> None:
        """Count what comes after the handshake, and answer a head that is no legal one."""
        if self._is_done:
            return
        if self.handshake_initiated and not self._has_room(len(data)):
            self.conn.fail(_POLICY_VIOLATION, "too many messages")
            self.handle_parser_exception()
            return
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self.transport.write(_REFUSAL)
            self.transport.close()
        elif self.transport.is_closing():
            self.loop.call_later(self.close_timeout, self.transport.abort)
        elif self.transport.get_write_buffer_size() > _UNREAD_MAX_BYTES:
            self.transport.abort()

    def handle_connect(self, event: Any) -> None:
        """Let the application write frames that are made already."""
        super().handle_connect(event)
        if not self.close_sent:
            scope: Any = self.scope
            scope[SEND_FRAMES] = self.send_frames
            scope[ABORT] = self.transport.abort

    async def send_frames(self, frames: bytes) -> None:
        """Write whole frames as soon as the client takes them. Raises ClientDisconnected."""
        await self.writable.wait()
        if self.disconnected or self.close_sent or self.conn.state is not State.OPEN:
            raise ClientDisconnected
        self.transport.write(frames)

    async def send(self, message: Any) -> None:
        """Send what the application says; a close that is not answered ends the connection."""
        await super().send(message)
        if self.close_timer is not None and message["type"] == "websocket.close":
            self.close_timer.cancel()
            self.close_timer = self.loop.call_later(self.close_timeout, self.transport.abort)

    def keepalive_timeout(self) -> None:
        """End a connection whose client does not answer pings, whether it reads or not."""
        super().keepalive_timeout()
        self.loop.call_later(self.close_timeout, self.transport.abort)

    def shutdown(self) -> None:
        """Tell what never ends by itself that the server stops; it says good-bye in its own words."""
        scope: Any = getattr(self, "scope", {})
        calls = scope.get(ON_SHUTDOWN, ())
        if not calls or self.close_sent:
            super().shutdown()
        for call in calls:
            call()

    def _has_room(self, size: int) -> bool:
        now = self.loop.time()
        if now >= self._inbound_until:
            self._inbound_until = now + INBOUND_S
            self._inbound_bytes = 0
        self._inbound_bytes += size
        return self._inbound_bytes <= INBOUND_BYTES

    def handle_parser_exception(self) -> None:
        """End a connection with the code of what was wrong; what still comes is dropped.

        Were it not read, the reset would overtake the close.
        """
        sent = self.conn.close_sent
        code, reason = (1006, "") if sent is None else (sent.code, sent.reason)
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = self._is_done = True
        self.transport.resume_reading()
        self.close_timer = self.loop.call_later(self.close_timeout, self.transport.abort)
