"""A receiver for the benchmarks of notifications: takes all, remembers when, in a process of its own."""

import asyncio
import multiprocessing
import time
from multiprocessing.connection import Connection
from typing import Any

_spawn = multiprocessing.get_context("spawn")
_ANSWER = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"

Taken = tuple[float, bytes, bytes]
"""When (time.time()), the path, the body."""


class _Protocol(asyncio.Protocol):
    def __init__(self, taken: list[Taken]) -> None:
        self._taken = taken
        self._data = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            head = self._data[:end]
            at = head.lower().index(b"content-length:") + 15
            length = int(head[at : head.find(b"\r\n", at) if head.find(b"\r\n", at) > 0 else None])
            if len(self._data) < end + 4 + length:
                return
            body = self._data[end + 4 : end + 4 + length]
            self._data = self._data[end + 4 + length :]
            self._taken.append((time.time(), head.split(b" ", 2)[1], body))
            self._transport.write(_ANSWER)


async def _serve(pipe: Connection) -> None:
    taken: list[Taken] = []
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Protocol(taken), "127.0.0.1", 0, backlog=2_048)
    pipe.send(server.sockets[0].getsockname()[1])
    while True:
        while not pipe.poll():
            await asyncio.sleep(0.005)
        asked = pipe.recv()
        if asked == "count":
            pipe.send(len(taken))
        elif asked == "take":
            pipe.send(taken)
            taken.clear()
        else:
            return


def _run(pipe: Connection) -> None:
    asyncio.run(_serve(pipe))


class Receiver:
    """Starts with its making; `stop` ends it."""

    def __init__(self) -> None:
        self._pipe, other = _spawn.Pipe()
        self._process = _spawn.Process(target=_run, args=(other,), daemon=True)
        self._process.start()
        self.url = f"http://127.0.0.1:{self._pipe.recv()}"

    def count(self) -> int:
        """How many came since the last `take`."""
        self._pipe.send("count")
        return int(self._pipe.recv())

    def take(self) -> list[Taken]:
        """What came, and forget it."""
        self._pipe.send("take")
        taken: list[Taken] = self._pipe.recv()
        return taken

    def wait_for(self, count: int, seconds: float) -> None:
        """Until so many came; RuntimeError when they do not."""
        deadline = time.monotonic() + seconds
        while (come := self.count()) < count:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{come} of {count} notifications came in {seconds:g} s")
            time.sleep(0.02)

    def stop(self) -> None:
        """End the process."""
        self._pipe.send("stop")
        self._process.join(10)
