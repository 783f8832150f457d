"""/healthz, /readyz and /metrics of a process, on a small HTTP server inside its event loop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from prometheus_client import CONTENT_TYPE_LATEST

READ_TIMEOUT_S = 5.0
_REASONS = {200: "OK", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}


class HealthServer:
    """`trouble` says why the process is not ready (empty: it is), `metrics` gives the text for Prometheus."""

    def __init__(self, trouble: Callable[[], str], metrics: Callable[[], bytes]) -> None:
        self._trouble = trouble
        self._metrics = metrics
        self.port = 0

    @contextlib.asynccontextmanager
    async def serve(self, host: str, port: int | None) -> AsyncIterator[None]:
        """Listen while the block runs; port 0 takes a free one (see `port`), None none at all."""
        if port is None:
            yield
            return
        server = await asyncio.start_server(self._answer, host, port)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._respond(head))
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    def _respond(self, head: bytes) -> bytes:
        method, _, rest = head.partition(b" ")
        path = rest.partition(b" ")[0].partition(b"?")[0].decode("latin-1")
        status, kind, body = self._route(path) if method in (b"GET", b"HEAD") else (405, "text/plain", b"")
        lines = (
            f"HTTP/1.1 {status} {_REASONS[status]}",
            f"Content-Type: {kind}",
            f"Content-Length: {len(body)}",
            "Connection: close",
        )
        return "\r\n".join([*lines, "", ""]).encode() + (b"" if method == b"HEAD" else body)

    def _route(self, path: str) -> tuple[int, str, bytes]:
        if path == "/healthz":
            return 200, "text/plain", b"ok\n"
        if path == "/readyz":
            trouble = self._trouble()
            return 503 if trouble else 200, "text/plain; charset=utf-8", f"{trouble or 'ready'}\n".encode()
        if path == "/metrics":
            return 200, CONTENT_TYPE_LATEST, self._metrics()
        return 404, "text/plain", b""
