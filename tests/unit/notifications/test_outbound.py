"""The address policy: what is refused, and that only checked addresses are connected to."""

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest

from context_api.notifications.outbound import (
    OutboundPolicy,
    OutboundRefused,
    OutboundTransport,
    open_client,
    parse_networks,
)

LOOPBACK = parse_networks(["127.0.0.0/8", "::1/128"])


def answering(*addresses: str) -> Callable[[str, int], list[str]]:
    """A resolver that knows one answer."""
    return lambda host, port: list(addresses)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://example.org/x", "not http or https"),
        ("file:///etc/passwd", "not http or https"),
        ("mqtt://example.org/topic", "not http or https"),
        ("//example.org/x", "not http or https"),
        ("", "not http or https"),
        ("http://user:secret@example.org/", "carries credentials"),
        ("http://user@example.org/", "carries credentials"),
        ("http:///path", "no host"),
        ("http://example.org:0/", "the port 0"),
        ("http://example.org:70000/", "the port 70000"),
        ("http://exa\x00mple.org/", "not valid"),
    ],
)
def test_url_is_refused_before_any_lookup(url: str, reason: str) -> None:
    def never(host: str, port: int) -> list[str]:
        raise AssertionError("looked up")

    with pytest.raises(OutboundRefused, match=reason) as caught:
        OutboundPolicy(resolve=never).check(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.9.10",
        "0.0.0.0",  # noqa: S104
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "192.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "192.88.99.1",
        "224.0.0.1",
        "239.1.2.3",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fec0::1",
        "fc00::1",
        "fd12:3456::1",
        "ff02::1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::7f00:1",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::1",
        "2002:c0a8:101::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ],
)
def test_address_that_is_not_public_is_refused(address: str) -> None:
    with pytest.raises(OutboundRefused, match="not public"):
        OutboundPolicy(resolve=answering(address)).check("http://partner.example/")


@pytest.mark.parametrize("address", ["8.8.8.8", "203.0.114.1", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_address_is_permitted(address: str) -> None:
    target = OutboundPolicy(resolve=answering(address)).check("https://partner.example/in")
    assert (target.scheme, target.host, target.port) == ("https", "partner.example", 443)
    assert target.addresses == (ipaddress.ip_address(address),)


def test_one_private_address_among_public_ones_refuses_the_host() -> None:
    with pytest.raises(OutboundRefused):
        OutboundPolicy(resolve=answering("8.8.8.8", "10.0.0.1")).check("http://partner.example/")


@pytest.mark.parametrize(
    ("allowed", "address", "permitted"),
    [
        (["127.0.0.0/8"], "127.0.0.1", True),
        (["127.0.0.0/8"], "::ffff:127.0.0.1", True),
        (["127.0.0.0/8"], "::1", False),
        (["127.0.0.0/8"], "10.0.0.1", False),
        (["::1/128"], "::1", True),
        (["::1/128"], "127.0.0.1", False),
        (["10.20.0.0/16"], "10.20.3.4", True),
        (["10.20.0.0/16"], "10.21.3.4", False),
        (["64:ff9b::/96"], "64:ff9b::a00:1", False),
    ],
)
def test_allowed_networks_open_nothing_else(allowed: list[str], address: str, permitted: bool) -> None:
    policy = OutboundPolicy(parse_networks(allowed))
    assert policy.permits(ipaddress.ip_address(address)) is permitted


@pytest.mark.parametrize("url", ["http://0x7f.1/", "http://2130706433/", "http://127.1/", "http://[::1]/"])
def test_odd_spellings_of_loopback_are_refused(url: str) -> None:
    with pytest.raises(OutboundRefused):
        OutboundPolicy().check(url)


def test_name_without_address_is_a_connect_error() -> None:
    def fails(host: str, port: int) -> list[str]:
        raise socket.gaierror("unknown")

    with pytest.raises(httpx.ConnectError, match=r"nowhere\.example"):
        OutboundPolicy(resolve=fails).check("http://nowhere.example/")


def test_wrong_network_names_the_text() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.1/8"):
        parse_networks(["10.0.0.1/8"])


class Recorder(BaseHTTPRequestHandler):
    """Answers 200 with a cookie, or redirects /redirect to itself; remembers what it was asked."""

    hosts: list[str]
    cookies: list[str | None]

    def do_GET(self) -> None:
        self.hosts.append(self.headers["Host"])
        self.cookies.append(self.headers["Cookie"])
        self.send_response(302 if self.path == "/redirect" else 200)
        self.send_header("Location", "/elsewhere")
        self.send_header("Set-Cookie", "a=b")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def recorder() -> Iterator[HTTPServer]:
    Recorder.hosts, Recorder.cookies = [], []
    server = HTTPServer(("127.0.0.1", 0), Recorder)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def get(policy: OutboundPolicy, *urls: str) -> list[httpx.Response]:
    """Ask for each URL in turn with one client."""

    async def run() -> list[httpx.Response]:
        async with open_client(policy, timeout_s=2) as client:
            return [await client.get(url) for url in urls]

    return asyncio.run(run())


def test_connects_to_the_checked_address_and_keeps_the_name(recorder: HTTPServer) -> None:
    policy = OutboundPolicy(LOOPBACK, resolve=answering("127.0.0.1"))
    url = f"http://partner.invalid:{recorder.server_port}/"
    (answer,) = get(policy, url)
    assert (answer.status_code, answer.content) == (200, b"ok")
    assert Recorder.hosts == [f"partner.invalid:{recorder.server_port}"]


def test_rebinding_between_check_and_connect_is_impossible(recorder: HTTPServer) -> None:
    answers = iter([["8.8.8.8"], ["127.0.0.1"], ["127.0.0.1"]])
    policy = OutboundPolicy(resolve=lambda host, port: next(answers))
    url = f"http://partner.invalid:{recorder.server_port}/"
    assert str(policy.check(url).addresses[0]) == "8.8.8.8"
    with pytest.raises(OutboundRefused):
        get(policy, url)
    assert Recorder.hosts == []


def test_the_next_address_is_tried_when_one_does_not_answer(recorder: HTTPServer) -> None:
    policy = OutboundPolicy(LOOPBACK, resolve=answering("127.0.0.9", "127.0.0.1"))
    (answer,) = get(policy, f"http://partner.invalid:{recorder.server_port}/")
    assert answer.status_code == 200


def test_redirects_are_not_followed_and_cookies_not_kept(recorder: HTTPServer) -> None:
    base = f"http://127.0.0.1:{recorder.server_port}"
    first, second = get(OutboundPolicy(LOOPBACK), f"{base}/redirect", f"{base}/x")
    assert (first.status_code, second.status_code) == (302, 200)
    assert Recorder.cookies == [None, None]


def test_proxy_settings_of_the_environment_are_ignored(
    recorder: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    (answer,) = get(OutboundPolicy(LOOPBACK), f"http://127.0.0.1:{recorder.server_port}/")
    assert answer.status_code == 200


def test_credentials_in_the_url_are_refused_by_the_transport(recorder: HTTPServer) -> None:
    with pytest.raises(OutboundRefused, match="credentials"):
        get(OutboundPolicy(LOOPBACK), f"http://u:p@127.0.0.1:{recorder.server_port}/")
    assert Recorder.hosts == []


def test_refused_connection_is_an_httpx_error(free_port_number: int) -> None:
    with pytest.raises(httpx.ConnectError):
        get(OutboundPolicy(LOOPBACK), f"http://127.0.0.1:{free_port_number}/")


@pytest.fixture
def free_port_number() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_slow_name_server_times_out_as_connect_timeout() -> None:
    release = threading.Event()

    def slow(host: str, port: int) -> list[str]:
        release.wait(5)
        return ["127.0.0.1"]

    async def run() -> None:
        transport = OutboundTransport(OutboundPolicy(LOOPBACK, resolve=slow))
        async with httpx.AsyncClient(transport=transport, timeout=0.1) as client:
            await client.get("http://slow.example/")

    with pytest.raises(httpx.ConnectTimeout):
        asyncio.run(run())
    release.set()
