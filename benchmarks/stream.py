"""What live streams cost one API worker: memory per client, and the time from a write's answer to the event.

    python -m benchmarks.stream [--clients 2000] [--changes 50]

Starts a PostgreSQL and an API of its own and opens the streams from one event loop; ten filters are shared by
all. The listeners share the machine with the worker: the time that they take to read is in the latency.
"""

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import httpx

from context_api.store.migrate import migrate
from deploy.embedded.ports import free_port
from deploy.embedded.postgres import EmbeddedPostgres

UPSERT = "/ngsi-ld/v1/entityOperations/upsert?options=update"
FILTERS = 10
OPENED_AT_ONCE = 50
_SERVE = """
import sys
from context_api.http.server import serve
from context_api.http.settings import ApiSettings
serve(ApiSettings(database_url=sys.argv[1], port=int(sys.argv[2]), auth=False, streams_max=10_000))
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
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        head = await self._reader.readuntil(b"id: ")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode())
        return writer

    async def listen(self, changes: int) -> None:
        """Read until so many events came."""
        while len(self.came) < changes:
            line = await self._reader.readline()
            if not line:
                raise RuntimeError("the stream ended")
            if line.startswith(b"data: "):
                data = json.loads(line[6:])["data"][0]
                self.came.append((data["value"], time.perf_counter()))


async def measure(port: int, pid: int, clients: int, changes: int) -> None:
    """Open the streams, write, print."""
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60)
        )
        await _wait(api)
        await _write(api, 0)
        before = _resident(pid)
        listeners = [Listener() for _ in range(clients)]
        started = time.perf_counter()
        for first in range(0, clients, OPENED_AT_ONCE):
            some = listeners[first : first + OPENED_AT_ONCE]
            writers = await asyncio.gather(*(one.open(port, first + n) for n, one in enumerate(some)))
            for writer in writers:
                stack.callback(writer.close)
        opened = time.perf_counter() - started
        print(f"{clients} streams open after {opened:.1f} s")
        print(f"memory of the worker: {before:.0f} MB before, {_resident(pid):.0f} MB with them")
        tasks = [asyncio.create_task(one.listen(changes)) for one in listeners]
        written: dict[float, float] = {}
        for value in range(1, changes + 1):
            await _write(api, value)
            written[value] = time.perf_counter()
            await asyncio.sleep(0.2)
        await asyncio.gather(*tasks)
        late = sorted((at - written[value]) * 1_000 for one in listeners for value, at in one.came)
        expected = list(range(1, changes + 1))
        whole = sum([value for value, _ in one.came] == expected for one in listeners)
        print(f"{whole} of {clients} streams had every change once and in order ({len(late)} events)")
        p99 = late[int(len(late) * 0.99)]
        print(f"answer of the write to event: p50 {statistics.median(late):.0f} ms, p99 {p99:.0f} ms")
        print(f"memory of the worker at the end: {_resident(pid):.0f} MB; CPU {_cpu_s(pid):.1f} s in all")


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


def _resident(pid: int) -> float:
    """Give the resident memory of a process in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 2**20


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--clients", type=int, default=2_000)
    parser.add_argument("--changes", type=int, default=50)
    options = parser.parse_args(arguments)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < options.clients + 500:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "postgres") as server:
        migrate(server.url)
        port = free_port()
        api = subprocess.Popen([sys.executable, "-c", _SERVE, server.url, str(port)])
        try:
            asyncio.run(measure(port, api.pid, options.clients, options.changes))
        finally:
            stopping = time.perf_counter()
            api.terminate()
            api.wait(60)
            print(f"the worker stopped after {time.perf_counter() - stopping:.1f} s")


if __name__ == "__main__":
    main()
