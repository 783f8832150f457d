"""One listener: a bounded queue between the reader of changes and a connection."""

import asyncio
from collections import deque
from enum import StrEnum

from context_api.http.live.events import Event
from context_api.http.live.matching import Feed
from context_api.policy.principal import Principal


class Reason(StrEnum):
    """Why a stream ended; the client may come back after all but `unauthorized`."""

    SLOW = "slow"
    """It took events more slowly than they came."""
    AGE = "age"
    """It was open as long as a stream may be."""
    SHUTDOWN = "shutdown"
    UNAUTHORIZED = "unauthorized"
    """Its key was revoked, or nothing is granted to it any more."""
    RIGHTS = "rights"
    """What it may see was changed while events waited that it may not see any more."""
    GONE = "gone"
    """The client closed the connection."""


class Waiting:
    """Counts the bytes that wait for all clients together; an event that waits for many is held once."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self.bytes = 0

    def add(self, event: Event) -> bool:
        """Note that an event is in one more queue; False, and nothing noted, where there is no room."""
        if event.queues == 0:
            if self.bytes + event.size > self._max_bytes:
                return False
            self.bytes += event.size
        event.queues += 1
        return True

    def remove(self, event: Event) -> None:
        """Note that it is in one less."""
        event.queues -= 1
        if event.queues == 0:
            self.bytes -= event.size


class Client:
    """Used in the event loop only."""

    def __init__(
        self, feed: Feed, who: Principal, waiting: Waiting, *, max_events: int, max_bytes: int
    ) -> None:
        self.feed = feed
        self.who = who
        self.principal = who.name
        self.after = 0
        """Events up to this number are not for it."""
        self.ended: Reason | None = None
        self.is_doubted = False
        """Somebody changed a right: whether its credential still opens the stream has to be asked."""
        self._waiting = waiting
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._queue: deque[Event] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()

    def offer(self, event: Event) -> None:
        """Put an event into the queue; a client that is too slow for it ends."""
        if self.ended is not None or (event.seq is not None and event.seq <= self.after):
            return
        is_full = len(self._queue) >= self._max_events or self._bytes + event.size > self._max_bytes
        if (is_full and self._queue) or not self._waiting.add(event):
            self.end(Reason.SLOW)
            return
        self._queue.append(event)
        self._bytes += event.size
        self._wake.set()

    def end(self, reason: Reason) -> None:
        """End the stream; what is in the queue is dropped, the client asks for it when it comes back."""
        if self.ended is None:
            self.ended = reason
            for event in self._queue:
                self._waiting.remove(event)
            self._queue.clear()
            self._bytes = 0
            self._wake.set()

    @property
    def has_waiting(self) -> bool:
        """Whether events wait that were written for what it saw then."""
        return bool(self._queue)

    def doubt(self) -> None:
        """Let its credential be looked at now."""
        self.is_doubted = True
        self._wake.set()

    async def take(self, timeout_s: float, max_bytes: int) -> list[Event]:
        """Give what is in the queue, or some of it; nothing after the timeout, in doubt or at the end."""
        if not self._queue and self.ended is None and not self.is_doubted:
            self._wake.clear()
            try:
                async with asyncio.timeout(timeout_s):
                    await self._wake.wait()
            except TimeoutError:
                return []
        taken: list[Event] = []
        size = 0
        while self._queue and size < max_bytes:
            event = self._queue.popleft()
            self._waiting.remove(event)
            self._bytes -= event.size
            size += event.size
            taken.append(event)
        return taken
