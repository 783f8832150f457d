"""The life of one stream: what was missed, what happens, a sign of life, an end with a reason."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import NamedTuple

from context_api.http.errors import Forbidden, Unauthorized
from context_api.http.live.client import Client, Reason
from context_api.http.live.events import CLOSED, GAP, Event, make_event
from context_api.http.live.hub import Hub
from context_api.store.errors import StoreError

BITE_BYTES = 64 * 1024
"""About so much is handed to a connection at once."""
STALL_S = 60.0
"""A client that takes nothing for so long is let go without a word."""
_DETAILS = {
    Reason.SLOW: "events came faster than you took them; come back with Last-Event-ID for what is missing",
    Reason.AGE: "the stream was open as long as one may be; come back with Last-Event-ID",
    Reason.SHUTDOWN: "the server stops or restarts; come back with Last-Event-ID",
    Reason.UNAUTHORIZED: "the key was revoked or changed, or nothing is granted to it any more",
    Reason.RIGHTS: "what you may see was changed; come back with Last-Event-ID",
}


class Bite(NamedTuple):
    """What is sent next; without events, a sign of life that names the last number."""

    events: Sequence[Event]
    position: int


class Session:
    """Gives what a client is sent, whatever it is sent by."""

    def __init__(
        self,
        hub: Hub,
        client: Client,
        *,
        last_event: int | None,
        heartbeat_s: float,
        age_s: float,
        check: Callable[[], Awaitable[object]],
    ) -> None:
        """Prepare it; `check` raises Unauthorized once the key opens nothing any more."""
        self._hub = hub
        self._client = client
        self._last_event = last_event
        self._heartbeat_s = heartbeat_s
        self._ends_at = time.monotonic() + age_s
        self._check = check
        self._joined_at = client.after

    async def bites(self) -> AsyncIterator[Bite]:
        """Give them until the stream ends; the first tells where it begins."""
        client = self._client
        if self._last_event is not None:
            async for bite in self._missed(self._last_event):
                yield bite
        yield Bite((), client.after)
        next_beat = time.monotonic() + self._heartbeat_s
        while client.ended is None:
            wait_s = min(next_beat, self._ends_at) - time.monotonic()
            events = await client.take(max(wait_s, 0.0), BITE_BYTES)
            if events:
                yield Bite(events, events[-1].seq or 0)
            elif client.ended is None and time.monotonic() >= next_beat:
                position = self._hub.position(client.feed.tenant_id)
                yield Bite((), max(position, client.after))
            is_beat = time.monotonic() >= next_beat
            if is_beat:
                next_beat = time.monotonic() + self._heartbeat_s
            if is_beat or client.is_doubted:
                client.is_doubted = False
                await self._check_key()
            if time.monotonic() >= self._ends_at:
                client.end(Reason.AGE)
        if client.ended is not Reason.GONE:
            reason = client.ended
            closed = make_event(CLOSED, {"reason": reason, "detail": _DETAILS[reason]})
            yield Bite([closed], 0)

    async def _missed(self, after: int) -> AsyncIterator[Bite]:
        """Give what came after an event that the client has; what cannot be had is told."""
        client, until = self._client, self._joined_at
        gap = await self._find_gap(after)
        if gap is not None:
            yield Bite([gap], 0)
        elif after > until:
            client.after = after  # another process has told it more than we have read so far
        if after >= until:
            return
        is_more = True
        while is_more and client.ended is None:
            try:
                step = await self._hub.look_back(client.feed, after, until)
            except StoreError:
                await asyncio.sleep(1)
                continue
            after, is_more = step.until, step.is_more
            yield Bite([event for _, event in step.told], after)
            if time.monotonic() >= self._ends_at:
                client.end(Reason.AGE)

    async def _find_gap(self, after: int) -> Event | None:
        kept = await self._hub.kept()
        if after > kept.last:
            detail = "the number lies ahead of the newest change: the database was restored; go on from now"
            return make_event(GAP, {"after": str(after), "detail": detail}, self._joined_at)
        first = kept.last + 1 if kept.first is None else kept.first
        if after >= first - 1:
            return None
        detail = "changes after this number are not kept any more; ask for the entities as they are"
        return make_event(GAP, {"after": str(after), "firstKept": str(first), "detail": detail}, first - 1)

    async def _check_key(self) -> None:
        try:
            await self._check()
        except (Unauthorized, Forbidden):
            self._client.end(Reason.UNAUTHORIZED)
        except StoreError:
            return  # nobody can tell now
