"""What live streams cost one API worker: memory per client, and the time from a write's answer to the event.

    python -m benchmarks.stream [--clients 2000] [--changes 50] [--kind sse|websocket]
    python -m benchmarks.stream --workers 4 --clients 40

Starts a PostgreSQL and an API of its own and opens the streams from one event loop; ten filters are shared by
all. The listeners share the machine with the worker: the time that they take to read is in the latency. With
several workers, what they ask the database: each for itself, and with one that reads for all by way of Redis.
"""

import argparse
import asyncio
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path

import httpx
import psycopg

from benchmarks.bridge_load import cpu_s, rss_mb
from context_api.store.migrate import migrate
from deploy.embedded.ports import free_port
from deploy.embedded.postgres import EmbeddedPostgres
from deploy.embedded.redis import EmbeddedRedis

_VALUE = re.compile(rb'"value":(\d+)')
UPSERT = "/ngsi-ld/v1/entityOperations/upsert?options=update"
FILTERS = 10
OPENED_AT_ONCE = 50
_SERVE = """
import sys
from context_api.http.server import serve
from context_api.http.settings import ApiSettings
redis_url = sys.argv[3] or None
settings = ApiSettings(
    database_url=sys.argv[1], port=int(sys.argv[2]), auth=False, streams_max=10_000, redis_url=redis_url
)
serve(settings)
"""


class Listener:
    """One stream, read without a parser: what is measured is the worker."""

    def __init__(self) -> None:
        self.came: list[tuple[float, float]] = []
        """Value and time of each event."""

    async def open(self, port: int, number: int) -> asyncio.StreamWriter:
        """Send the request and wait for the first sign of life."""
        self._reader, writer = await asyncio.open_connection("127.0.0.1", port)
        path = f"/api/v1/stream?type=Sensor&format=keyValues&q=value>-{number % FILTERS + 1}"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n{self._wish}\r\n".encode())
        head = await self._reader.readuntil(self._first)
        if not head.startswith(b"HTTP/1.1 200") and not head.startswith(b"HTTP/1.1 101"):
            raise RuntimeError(head.decode())
        return writer

    async def listen(self, changes: int) -> None:
        """Read until so many events came."""
        while len(self.came) < changes:
            self.note(await self._reader.readline(), b"data: ")

    def note(self, text: bytes, prefix: bytes) -> None:
        """Note the time of an event."""
        if not text:
            raise RuntimeError("the stream ended")
        if text.startswith(prefix):
            found = _VALUE.search(text)
            if found is None:
                raise RuntimeError(f"what is this: {text!r}")
            self.came.append((float(found[1]), time.perf_counter()))

    _wish = ""
    _first = b"id: "


class SocketListener(Listener):
    """The same by WebSocket."""

    _wish = (
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    )
    _first = b"\r\n\r\n"

    async def listen(self, changes: int) -> None:
        """Read until so many events came; signs of life and pings are among the frames."""
        while len(self.came) < changes:
            _, size = await self._reader.readexactly(2)
            if size == 126:
                size = int.from_bytes(await self._reader.readexactly(2), "big")
            message = await self._reader.readexactly(size)
            if b'"event":"change"' in message:
                self.note(message, b"{")


KINDS = {"sse": Listener, "websocket": SocketListener}


async def measure(port: int, pid: int, clients: int, changes: int, kind: str) -> None:
    """Open the streams, write, print."""
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60)
        )
        await _wait(api)
        await _write(api, 0)
        before = rss_mb(pid)
        listeners = [KINDS[kind]() for _ in range(clients)]
        started = time.perf_counter()
        for first in range(0, clients, OPENED_AT_ONCE):
            some = listeners[first : first + OPENED_AT_ONCE]
            writers = await asyncio.gather(*(one.open(port, first + n) for n, one in enumerate(some)))
            for writer in writers:
                stack.callback(writer.close)
        opened = time.perf_counter() - started
        print(f"{clients} streams open after {opened:.1f} s")
        print(f"memory of the worker: {before:.0f} MB before, {rss_mb(pid):.0f} MB with them")
        late = await _tell(api, listeners, changes)
        print(f"answer of the write to event: {_show(late)}")
        print(f"memory of the worker at the end: {rss_mb(pid):.0f} MB; CPU {cpu_s(pid):.1f} s in all")


async def _tell(api: httpx.AsyncClient, listeners: Sequence[Listener], changes: int) -> list[float]:
    """Write, and give in ms how late each event was, sorted."""
    for one in listeners:
        one.came.clear()
    tasks = [asyncio.create_task(one.listen(changes)) for one in listeners]
    written: dict[float, float] = {}
    for value in range(1, changes + 1):
        await _write(api, value)
        written[value] = time.perf_counter()
        await asyncio.sleep(0.2)
    await asyncio.gather(*tasks)
    expected = list(range(1, changes + 1))
    whole = sum([value for value, _ in one.came] == expected for one in listeners)
    late = sorted((at - written[value]) * 1_000 for one in listeners for value, at in one.came)
    print(f"{whole} of {len(listeners)} streams had every change once and in order ({len(late)} events)")
    return late


def _show(late: Sequence[float]) -> str:
    return f"p50 {statistics.median(late):.0f} ms, p99 {late[int(len(late) * 0.99)]:.0f} ms"


async def measure_workers(url: str, ports: Sequence[int], clients: int, changes: int, kind: str) -> None:
    """What several workers ask the database when nothing happens, and when something does."""
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{ports[0]}", trust_env=False, timeout=60)
        )
        for port in ports:
            other = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False)
            async with other:
                await _wait(other)
        await _write(api, 0)
        listeners = [KINDS[kind]() for _ in range(clients)]
        for number, one in enumerate(listeners):
            writer = await one.open(ports[number % len(ports)], number)
            stack.callback(writer.close)
        await asyncio.sleep(3)
        before, began = _transactions(url), time.perf_counter()
        await asyncio.sleep(5)
        idle = (_transactions(url) - before) / (time.perf_counter() - began)
        before, began = _transactions(url), time.perf_counter()
        late = await _tell(api, listeners, changes)
        busy = (_transactions(url) - before) / (time.perf_counter() - began)
        print(f"transactions/s of the database: {idle:.0f} idle, {busy:.0f} with 5 changes/s; {_show(late)}")


def _transactions(url: str) -> int:
    """How many statements were committed; each look at the changes is several."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("select pg_stat_force_next_flush()")
        row = connection.execute(
            "select xact_commit from pg_stat_database where datname = current_database()"
        ).fetchone()
    return 0 if row is None else int(row[0])


async def _wait(api: httpx.AsyncClient) -> None:
    while True:
        try:
            await api.get("/healthz")
        except httpx.TransportError:
            await asyncio.sleep(0.1)
        else:
            return


async def _write(api: httpx.AsyncClient, value: int) -> None:
    answer = await api.post(UPSERT, json=[{"id": "urn:ngsi-ld:Sensor:1", "type": "Sensor", "value": value}])
    answer.raise_for_status()


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--clients", type=int, default=2_000)
    parser.add_argument("--changes", type=int, default=50)
    parser.add_argument("--kind", choices=list(KINDS), default="sse")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args(arguments)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < options.clients + 500:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "postgres") as server:
        migrate(server.url)
        if options.workers == 1:
            with _apis(server.url, 1, "") as (ports, pids):
                asyncio.run(measure(ports[0], pids[0], options.clients, options.changes, options.kind))
            return
        with EmbeddedRedis(Path(folder) / "redis") as redis:
            for name, redis_url in (("each reads the database", ""), ("one reads for all", redis.url)):
                print(f"{options.workers} workers, {options.clients} streams, {name}:")
                with _apis(server.url, options.workers, redis_url) as (ports, _):
                    given = (options.clients, options.changes, options.kind)
                    asyncio.run(measure_workers(server.url, ports, *given))


@contextmanager
def _apis(url: str, count: int, redis_url: str) -> Iterator[tuple[list[int], list[int]]]:
    """Run so many; gives their ports and process ids."""
    with ExitStack() as stack:
        ports = [free_port() for _ in range(count)]
        running = [
            subprocess.Popen([sys.executable, "-c", _SERVE, url, str(port), redis_url]) for port in ports
        ]
        for api in running:
            stack.callback(api.wait, 60)
            stack.callback(api.terminate)
        yield ports, [api.pid for api in running]
        stopping = time.perf_counter()
        stack.close()
        print(f"stopped after {time.perf_counter() - stopping:.1f} s")


if __name__ == "__main__":
    main()
