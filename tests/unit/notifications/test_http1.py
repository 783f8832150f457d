"""The client against a server that answers byte for byte what a test says."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from context_api.notifications import http1, outbound
from context_api.notifications.outbound import OutboundPolicy, open_client, parse_networks

POLICY = OutboundPolicy(
    parse_networks(["127.0.0.0/8"]),
    resolve=lambda host, port: ["127.0.0.1" if host != "nowhere" else "127.0.0.99"],
)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Script:
    """A server: each connection answers its requests with the next answers; None closes it instead."""

    def __init__(self, *connections: list[bytes | None], tls: ssl.SSLContext | None = None) -> None:
        self._connections = list(connections)
        self._tls = tls
        self.requests: list[bytes] = []
        self.connected = 0
        self.url = ""

    async def __aenter__(self) -> "Script":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://partner.example:{self.port}/in"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers = self._connections[self.connected] if self.connected < len(self._connections) else []
        self.connected += 1
        try:
            for answer in answers:
                self.requests.append(await _read_request(reader))
                if answer is None:
                    break
                writer.write(answer)
                await writer.drain()
            if answers and answers[-1] is not None and b"stay" in answers[-1]:
                await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def _read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    return head + await reader.readexactly(length)


def run(server: Script, call: Callable[[httpx.AsyncClient, Script], "AsyncIterator[None]"]) -> None:
    """Run a test's body with a client and the server."""

    async def main() -> None:
        async with server, open_client(POLICY, timeout_s=1.0) as client:
            async for _ in call(client, server):
                pass

    asyncio.run(main())


def post(server: Script, times: int = 1) -> list[httpx.Response]:
    """Post so often, one after the other."""
    responses: list[httpx.Response] = []

    async def call(client: httpx.AsyncClient, script: Script) -> AsyncIterator[None]:
        for _ in range(times):
            responses.append(await client.post(script.url, content=b"{}"))
            yield

    run(server, call)
    return responses


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (OK, 200, b"ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n", 200, b"ok"),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, b"until the end"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end", 200, b"until the end"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 200, b"ok"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + OK, 200, b"ok"),
        (b"HTTP/1.1 503 No\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n", 503, b""),
    ],
)
def test_answers_of_every_framing_are_read(answer: bytes, status: int, body: bytes) -> None:
    server = Script([answer])
    (response,) = post(server)
    assert (response.status_code, response.content) == (status, body)
    assert "link" not in response.headers
    head, _, sent = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /in HTTP/1.1\r\nHost: partner.example:")
    assert b"\r\nContent-Length: 2" in head
    assert sent == b"{}"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"SSH-2.0-OpenSSH\r\n", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", httpx.RemoteProtocolError),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
            httpx.RemoteProtocolError,
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            httpx.RemoteProtocolError,
        ),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000, httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\n", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nstay: ", httpx.ReadTimeout),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstay", httpx.ReadTimeout),
        (None, httpx.ReadError),
    ],
)
def test_answers_that_are_none_are_httpx_errors(answer: bytes | None, error: type[Exception]) -> None:
    server = Script([answer])
    with pytest.raises(error):
        post(server)
    assert server.connected == 1


def test_a_connection_is_used_again() -> None:
    server = Script([OK, OK, OK])
    assert [response.content for response in post(server, 3)] == [b"ok"] * 3
    assert server.connected == 1


@pytest.mark.parametrize("first", [b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", OK + b"extra"])
def test_a_connection_is_not_used_again_when_it_closes_or_says_more(first: bytes) -> None:
    server = Script([first, OK], [OK])
    assert [response.status_code for response in post(server, 2)] == [200, 200]
    assert server.connected == 2


def test_a_kept_connection_that_was_closed_is_replaced_without_an_error() -> None:
    server = Script([OK, None], [OK])
    assert [response.content for response in post(server, 2)] == [b"ok", b"ok"]
    assert server.connected == 2
    assert len(server.requests) == 3


def test_an_answer_that_is_not_read_costs_the_connection() -> None:
    big = b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + b"x" * 3_000_000
    server = Script([big], [OK])

    async def call(client: httpx.AsyncClient, script: Script) -> AsyncIterator[None]:
        async with client.stream("POST", script.url, content=b"{}") as response:
            size = 0
            async for piece in response.aiter_raw():
                size += len(piece)
                if size > 100_000:
                    break
        assert size < 1_000_000
        assert (await client.post(script.url, content=b"{}")).content == b"ok"
        yield

    run(server, call)
    assert server.connected == 2


def test_a_big_answer_is_read_with_little_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http1, "MAX_BUFFERED_BYTES", 10_000)
    body = bytes(range(256)) * 8_000
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    (response,) = post(Script([answer]))
    assert response.content == body


def test_idle_connections_are_closed_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "KEEP_ALIVE_S", 0.1)
    server = Script([OK, OK], [OK])

    async def call(client: httpx.AsyncClient, script: Script) -> AsyncIterator[None]:
        await client.post(script.url, content=b"{}")
        await asyncio.sleep(0.2)
        await client.post(script.url, content=b"{}")
        yield

    run(server, call)
    assert server.connected == 2


@pytest.mark.parametrize("headers", [{"X": "a\r\nHost: b"}, {"X": "a\nb"}, {"X\r\nY": "a"}, {"X": "\0"}])
def test_headers_that_break_the_request_are_refused(headers: dict[str, str]) -> None:
    server = Script([OK])

    async def call(client: httpx.AsyncClient, script: Script) -> AsyncIterator[None]:
        with pytest.raises(httpx.LocalProtocolError):
            await client.post(script.url, content=b"{}", headers=headers)
        yield

    run(server, call)
    assert server.connected == 0


def test_a_body_without_length_is_refused() -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"x"

    async def call(client: httpx.AsyncClient, script: Script) -> AsyncIterator[None]:
        with pytest.raises(httpx.LocalProtocolError):
            await client.post(script.url, content=parts())
        yield

    run(Script([OK]), call)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for partner.example, signed by itself, with its key."""
    path = tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "2", "-subj", "/CN=partner.example", "-addext", "subjectAltName=DNS:partner.example",
         "-keyout", tmp_path / "key.pem", "-out", path],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return path


@pytest.mark.parametrize(("host", "trusted"), [("partner.example", True), ("other.example", False)])
def test_tls_names_and_verifies_the_host(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, host: str, trusted: bool
) -> None:
    names: list[str | None] = []
    server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_tls.load_cert_chain(certificate, certificate.with_name("key.pem"))
    server_tls.sni_callback = lambda _socket, name, _context: names.append(name)
    monkeypatch.setattr(outbound, "_ssl_context", lambda: ssl.create_default_context(cafile=str(certificate)))

    async def call(client: httpx.AsyncClient, script: Script) -> AsyncIterator[None]:
        url = f"https://{host}:{script.port}/"
        if trusted:
            assert (await client.post(url, content=b"{}")).content == b"ok"
        else:
            with pytest.raises(httpx.ConnectError, match="certificate"):
                await client.post(url, content=b"{}")
        yield

    run(Script([OK], tls=server_tls), call)
    assert names == [host]
