"""A client of live streams by WebSocket: reads in a thread, gives the events that the other one gives."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.integration.http.event_source import PATH, WAIT_S, Event, Listener


class SocketListener(Listener):
    """What a WebSocket gave so far."""

    def __init__(self, connection: ClientConnection) -> None:
        super().__init__()
        self.connection = connection
        self.closed: tuple[int, str] | None = None
        """Code and reason, once it is closed."""


def url_of(api: httpx.Client, parameters: dict[str, Any], path: str = PATH) -> str:
    """Give the address of a stream."""
    query = urlencode({name: str(value) for name, value in parameters.items()})
    return f"ws://{api.base_url.host}:{api.base_url.port}{path}?{query}"


def opened(
    url: str, headers: Any = None, subprotocols: list[str] | None = None, **options: Any
) -> ClientConnection:
    """Open a WebSocket. Raises InvalidStatus with the response that refuses it."""
    return connect(
        url,
        additional_headers=headers,
        subprotocols=None if subprotocols is None else [Subprotocol(one) for one in subprotocols],
        open_timeout=WAIT_S,
        compression=None,
        proxy=None,
        **options,
    )


@contextmanager
def socket_listening(
    api: httpx.Client, headers: Any = None, subprotocols: list[str] | None = None, **parameters: Any
) -> Iterator[SocketListener]:
    """Open a stream; it is open when this returns, closed with the block."""
    connection = opened(url_of(api, parameters), headers, subprotocols)
    listener = SocketListener(connection)
    thread = threading.Thread(target=_read, args=(listener,), daemon=True)
    thread.start()
    try:
        first = listener.next(beats=True)
        assert first is not None
        if first.kind != "heartbeat":
            listener.put_back(first)
        yield listener
    finally:
        connection.close()
        thread.join(WAIT_S)


def read_message(text: str | bytes) -> Event:
    """Read a message."""
    assert isinstance(text, str)
    fields = json.loads(text)
    assert set(fields) <= {"id", "event", "data"}
    number = fields.get("id")
    assert number is None or isinstance(number, str)
    return Event(None if number is None else int(number), fields["event"], fields.get("data"))


def _read(listener: SocketListener) -> None:
    try:
        while True:
            listener.put(read_message(listener.connection.recv()))
    except ConnectionClosed as closed:
        frame = closed.rcvd
        listener.closed = (1006, "") if frame is None else (frame.code, frame.reason)
    except OSError:
        listener.closed = (1006, "")
    listener.put(None)
