"""A client of live streams: reads in a thread, gives events as they come."""

import json
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx

PATH = "/api/v1/stream"
WAIT_S = 60.0


class Event(NamedTuple):
    """An event; `heartbeat` for a sign of life."""

    id: int | None
    kind: str
    data: Any


class Listener:
    """What a stream gave so far."""

    def __init__(self) -> None:
        self._events: queue.Queue[Event | None] = queue.Queue()
        self.last_id: int | None = None

    def put(self, event: Event | None) -> None:
        """Add an event; None at the end."""
        self._events.put(event)

    def put_back(self, event: Event) -> None:
        """Add an event before the others."""
        with self._events.not_empty:
            self._events.queue.appendleft(event)
            self._events.not_empty.notify()

    def next(self, *, beats: bool = False) -> Event | None:
        """Wait for an event, None where the stream has ended; signs of life only where they are asked for."""
        while True:
            event = self._events.get(timeout=WAIT_S)
            if event is not None and event.id is not None:
                self.last_id = event.id
            if event is None or beats or event.kind != "heartbeat":
                return event

    def take(self, count: int) -> list[Event]:
        """Wait for so many events."""
        found = [self.next() for _ in range(count)]
        assert None not in found, "the stream ended"
        return [event for event in found if event is not None]

    def until(self, wanted: Callable[[Event], bool]) -> list[Event]:
        """Wait for an event; gives it with all before it."""
        found: list[Event] = []
        while not found or not wanted(found[-1]):
            found += self.take(1)
        return found


def parse(block: str) -> Event | None:
    """Read what stands between two empty lines."""
    fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
    if "retry" in fields:
        return None
    number = int(fields["id"]) if "id" in fields else None
    if "data" not in fields:
        return Event(number, "heartbeat", None)
    return Event(number, fields["event"], json.loads(fields["data"]))


@contextmanager
def listening(api: httpx.Client, headers: Any = None, **parameters: Any) -> Iterator[Listener]:
    """Open a stream; it is open when this returns, closed with the block."""
    listener = Listener()
    sent = {"Accept": "text/event-stream"} | (headers or {})
    timeout = httpx.Timeout(WAIT_S)
    with api.stream("GET", PATH, params=parameters, headers=sent, timeout=timeout) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        thread = threading.Thread(target=_read, args=(answer, listener), daemon=True)
        thread.start()
        try:
            first = listener.next(beats=True)
            assert first is not None
            if first.kind != "heartbeat":
                listener.put_back(first)
            yield listener
        finally:
            _hang_up(answer)
            thread.join(WAIT_S)


def _read(answer: httpx.Response, listener: Listener) -> None:
    text = ""
    try:
        for part in answer.iter_text():
            text += part
            *blocks, text = text.split("\n\n")
            for block in blocks:
                event = parse(block)
                if event is not None:
                    listener.put(event)
    except (httpx.HTTPError, httpx.StreamError, OSError, ValueError):
        pass
    listener.put(None)


def _hang_up(answer: httpx.Response) -> None:
    """Wake the thread that reads."""
    stream = answer.extensions["network_stream"]
    try:
        stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
    except OSError:
        return
