"""The events of a stream, and how they are written for EventSource and for a WebSocket."""

from typing import Any

import msgspec
import orjson

from context_api.http.socket_connection import text_frame

CHANGE = "change"
GAP = "gap"
CLOSED = "closed"


class Event(msgspec.Struct):
    """One event; written once for all the clients that get it."""

    seq: int | None
    """The number of the change; None where there is none to go on after."""
    kind: str
    data: bytes
    """JSON."""
    queues: int = 0
    """In how many queues it is."""
    _lines: bytes | None = None
    _frame: bytes | None = None

    @property
    def size(self) -> int:
        """About how many bytes it is."""
        return len(self.data) + 64

    def lines(self) -> bytes:
        """Write it for `text/event-stream` (HTML standard, 9.2)."""
        if self._lines is None:
            head = b"" if self.seq is None else b"id: %d\n" % self.seq
            self._lines = b"%bevent: %b\ndata: %b\n\n" % (head, self.kind.encode(), self.data)
        return self._lines

    def frame(self) -> bytes:
        """Write it as a message of a WebSocket: an object with the same fields."""
        if self._frame is None:
            head = b"" if self.seq is None else b'"id":"%d",' % self.seq
            self._frame = text_frame(b'{%b"event":"%b","data":%b}' % (head, self.kind.encode(), self.data))
        return self._frame


def make_event(kind: str, data: dict[str, Any], seq: int | None = None) -> Event:
    """Make an event of a document."""
    return Event(seq, kind, orjson.dumps(data))


def heartbeat_lines(seq: int) -> bytes:
    """Write a sign of life. It moves the last event id on, so that a reconnect skips what did not match."""
    return b": heartbeat\nid: %d\n\n" % seq


def heartbeat_message(seq: int) -> bytes:
    """Write the same sign of life as a message; pages do not see the pings of the protocol."""
    return b'{"id":"%d","event":"heartbeat"}' % seq
