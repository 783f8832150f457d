"""Receivers of the fire drill: some fail in their own way until they are told to recover. All remember."""

import asyncio
import contextlib
import json
import random
import threading
from collections import defaultdict
from collections.abc import Coroutine
from typing import Any, NamedTuple

KINDS = ("well", "failing", "hanging", "closing", "dying", "redirecting")
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
_ERROR = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
_MOVED = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
_HANG_S = 30.0


class Seen(NamedTuple):
    """A notification that was answered with 200."""

    notification_id: str
    entity_id: str
    observed_at: str


class Receivers:
    """One server per kind, in a thread; the path names the subscription."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.seen: dict[str, list[Seen]] = defaultdict(list)
        """Path -> what was taken, in order of arrival."""
        self.ids: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        """(path, entity, observedAt) -> the ids it came with, refused ones too."""
        self.refused = 0
        self._recovered = False
        self._servers: dict[str, asyncio.Server] = {}
        self.ports: dict[str, int] = {}
        self._writers: dict[str, set[asyncio.StreamWriter]] = defaultdict(set)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        for kind in KINDS:
            self._do(self._open(kind, 0))

    def url(self, kind: str, path: str) -> str:
        """Where a subscription's notifications go."""
        return f"http://127.0.0.1:{self.ports[kind]}/{path}"

    def die(self) -> None:
        """The dying ones refuse connections from now on."""
        self._do(self._close("dying"))

    def come_back(self) -> None:
        """On the port they had."""
        if "dying" not in self._servers:
            self._do(self._open("dying", self.ports["dying"]))

    def recover(self) -> None:
        """All but the redirecting ones take everything from now on."""
        self._recovered = True
        self.come_back()

    def stop(self) -> None:
        """Close everything."""
        for kind in list(self._servers):
            self._do(self._close(kind))
        self._do(self._cancel_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _open(self, kind: str, port: int) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._writers[kind].add(writer)
            try:
                with contextlib.suppress(OSError, asyncio.IncompleteReadError, ValueError):
                    while await self._answer(kind, reader, writer):
                        pass
            finally:
                self._writers[kind].discard(writer)
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", port)
        self._servers[kind] = server
        self.ports[kind] = int(server.sockets[0].getsockname()[1])

    async def _close(self, kind: str) -> None:
        self._servers.pop(kind).close()
        for writer in list(self._writers[kind]):
            writer.transport.abort()

    async def _cancel_all(self) -> None:
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _answer(self, kind: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Serve one request; whether the connection goes on."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        lines = head.split("\r\n")
        path = lines[0].split(" ")[1].lstrip("/")
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (x.partition(":") for x in lines[1:])
        }
        document = json.loads(await reader.readexactly(int(headers["content-length"])))
        seen = _read(document)
        self.ids[path, seen.entity_id, seen.observed_at].add(seen.notification_id)
        if kind == "redirecting":
            self.refused += 1
            writer.write(_MOVED)
            await writer.drain()
            return True
        if not self._recovered and kind != "well" and self._random.random() < 0.5:
            self.refused += 1
            return await self._refuse(kind, writer)
        self.seen[path].append(seen)
        writer.write(_OK)
        await writer.drain()
        return True

    async def _refuse(self, kind: str, writer: asyncio.StreamWriter) -> bool:
        if kind == "hanging":
            await asyncio.sleep(_HANG_S)
            return False
        if kind in ("closing", "dying"):
            return False
        writer.write(_ERROR)
        await writer.drain()
        return True


def _read(document: dict[str, Any]) -> Seen:
    (entity,) = document["data"]
    return Seen(document["id"], entity["id"], entity["pm25"]["observedAt"])
