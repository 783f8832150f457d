"""One connection: uvicorn's protocol with limits on the head of a request, which it lacks."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from context_api.http.heads import HeadWriter

SOCKET_PATH = b"/api/v1/stream"
"""What a connection may become a WebSocket for; the header Upgrade means nothing elsewhere."""
MAX_HEAD_BYTES = 64 * 1024
HEAD_TIMEOUT_S = 20.0
ON_SHUTDOWN = "machi.on_shutdown"
"""What is called when the server begins to stop, a list in the scope of a request."""
ABORT = "machi.abort"
"""What ends the connection of a request at once, whatever was not sent yet."""
_REFUSAL = b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class BoundedProtocol(HttpToolsProtocol):
    """Refuses a head above MAX_HEAD_BYTES, and one that is not complete after HEAD_TIMEOUT_S."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_bytes = 0
        self._is_head_done = False
        self._has_request = False
        self._is_upgrade: bool | None = None
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first head."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what arrives before a head is complete."""
        self._head_bytes += len(data)
        super().data_received(data)
        if self._is_head_done or not self._head_bytes or self.transport.is_closing():
            return
        if self._head_bytes > MAX_HEAD_BYTES:
            self.transport.write(_REFUSAL)
            self.transport.close()
        elif self._head_timer is None:
            self._arm()

    def on_message_begin(self) -> None:
        """Begin with the next request."""
        super().on_message_begin()
        self._is_upgrade = None

    def on_headers_complete(self) -> None:
        """The head is there; the task that answers it has not begun yet."""
        self._is_head_done = self._has_request = True
        self._disarm()
        super().on_headers_complete()
        if not (self.parser.should_upgrade() and self._should_upgrade()):
            scope: Any = self.scope
            scope[ABORT] = self.transport.abort
            HeadWriter(self.cycle)

    def on_message_complete(self) -> None:
        """What follows is another head."""
        self._is_head_done = False
        self._head_bytes = 0
        super().on_message_complete()

    def _should_upgrade(self) -> bool:
        """Whether this request becomes a WebSocket; decided once."""
        if self._is_upgrade is None:
            is_idle = self.cycle is None or self.cycle.response_complete
            has_room = self.limit_concurrency is None or len(self.connections) < self.limit_concurrency
            is_ours = self.url.partition(b"?")[0].rstrip(b"/") == SOCKET_PATH
            self._is_upgrade = is_ours and is_idle and has_room and super()._should_upgrade()
        return self._is_upgrade

    def _unsupported_upgrade_warning(self) -> None:
        """An upgrade that is not made is answered as if it had not been asked for (RFC 9110, 7.8)."""

    def shutdown(self) -> None:
        """Tell an answer that never ends by itself that the server stops."""
        super().shutdown()
        calls: Any = self.scope.get(ON_SHUTDOWN, ()) if self._has_request else ()
        for call in calls:
            call()

    def _arm(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_TIMEOUT_S, self._on_timeout)

    def _disarm(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _on_timeout(self) -> None:
        self._head_timer = None
        if not self._is_head_done and not self.transport.is_closing():
            self.transport.close()
