"""A small HTTP/1.1 client connection on asyncio, for many short requests to many endpoints.

httpx stays the interface; this replaces what is under it, because httpcore's asynchronous pool looks at all
of its connections with every request: 1.4 ms of CPU each with 16 connections, against 0.2 ms with these.
Answers are parsed by llhttp (httptools). What is not needed is left out: upgrades, proxies, HTTP/2, streamed
request bodies.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator
from typing import cast

import httptools
import httpx

MAX_HEAD_BYTES = 64 * 1024
MAX_BUFFERED_BYTES = 256 * 1024

RawHeaders = list[tuple[bytes, bytes]]


class StaleConnection(Exception):
    """A kept connection turned out to be closed before a byte of the answer came."""


class Connection(asyncio.Protocol):
    """One connection: one request at a time, used again while both sides keep it open."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._closed = False
        self._paused = False
        self._head: asyncio.Future[None] | None = None
        self._begin()
        self.requests = 0
        """How many requests it has carried."""

    # What the transport uses

    @property
    def is_reusable(self) -> bool:
        """The last answer came to its end, the server keeps the connection and took the whole request."""
        if not self._complete or not self._keep_alive or self._closed or self._transport is None:
            return False
        return self._transport.get_write_buffer_size() == 0

    async def request(self, head: bytes, body: bytes, read_timeout_s: float | None) -> tuple[int, RawHeaders]:
        """Send a request and wait for the head of its answer.

        Raises httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError, StaleConnection.
        """
        self._begin()
        self._head = self._loop.create_future()
        self.requests += 1
        if self._transport is None or self._closed:
            raise self._unanswered()
        self._transport.writelines([head, body])
        try:
            async with asyncio.timeout(read_timeout_s):
                await self._head
        except TimeoutError as exc:
            raise httpx.ReadTimeout("no answer in time") from exc
        return self._status, self._headers

    async def read_body(self, read_timeout_s: float | None) -> AsyncIterator[bytes]:
        """Give the answer's body piece by piece; raises as `request` does."""
        while True:
            while self._pieces:
                piece = self._pieces.popleft()
                self._buffered -= len(piece)
                yield piece
            if self._complete:
                return
            if self._error is not None:
                raise self._error
            self._resume()
            self._more.clear()
            try:
                async with asyncio.timeout(read_timeout_s):
                    await self._more.wait()
            except TimeoutError as exc:
                raise httpx.ReadTimeout("the answer stopped") from exc

    def abort(self) -> None:
        """Close at once."""
        self._closed = True
        if self._transport is not None:
            self._transport.abort()

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._status = 0
        self._headers: RawHeaders = []
        self._received = 0
        self._pieces: deque[bytes] = deque()
        self._buffered = 0
        self._more = asyncio.Event()
        self._complete = False
        self._keep_alive = False
        self._is_final = False
        self._error: httpx.TransportError | None = None

    def _resume(self) -> None:
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A stream's transport always; uvloop's is no subclass of asyncio.Transport
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._head is None or self._complete or self._error is not None:
            # Nobody asked: the server's time is up, or it is confused. Either way it is not used again.
            self.abort()
            return
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as exc:
            self._fail(httpx.RemoteProtocolError(f"the answer is not HTTP/1.1: {exc}"))
        if not self._is_final and self._received > MAX_HEAD_BYTES:
            self._fail(httpx.RemoteProtocolError(f"the answer's head exceeds {MAX_HEAD_BYTES} bytes"))
        if self._buffered > MAX_BUFFERED_BYTES and self._transport is not None and not self._closed:
            self._paused = True
            self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the name is asyncio's
        self._closed = True
        if self._head is None or self._complete:
            return
        if not self._received:
            self._fail_with(self._unanswered())
        elif self._is_final and not self._has_length():
            self.on_message_complete()  # the end of the connection is the end of the body (RFC 9112, 6.3)
        else:
            self._fail(httpx.RemoteProtocolError("the connection ended in the middle of the answer"))

    # httptools' callbacks

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._status = self._parser.get_status_code()
        if self._status < 200:  # 100 Continue and the like: the answer is still to come
            self._headers = []
            return
        self._is_final = True
        self._keep_alive = self._parser.should_keep_alive()
        if self._head is not None and not self._head.done():
            self._head.set_result(None)

    def on_body(self, body: bytes) -> None:
        self._pieces.append(body)
        self._buffered += len(body)
        self._more.set()

    def on_message_complete(self) -> None:
        if self._is_final:
            self._complete = True
            self._more.set()

    def _unanswered(self) -> Exception:
        if self.requests > 1:
            return StaleConnection()
        return httpx.ReadError("the connection was closed without an answer")

    def _has_length(self) -> bool:
        return any(name.lower() in (b"content-length", b"transfer-encoding") for name, _ in self._headers)

    def _fail(self, error: httpx.TransportError) -> None:
        self._error = error
        self._fail_with(error)
        self._more.set()
        self.abort()

    def _fail_with(self, error: Exception) -> None:
        if self._head is not None and not self._head.done():
            self._head.set_exception(error)


async def open_connection(
    address: str, port: int, tls: ssl.SSLContext | None, server_name: str | None
) -> Connection:
    """Connect to an address; with TLS the certificate has to be that of `server_name`. Raises OSError."""
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(
        Connection, address, port, ssl=tls, server_hostname=server_name if tls is not None else None
    )
    return connection


def write_head(request: httpx.Request, body: bytes) -> bytes:
    """The request line and the headers. Raises httpx.LocalProtocolError for what would break the request."""
    lines = [b"%b %b HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path)]
    for name, value in request.headers.raw:
        if name.lower() == b"transfer-encoding":
            raise httpx.LocalProtocolError("the request's body has no length")
        lines.append(b"%b: %b" % (name, value))
    if body and "content-length" not in request.headers:
        raise httpx.LocalProtocolError("the request's body has no length")
    if any(b"\r" in line or b"\n" in line or b"\0" in line for line in lines) or b" " in request.url.raw_path:
        raise httpx.LocalProtocolError("the request holds control characters")
    return b"\r\n".join([*lines, b"", b""])
